"""Pretraining's own parts: which rows come when, and which positions count in the loss."""

from itertools import islice

import numpy as np
import pytest
import torch
from scripts.pretrain import Plan, drawn, rows

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
