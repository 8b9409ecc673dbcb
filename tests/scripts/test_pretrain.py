"""Pretraining's own parts: which rows and documents come when, what is hidden of them, and which positions count in the loss."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scripts.build_corpus import END, encode, train_tokenizer, write_shard
from scripts.pretrain import OBJECTIVES, pretrain
from scripts.pretraining.causal import drawn
from scripts.pretraining.documents import documents
from scripts.pretraining.infilling import Infilling, by_length
from scripts.pretraining.masked import Masked
from scripts.pretraining.plan import Plan
from scripts.pretraining.rows import rows

from foreword.backbone import Backbone
from foreword.backbone.wording import source_ids

PLAN = Plan(tokens=4096, step_tokens=1024, micro_tokens=512, row_len=128, context_len=256)


@pytest.fixture
def shards(tmp_path):
    """Two shards that end in the middle of a micro-batch."""
    for name, first in (("a", 0), ("b", 5000)):
        np.savez(tmp_path / f"{name}.npz", tokens=np.arange(first, first + 1300), weight=np.full(1300, 10, np.uint8))
    return [tmp_path / "a.npz", tmp_path / "b.npz"]


def test_a_resumed_stream_of_rows_goes_on_where_it_stopped(shards):
    whole = list(islice(rows(shards, PLAN, 0), 8))
    later = list(islice(rows(shards, PLAN, 3 * PLAN.micro_tokens), 5))
    for (ids, weight), (same_ids, same_weight) in zip(whole[3:], later, strict=True):
        assert torch.equal(ids, same_ids)
        assert torch.equal(weight, same_weight)


def test_every_row_ends_with_the_token_the_next_one_starts_with(shards):
    ids, weight = next(rows(shards, PLAN, 0))
    assert ids.shape == (4, 129)
    assert weight.shape == (4, 128)
    assert torch.equal(ids[:-1, -1], ids[1:, 0])


def test_the_decay_runs_on_rows_of_the_full_context(shards):
    assert [ids.shape[1] - 1 for ids, _ in islice(rows(shards, PLAN, 0), 8)] == [128] * 6 + [256] * 2


def test_full_weight_always_counts_none_never_and_a_tenth_in_a_tenth_of_cases():
    ids = torch.arange(20_001)[None]
    weight = torch.tensor([1.0, 0.0, 0.1, 0.1]).repeat(5000)[None]
    positions, targets = drawn(ids, weight, torch.Generator().manual_seed(0))
    counted = positions[targets >= 0]
    assert len(positions) % 512 == 0
    assert torch.equal(targets[targets >= 0], counted + 1)
    assert (counted % 4 == 0).sum() == 5000
    assert (counted % 4 == 1).sum() == 0
    assert 800 < (counted % 4 >= 2).sum() < 1200


PROSE = "A small boat lay at the quay. Nobody knew whose it was! Did the harbour master ask? He did not, and went home."
TABLES = [(f"name : Boat {i} | colour : red", f"Boat {i} is a red boat.") for i in range(60)]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of a page of prose and sixty tables, as `build_corpus` writes one."""
    folder = tmp_path_factory.mktemp("corpus")
    texts = [PROSE, *(f" {source}\n {text}" for source, text in TABLES)]
    tokenizer = train_tokenizer(iter(texts), vocab_size=320)
    tokenizer.save(str(folder / "tokenizer.json"))
    shard = encode(tokenizer, [("", PROSE), *TABLES] * 2)
    for name in ("train-00", "novels", "tables", "dart"):
        write_shard(folder / f"{name}.npz", shard)
    return folder


SMALL = Plan(
    num_layers=1, num_decoder_layers=1, hidden_size=32, num_heads=2, context_len=64, row_len=32, tokens=1024,
    step_tokens=256, micro_tokens=128, warmup_steps=2,
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_a_run_that_was_stopped_ends_in_the_weights_of_one_that_was_not(name, corpus, tmp_path):
    for folder, seconds in (("whole", [float("inf")]), ("parts", [0.0, 0.0, float("inf")])):  # 0: after one step
        for limit in seconds:
            objective = OBJECTIVES[name](replace(SMALL, objective=name), corpus)
            pretrain(objective, corpus, tmp_path / folder, 100, limit, compiled=False, start_from=None)
    whole, parts = (load_file(tmp_path / folder / "checkpoint.safetensors") for folder in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    assert all(torch.equal(whole[key], parts[key]) for key in whole)


@pytest.mark.parametrize(
    ("name", "kind"), [("causal", "decoder-only"), ("infilling", "encoder-decoder"), ("masked", "encoder-only")]
)
def test_what_is_exported_is_a_backbone_and_its_loss_on_what_is_held_out_has_fallen(name, kind, corpus, tmp_path):
    objective = OBJECTIVES[name](replace(SMALL, objective=name, tokens=8192), corpus)
    before = objective.held_out_losses(objective.new_model(), corpus)
    pretrain(objective, corpus, tmp_path, 100, float("inf"), compiled=False, start_from=None)
    backbone = Backbone.load(str(tmp_path / "model"))
    assert backbone.kind == kind
    after = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert all(after[held] < before[held] for held in ("novels", "tables", "dart"))


def test_a_source_gets_the_tokens_it_was_trained_with(corpus, tmp_path):
    """Nothing but the markers stands between what a shard holds and what the embedded model is later given."""
    objective = Infilling(replace(SMALL, objective="infilling"), corpus)
    objective.new_model().save_pretrained(tmp_path)
    objective.tokenizer.save_pretrained(tmp_path)
    (prose, table), marks = list(islice(documents(corpus / "train-00.npz", 0, 62), 2)), objective.marks
    (ids,), _ = source_ids(Backbone.load(str(tmp_path)), [TABLES[0][0]], 100)
    assert ids == [marks.start, *table[0].tolist(), marks.end]
    assert len(prose[0]) == 0
    assert str(objective.tokenizer.decode(prose[1])).strip() == PROSE


def test_a_mask_takes_the_place_of_a_word_and_of_the_space_before_it(corpus):
    tokenizer = Masked(replace(SMALL, objective="masked"), corpus).tokenizer
    words = tokenizer.convert_ids_to_tokens(tokenizer("The boat was <mask>.")["input_ids"])
    assert words[0] == "<s>"
    assert words[-3:] == ["<mask>", ".", "</s>"]
    assert words[1].startswith("Ġ")
    assert END not in tokenizer.get_vocab()


def test_a_masked_models_positions_begin_as_neighbours(corpus):
    """How alike two are depends on how far apart they stand, and on nothing else; they are as strong as before."""
    model = Masked(replace(SMALL, objective="masked"), corpus).new_model()
    positions = model.bert.embeddings.position_embeddings.weight.detach()
    alike = positions @ positions.T
    for distance in (1, 2, 5):
        some = alike.diagonal(distance)
        torch.testing.assert_close(some, some[:1].expand_as(some))
    assert alike[0, 0] > alike[0, 1] > alike[0, 2] > alike[0, 5]
    assert float(positions.std()) == pytest.approx(model.config.initializer_range, rel=0.1)


def test_of_rows_one_token_in_five_is_hidden_most_behind_a_mask_and_the_start_never(corpus):
    objective = Masked(replace(SMALL, objective="masked"), corpus)
    ids = torch.randint(5, 200, (100, 201), generator=torch.Generator().manual_seed(1))
    shown, positions, targets = objective.masked(ids, None, torch.Generator().manual_seed(0))
    hidden = positions[targets >= 0]
    assert torch.equal(ids[:, :-1].flatten()[hidden], targets[targets >= 0])
    assert 0.19 < len(hidden) / shown.numel() < 0.21
    assert 0.77 < (shown.flatten()[hidden] == objective.marks.mask).float().mean() < 0.83
    assert 0.08 < (shown.flatten()[hidden] == targets[targets >= 0]).float().mean() < 0.13
    assert (shown[:, 0] == objective.marks.start).all()
    others = torch.ones(shown.numel(), dtype=torch.bool)
    others[hidden] = False
    others.view_as(shown)[:, 0] = False
    assert torch.equal(shown.flatten()[others], ids[:, :-1].flatten()[others])


def test_spoilt_prose_has_lost_three_tokens_in_ten_and_nothing_else(corpus):
    objective = Infilling(replace(SMALL, objective="infilling"), corpus)
    (_, text), rng = next(documents(corpus / "train-00.npz", 0, 10**6)), np.random.default_rng(0)
    for _ in range(50):
        read = objective.spoilt(text, rng)
        words = read[read != objective.marks.mask]
        assert 0.5 * len(text) < len(words) <= 0.7 * len(text)
        counts = np.bincount(text, minlength=400) - np.bincount(words, minlength=400)
        assert (counts >= 0).all()
    assert objective.spoilt(text[:2], rng).size


def test_batches_hold_like_lengths_and_every_pair_once():
    rng = np.random.default_rng(0)
    pairs = [(np.zeros(rng.integers(1, 90)), np.full(rng.integers(1, 90), i)) for i in range(200)]
    batches = by_length(pairs, 500)
    assert sorted(int(text[0]) for batch in batches for _, text in batch) == list(range(200))
    for batch in batches:
        longest = max(len(s) for s, _ in batch) + max(len(t) for _, t in batch) + 4
        assert longest * len(batch) <= 500 or len(batch) == 1
