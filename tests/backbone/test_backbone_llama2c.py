"""Models in llama2.c's format become transformers folders that write as they should."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scripts.convert_llama2c import convert, halves_from_pairs, main, read_model, read_pieces, tokenizer_of
from tests.tiny_models import close, text
from torch.nn.functional import cross_entropy
from transformers import GenerationConfig

from foreword.backbone import Backbone, load_backbone
from foreword.prefix import Injection

ROOT = Path(__file__).resolve().parents[2]
STORY = "Tom had a red ball. He liked to play with it in the park. One day, his friend came to see him."
GREEDY = GenerationConfig(max_new_tokens=40, do_sample=False, pad_token_id=2, eos_token_id=2)
SHIPPED = {
    "stories260K": ("stories260K.bin", "tok512.bin"),
    "baby_llama_char": ("tok105_model5000.bin", "tok105_tok105.model"),
}


@pytest.fixture(scope="module", params=SHIPPED)
def backbone(request, shared_models, tmp_path_factory):
    folder, out = shared_models / request.param, tmp_path_factory.mktemp("models") / request.param
    model, words = SHIPPED[request.param]
    convert(folder / model, folder / words, out)
    assert not list(out.parent.glob(".*")), "the unfinished folder must be gone"
    return load_backbone(str(out))


def test_it_writes_fluent_english(backbone):
    ids = backbone.tokenizer("Once upon a time, there was a little")["input_ids"]
    written = backbone.tokenizer.decode(backbone.generate(text(ids), GREEDY)[0])
    assert written.startswith("girl named Lily. She loved to play")


def test_it_knows_what_a_story_is(backbone):
    ids = torch.tensor([backbone.tokenizer(STORY)["input_ids"]])
    loss = cross_entropy(backbone.logits(text(ids[0].tolist()))[0, :-1], ids[0, 1:])
    assert loss < 0.3 * np.log(backbone.model.config.vocab_size)


def test_real_words_as_a_prefix_are_the_words(backbone):
    ids = backbone.tokenizer(STORY)["input_ids"]
    words, rest = ids[:12], ids[12:]
    prefix = Injection.of(backbone.activations(words))
    close(backbone.logits(text(rest), prefix), backbone.logits(text(ids))[:, 12:])
    assert backbone.generate(text(rest), GREEDY, prefix).tolist() == backbone.generate(text(ids), GREEDY).tolist()


def test_its_tokenizer_gives_texts_back(backbone):
    for line in (STORY, '"Hi," she said.', "two  spaces"):
        ids = backbone.tokenizer(line)["input_ids"]
        assert ids[0] == 1
        assert backbone.tokenizer.decode(ids, skip_special_tokens=True) == line


def test_characters_it_does_not_know_become_bytes_or_unknown(backbone):
    ids = backbone.tokenizer("☃", add_special_tokens=False)["input_ids"]
    has_bytes = "<0x00>" in backbone.tokenizer.get_vocab()
    assert backbone.tokenizer.decode(ids) == ("☃" if has_bytes else "<unk>")


def test_its_tokenizer_cuts_as_sentencepiece_does(shared_models):
    spm = pytest.importorskip("sentencepiece")
    path = shared_models / "baby_llama_char" / "tok105_tok105.model"
    theirs, ours = spm.SentencePieceProcessor(model_file=str(path)), tokenizer_of(read_pieces(path, 105))
    for line in (STORY, "Hi there, é don't ☃ x", "don't"):
        assert ours(line, add_special_tokens=False)["input_ids"] == theirs.encode(line)


# on files of our own


def written(path, vocab_size=8, dim=8, hidden=12, layers=2, heads=4, kv_heads=2, seq_len=6, extra=0):
    """A random model in the format."""
    head_dim, rows, kv = dim // heads, abs(vocab_size), kv_heads * (dim // heads)
    count = rows * dim + layers * (2 * dim + 2 * dim * dim + 2 * kv * dim + 3 * hidden * dim) + dim + seq_len * head_dim
    count += rows * dim if vocab_size < 0 else 0
    numbers = np.random.default_rng(0).normal(size=count + extra).astype("<f4")
    path.write_bytes(struct.pack("<7i", dim, hidden, layers, heads, kv_heads, vocab_size, seq_len) + numbers.tobytes())
    return numbers


def test_rotating_halves_of_the_turned_rows_is_rotating_pairs_of_the_others():
    torch.manual_seed(0)
    weight, x, angle = torch.randn(2 * 6, 5), torch.randn(5), torch.randn(3)
    pairs = (weight @ x).view(2, 3, 2)
    a, b = pairs[..., 0], pairs[..., 1]
    rotated = torch.stack([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)
    halves = (halves_from_pairs(weight, 6) @ x).view(2, 2, 3)
    a, b = halves[:, 0], halves[:, 1]
    turned = torch.stack([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], dim=1)
    close(turned.transpose(1, 2), rotated)


@pytest.mark.parametrize("vocab_size", [8, -8])
def test_a_negative_vocabulary_means_an_output_layer_of_its_own(tmp_path, vocab_size):
    numbers = written(tmp_path / "model.bin", vocab_size)
    model = read_model(tmp_path / "model.bin")
    head = numbers[-64:] if vocab_size < 0 else numbers[:64]
    assert torch.equal(model.lm_head.weight.flatten(), torch.from_numpy(head.copy()))
    assert model.config.tie_word_embeddings == (vocab_size > 0)
    assert Backbone(model, tokenizer_of([(c, 0.0) for c in "abcdefgh"]), "mine").sites["decoder"].num_kv_heads == 2


@pytest.mark.parametrize(("extra", "message"), [(-1, "ends early"), (5, r"holds \d+ numbers, its header accounts for")])
def test_a_file_of_another_size_is_told(tmp_path, extra, message):
    numbers = written(tmp_path / "model.bin", extra=max(extra, 0))
    if extra < 0:
        data = (tmp_path / "model.bin").read_bytes()
        (tmp_path / "model.bin").write_bytes(data[:-4])
    assert len(numbers)
    with pytest.raises(SystemExit, match=message):
        read_model(tmp_path / "model.bin")


def tokenizer_file(path, pieces):
    parts = [struct.pack("<i", 9)]
    parts += [struct.pack("<fi", score, len(p.encode())) + p.encode() for p, score in pieces]
    path.write_bytes(b"".join(parts))


PIECES = [
    ("<unk>", 0.0),
    ("\n<s>\n", 0.0),
    ("\n</s>\n", 0.0),
    (" a", -1.0),
    ("ab", -0.5),
    ("a", -9.0),
    ("b", -9.0),
    (" ", -9.0),
]


def test_pieces_of_higher_score_are_merged_first(tmp_path):
    tokenizer_file(tmp_path / "tok.bin", PIECES)
    pieces = read_pieces(tmp_path / "tok.bin", 8)
    assert [p for p, _ in pieces] == ["<unk>", "<s>", "</s>", "▁a", "ab", "a", "b", "▁"]
    assert tokenizer_of(pieces).tokenize("ab a") == ["▁", "ab", "▁a"]


def test_the_script_runs_and_will_not_write_over_a_folder(tmp_path, monkeypatch):
    written(tmp_path / "model.bin")
    tokenizer_file(tmp_path / "tok.bin", PIECES)
    arguments = [str(tmp_path / name) for name in ("model.bin", "tok.bin", "out")]
    subprocess.run(
        [sys.executable, "-m", "scripts.convert_llama2c", *arguments], cwd=ROOT, check=True, capture_output=True
    )
    assert json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))["model_type"] == "llama"
    monkeypatch.setattr(sys, "argv", ["convert_llama2c", *arguments])
    with pytest.raises(SystemExit, match="out exists; give a new folder"):
        main()
