"""Rows in slots: each reads and writes at its own length, behind its own prefix, and equals itself alone."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backbone.moves import move_about
from tests.tiny_models import DECODER_ONLY, VOCAB, close, random_prefix, text, tiny_backbone, windowed_backbone
from torch import Tensor

from foreword.backbone import Backbone
from foreword.backbone.slots import Slots
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Injection, Kept, Prefix

Form = Prefix | Kept | None


def alone(backbone: Backbone, prefix: Prefix | None, ids: list[int]) -> Tensor:
    """[V]: logits behind the last id, the whole row computed at once."""
    injection = None if prefix is None else Injection.of(prefix)
    return backbone.logits(text(ids), injection)[0, -1]


def words(num: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(4, VOCAB), k=num)


def uneven(backbone: Backbone) -> Prefix:
    """A prefix of six positions in the first layer, none in the second, two in the others."""
    whole = random_prefix(backbone, 6, seed=9)
    lens = (6, 0) + (2,) * (backbone.sites["decoder"].num_layers - 2)
    return Prefix(whole.keys, whole.values, layer_lens={"decoder": lens})


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_rows_of_any_length_and_prefix_equal_each_alone(family):
    backbone = tiny_backbone(family)
    slots = Slots(backbone, num_slots=4, slot_len=48)
    prefixes = [random_prefix(backbone, 3, 1), random_prefix(backbone, 7, 2), None, random_prefix(backbone, 12, 3)]
    forms: list[Form] = [prefixes[0], prefixes[1], None, Kept.of(prefixes[3])]
    rows = [words(11, 0), words(5, 1), words(8, 2), words(3, 3)]
    for slot, form in enumerate(forms):
        slots.place(slot, form)
    read = [0] * 4
    rounds = [([0], [8]), ([1, 2], [5, 3]), ([0, 2, 3], [2, 5, 2]), ([3], [1]), ([0], [1])]
    for who, num in rounds:
        ids = [rows[row][read[row] : read[row] + n] for row, n in zip(who, num, strict=True)]
        got = slots.forward(who, ids)
        for row, n, logits in zip(who, num, got, strict=True):
            read[row] += n
            close(logits, alone(backbone, prefixes[row], rows[row][: read[row]]))


@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2"])
def test_a_prefix_kept_once_equals_its_copies(family):
    backbone = tiny_backbone(family)
    shared, other = random_prefix(backbone, 20, 1), random_prefix(backbone, 5, 2)
    forms: list[tuple[Form, Form]] = [
        (shared, Kept.of(shared)),
        (other, other),
        (shared, None),
        (other, Kept.of(other)),
    ]
    one = forms[0][1]
    copied, kept = (Slots(backbone, num_slots=4, slot_len=48) for _ in range(2))
    for slot, (copy, once) in enumerate(forms):
        copied.place(slot, copy)
        kept.place(slot, one if slot == 2 else once)
    rows = [words(4, seed) for seed in range(4)]
    close(kept.forward([0, 1, 2, 3], rows), copied.forward([0, 1, 2, 3], rows))
    close(kept.forward([2, 0, 3], [[5], [6], [7]]), copied.forward([2, 0, 3], [[5], [6], [7]]))
    assert kept.lengths[0] == 5
    assert copied.lengths[0] == 25


def test_a_prefix_whose_layers_differ_is_kept_once():
    backbone = tiny_backbone("llama")
    prefix, row = uneven(backbone), words(6, 0)
    slots = Slots(backbone, num_slots=1, slot_len=16)
    slots.place(0, Kept.of(prefix))
    close(slots.forward([0], [row])[0], alone(backbone, prefix, row))


@pytest.mark.parametrize(("family", "layers"), [("mistral", 1), ("gemma2", 2), ("gemma3", 2), ("qwen2", 1)])
@pytest.mark.parametrize("kept", [False, True])
def test_a_window_slides_over_the_text_and_never_over_the_prefix(family, layers, kept):
    """One layer of each kind: through several, words out of sight reach further."""
    backbone = windowed_backbone(family, window=6, num_layers=layers)
    prefix, row = random_prefix(backbone, 4, 1), words(17, 0)
    slots = Slots(backbone, num_slots=2, slot_len=32)
    slots.place(1, Kept.of(prefix) if kept else prefix)
    for start in range(0, 16, 8):
        slots.forward([1], [row[start : start + 8]])
    close(slots.forward([1], [row[16:]])[0], alone(backbone, prefix, row))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_rows_that_change_places_stay_what_they_are(data):
    backbone = tiny_backbone("llama")
    slots = Slots(backbone, num_slots=4, slot_len=32)
    prefixes = [random_prefix(backbone, 2 + 3 * row, row) for row in range(3)]
    where, rows = [0, 1, 2], [words(3, row) for row in range(3)]
    for row in range(3):
        slots.place(row, prefixes[row] if row else Kept.of(prefixes[row]))
    slots.forward(where, rows)
    move_about(data, slots, where)
    got = slots.forward(where, [[row + 4] for row in range(3)])
    for row in range(3):
        close(got[row], alone(backbone, prefixes[row], [*rows[row], row + 4]))


def test_a_pass_that_raises_leaves_every_row_as_it_was():
    backbone = tiny_backbone("gpt2")
    slots = Slots(backbone, num_slots=2, slot_len=32)
    for slot in range(2):
        slots.place(slot, None)
    slots.forward([0, 1], [[5, 6], [7]])
    with pytest.raises(IndexError):
        slots.forward([0, 1], [[8], [VOCAB + 5]])
    close(slots.forward([0], [[8]])[0], alone(backbone, None, [5, 6, 8]))


def test_rows_in_slots_want_a_decoder():
    with pytest.raises(
        UnsupportedBackbone, match="tiny-bert is encoder-only; these slots are for decoder-only models."
    ):
        Slots(tiny_backbone("bert"), 1, 8)


def test_a_row_may_fill_its_slot_and_the_backbones_positions_to_the_last():
    """The padding of a pass has no column and no position of its own there."""
    backbone = tiny_backbone("gpt2")
    slots = Slots(backbone, num_slots=2, slot_len=128)
    full, short = words(120, 0), words(2, 1)
    prefix = random_prefix(backbone, 4, 1)
    slots.place(0, prefix)
    slots.place(1, None)
    slots.forward([0], [full])
    slots.forward([1], [[9]])
    got = slots.forward([0, 1], [[5], [6, 7, 8]])
    close(got[0], alone(backbone, prefix, [*full, 5]))
    got = slots.forward([0, 1], [[5, 6, 7], short])
    close(got[0], alone(backbone, prefix, [*full, 5, 5, 6, 7]))
    close(got[1], alone(backbone, None, [9, 6, 7, 8, *short]))


def test_a_cleared_slot_holds_no_trace_of_numbers_that_are_none():
    backbone = tiny_backbone("gpt2")
    bad = random_prefix(backbone, 9, 1)
    bad.keys["decoder"].fill_(float("nan"))
    slots = Slots(backbone, num_slots=1, slot_len=32)
    slots.place(0, bad)
    assert slots.forward([0], [words(8, 0)]).isnan().all()
    slots.clear(0)
    close(slots.forward([0], [[4, 5]])[0], alone(backbone, None, [4, 5]))


def test_slots_take_what_their_shape_says():
    backbone = tiny_backbone("llama")
    shape = backbone.sites["decoder"]
    expected = 2 * shape.num_layers * (3 + 1) * shape.num_kv_heads * (16 + 1) * shape.head_dim * 4
    assert Slots(backbone, num_slots=3, slot_len=16).size_bytes == expected


def test_nothing_of_a_row_is_left_for_the_next_in_its_slot():
    backbone = tiny_backbone("gpt2")
    slots = Slots(backbone, num_slots=1, slot_len=32)
    slots.place(0, random_prefix(backbone, 9, 1))
    slots.forward([0], [words(8, 0)])
    slots.place(0, None)
    assert torch.equal(slots.forward([0], [[4, 5]]), fresh_slots(backbone).forward([0], [[4, 5]]))


def fresh_slots(backbone: Backbone) -> Slots:
    fresh = Slots(backbone, num_slots=1, slot_len=32)
    fresh.place(0, None)
    return fresh
