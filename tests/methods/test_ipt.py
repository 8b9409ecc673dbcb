"""Instance-wise prompts: made of each source's own words, whoever stands beside it and wherever the padding is."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, model_folder, pairs_of, tiny_recipe, tiny_training

import foreword
from foreword.backbone import Texts
from foreword.backbone.wording import Pair, source_ids
from foreword.errors import PrefixMismatch
from foreword.generation import Decoding, answers, padded_sources
from foreword.methods.base.heads import HEAD
from foreword.methods.base.instance_tokens import first_tokens
from foreword.methods.ipt import IPT
from foreword.prefix.reparam import num_parameters
from foreword.training.batches import collate

WAYS = [
    {"base": base, "encoder": encoder} for base in ("prompt", "prefix") for encoder in ("none", "cnn", "lstm", "mlp")
]


def test_the_first_tokens_are_the_sources_own():
    ids = torch.tensor([[0, 0, -1, -2, 7, 8, 9, 1, 40, 41], [-1, -2, 5, 1, 30, 31, 32, 0, 0, 0]])
    mask = torch.tensor([[False] * 2 + [True] * 8, [True] * 7 + [False] * 3])
    texts = Texts(ids, mask, starts=torch.tensor([7, 3]))
    assert first_tokens(texts, 4, (0, 1)).tolist() == [[7, 8, 9, 7], [5, 5, 5, 5]], "no names, no padding, no answers"
    assert first_tokens(Texts(ids[:, 2:8], mask[:, 2:8]), 2, (1, 1)).tolist() == [[8, 9], [1, 30]]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_a_row_gets_its_own_prompt_whoever_stands_beside_it(family, way):
    backbone = tiny_backbone(family)
    method = IPT(backbone, num_tokens=3, **way)
    sources = [source for source, _ in TEXTS]
    decoding = Decoding(max_new_tokens=8)
    together = answers(backbone, sources, decoding, method=method).texts
    alone = [answers(backbone, [source], decoding, method=method).texts[0] for source in sources]
    assert together == alone
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone)]
    in_training = method.injection(collate(backbone, pairs).texts)
    in_generation = method.injection(padded_sources(backbone, [pair.source for pair in pairs]))
    for one, other in zip(in_training.tensors(), in_generation.tensors(), strict=True):
        torch.testing.assert_close(one, other)
    differs = in_training.tensors()[0]
    rows = differs if way["base"] == "prompt" else differs[0]
    assert not torch.equal(rows[0], rows[1])


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_it_learns_and_is_kept(tmp_path, way):
    backbone = tiny_backbone("gpt2")
    method = IPT(backbone, num_tokens=3, **way)
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone, TEXTS[:3])]
    training = tiny_training(backbone, method, tmp_path, pairs=pairs, dev=pairs, lr=0.05, total_steps=40)
    untrained = training.mean_loss(training.dev_pairs)
    training.run()
    assert training.mean_loss(training.dev_pairs) < 0.9 * untrained
    restored = IPT.restored(tiny_backbone("gpt2"), method.export(), num_tokens=3, **way)
    texts = collate(backbone, pairs).texts
    for one, other in zip(restored.injection(texts).tensors(), method.injection(texts).tensors(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5", "bert"])
def test_on_a_prefix_a_twentieth_of_the_words_vectors_is_added_to_the_first_layer_that_reads(family):
    """As published: a token's vector is its position's keys and then its values, head by head, times 0.05."""
    backbone = tiny_backbone(family)
    method = IPT(backbone, base="prefix", num_tokens=3)
    trained, table = method.parts["prefix"](), method.trained_parameters()["table.weight"]
    ids, _ = source_ids(backbone, ["cat", "no"], 40)
    made = method.injection(padded_sources(backbone, ids))
    reading, texts = ("decoder", (" ca", " no")) if backbone.kind == "decoder-only" else ("encoder", ("cat", "non"))
    words = [[backbone.tokenizer.convert_tokens_to_ids(letter) for letter in text] for text in texts]
    H, D = backbone.sites[reading].num_kv_heads, backbone.sites[reading].head_dim
    for site in backbone.sites:
        for row in range(2):
            keys, values = trained.keys[site].clone(), trained.values[site].clone()  # [L, H, P, D]
            for place, word in enumerate(words[row] if site == reading else []):
                for head in range(H):
                    keys[0, head, place] += 0.05 * table[word][head * D : (head + 1) * D]
                    values[0, head, place] += 0.05 * table[word][(H + head) * D : (H + head + 1) * D]
            torch.testing.assert_close(made.keys[site][:, row], keys)
            torch.testing.assert_close(made.values[site][:, row], values)


def test_the_true_counts_are_reported():
    backbone = tiny_backbone("gpt2")
    vocabulary = len(backbone.tokenizer)
    assert num_parameters(IPT(backbone).trained_parameters()) == vocabulary * 32
    on_prefix = num_parameters(IPT(backbone, base="prefix", num_tokens=4).trained_parameters())
    assert on_prefix == vocabulary * 64 + 2 * 3 * 4 * 32
    assert 50265 * 1024 / 355e6 == pytest.approx(0.145, abs=5e-4), "RoBERTa-large, as the module's text says"


@pytest.mark.parametrize("family", ["gpt2", "llama", "t5"])
@pytest.mark.parametrize("base", ["prompt", "prefix"])
def test_the_encoders_have_the_numbers_of_their_layers(family, base):
    """An LSTM of two layers, both ways, 64 wide; a channel each for 3, 4 and 5 words; for the MLP a layer alone."""
    backbone, k = tiny_backbone(family), 4
    E = backbone.word_dim
    assert E == {"gpt2": 32, "llama": 40, "t5": 32}[family]
    all_heads = {"gpt2": 4 * 8, "llama": 2 * 16, "t5": 4 * 12}[family]
    width = E if base == "prompt" else 2 * all_heads
    prefix = {"gpt2": 3, "llama": 3, "t5": 3 + 2 + 2}[family] * 2 * k * all_heads if base == "prefix" else 0
    lower, upper = (2 * 4 * 64 * (inputs + 64 + 2) for inputs in (E, 2 * 64))  # both ways, 4 gates, two biases
    sizes = {
        "lstm": lower + upper + (2 * 64 + 1) * k * width,
        "cnn": sum(size * E + 1 for size in (3, 4, 5)) + (3 + 1) * k * width,
        "mlp": (E + 1) * k * width,
    }
    for encoder, size in sizes.items():
        method = IPT(backbone, base=base, num_tokens=k, encoder=encoder)
        assert num_parameters(method.trained_parameters()) == prefix + size, encoder


@pytest.mark.parametrize("encoder", ["none", "lstm"])
def test_a_start_brings_what_makes_vectors_of_words_and_no_prefix(encoder):
    backbone = tiny_backbone("gpt2")
    first, second = (IPT(backbone, base="prefix", num_tokens=2, encoder=encoder, seed=seed) for seed in (1, 2))
    before, given = second.export(), first.export()
    second.start(given)
    for name, tensor in second.export().items():
        assert torch.equal(tensor, (before if name.startswith("prefix.") else given)[name])


def test_another_vocabularys_table_is_refused():
    exported = IPT(tiny_backbone("gpt2"), num_tokens=3).export()
    with pytest.raises(PrefixMismatch, match="these tensors are not of ipt with these settings on tiny-llama"):
        IPT.restored(tiny_backbone("llama"), exported, num_tokens=3)


TOPICS = "art, body, coin, dogs, east, film, game, hats, iron, jazz, kite, law, moon".split(", ")


@pytest.mark.parametrize("base", ["prompt", "prefix"])
def test_a_table_learnt_on_thirteen_topics_is_what_a_task_of_two_classes_starts_from(tmp_path, base):
    """Pretrained IPT from end to end; the layer that told the topics apart stays behind, and so does a prefix."""
    model = model_folder(tmp_path / "model")
    first = trained_on(tmp_path / "topics", model, base, TOPICS, seed=1, max_steps=4, lr=0.1)
    then = {"start_from": str(tmp_path / "topics" / "run"), "max_steps": 1, "lr": 1e-9}
    second = trained_on(tmp_path / "sides", model, base, ["no", "up"], **then)
    given, kept = (run.trained.export() for run in (first, second) if run.trained is not None)
    untrained = IPT(first.backbone, base=base, num_tokens=2, seed=1).export()
    assert not torch.equal(given["table.weight"], untrained["table.weight"])
    torch.testing.assert_close(kept["table.weight"], given["table.weight"], atol=1e-6, rtol=0.0)
    assert (len(given[f"{HEAD}bias"]), len(kept[f"{HEAD}bias"])) == (13, 2)
    prefixes = [name for name in kept if name.startswith("prefix.")]
    assert bool(prefixes) == (base == "prefix")
    assert not any(torch.allclose(kept[name], given[name], atol=0.1) for name in prefixes)
    assert set(foreword.open_run(tmp_path / "sides" / "run").generate(["a1", "b2"])) <= {"no", "up"}


def trained_on(folder: Path, model: Path, base: str, classes: Sequence[str], **train: object) -> foreword.Tuned:
    """A run of IPT with a layer for these classes, on a text of each, in JSON lines."""
    folder.mkdir()
    lines = "".join(json.dumps({"text": f"{name} {name}", "label": name}) + "\n" for name in classes)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.jsonl").write_text(lines)
    task = {"name": "classes", "path": str(folder), "classes": ", ".join(classes)}
    method = {"name": "ipt", "base": base, "num_tokens": 2, "head": True}
    recipe = tiny_recipe(model, folder, task=task, method=method, train=train, eval={"metrics": ["accuracy"]})
    tuned = foreword.train(recipe, folder / "run")
    assert 0 <= tuned.evaluate("test").value("accuracy") <= 1
    return tuned
