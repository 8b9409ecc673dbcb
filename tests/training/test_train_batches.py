"""Batches: every pair exactly once per epoch, in an order that only seed and epoch decide, long beside long."""

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.tiny_models import tiny_backbone

from foreword.backbone.wording import Pair
from foreword.training.batches import POOL, Schedule, collate

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=300)


@settings(max_examples=60, deadline=None)
@given(lengths=LENGTHS, batch_size=st.integers(1, 9), seed=st.integers(0, 5), epoch=st.integers(0, 3))
def test_every_pair_comes_exactly_once_per_epoch(lengths, batch_size, seed, epoch):
    schedule = Schedule(lengths, batch_size, seed)
    first = epoch * schedule.steps_per_epoch
    batches = [schedule.rows(step) for step in range(first, first + schedule.steps_per_epoch)]
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(1 <= len(batch) <= batch_size for batch in batches)
    assert sum(len(batch) < batch_size for batch in batches) <= 1


@settings(max_examples=40, deadline=None)
@given(lengths=LENGTHS, batch_size=st.integers(1, 9), steps=st.lists(st.integers(0, 200), min_size=1, max_size=8))
def test_a_step_has_the_same_batch_however_one_came_to_it(lengths, batch_size, steps):
    in_order = Schedule(lengths, batch_size, seed=1)
    expected = [in_order.rows(step) for step in range(max(steps) + 1)]
    jumping = Schedule(lengths, batch_size, seed=1)
    assert [jumping.rows(step) for step in steps] == [expected[step] for step in steps]


@settings(max_examples=40, deadline=None)
@given(lengths=LENGTHS, batch_size=st.integers(1, 4))
def test_within_a_pool_long_stands_beside_long(lengths, batch_size):
    """Of all pairs in one pool, no batch reaches over another: laid in order of length, the batches follow one another."""
    assume(len(lengths) <= POOL * batch_size)  # of several pools the ranges of length overlap, as they should
    schedule = Schedule(lengths, batch_size, seed=2)
    batches = [schedule.rows(step) for step in range(schedule.steps_per_epoch)]
    spans = sorted((min(lengths[r] for r in batch), max(lengths[r] for r in batch)) for batch in batches)
    assert all(longest <= shortest for (_, longest), (shortest, _) in zip(spans, spans[1:], strict=False))


def test_seed_and_epoch_both_change_the_order():
    orders = {
        tuple(map(tuple, (Schedule([3] * 40, 4, seed).rows(step) for step in range(epoch * 10, epoch * 10 + 10))))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) == 9


def test_a_decoder_only_batch_has_its_targets_where_they_are_predicted():
    backbone = tiny_backbone("gpt2")
    batch = collate(backbone, [Pair([5, 6, 1], [7, 8, 1]), Pair([9, 1], [10, 1])])
    assert batch.texts.ids.tolist() == [[5, 6, 1, 7, 8], [9, 1, 10, 0, 0]]
    assert batch.texts.mask.tolist() == [[True] * 5, [True, True, True, False, False]]
    assert batch.at.tolist() == [2, 3, 4, 6, 7]  # row * T + t
    assert batch.targets.tolist() == [7, 8, 1, 10, 1]
    assert batch.texts.decoder_ids is None


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_an_encoder_decoder_batch_starts_its_targets_with_the_start_marker(family):
    backbone = tiny_backbone(family)
    start = backbone.model.config.decoder_start_token_id
    batch = collate(backbone, [Pair([5, 6, 1], [7, 8, 1]), Pair([9], [10, 1])])
    assert batch.texts.ids.tolist() == [[5, 6, 1], [9, 0, 0]]
    assert batch.texts.decoder_ids is not None
    assert batch.texts.decoder_ids.tolist() == [[start, 7, 8], [start, 10, 0]]
    assert batch.texts.decoder_mask is not None
    assert batch.texts.decoder_mask.tolist() == [[True] * 3, [True, True, False]]
    assert batch.at.tolist() == [0, 1, 2, 3, 4]
    assert batch.targets.tolist() == [7, 8, 1, 10, 1]


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_logits_are_computed_only_at_targets(family):
    backbone = tiny_backbone(family)
    batch = collate(backbone, [Pair([5, 6, 1], [7, 8, 1]), Pair([9], [10, 1])])
    seen = []
    head = backbone.model.get_output_embeddings()
    assert head is not None
    hook = head.register_forward_hook(lambda module, args, out: seen.append(out.shape))
    backbone.logits(batch.texts, at=batch.at)
    hook.remove()
    assert [list(shape) for shape in seen] == [[1, len(batch.targets), 97]]
    assert torch.equal(batch.to(torch.device("cpu")).at, batch.at)
