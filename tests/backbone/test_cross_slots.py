"""Rows of an encoder-decoder in slots: each encodes its text and writes at its own length, behind its own prefix, as if alone."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backbone.moves import move_about
from tests.tiny_models import ENCODER_DECODER, VOCAB, close, random_prefix, tiny_backbone
from torch import Tensor

from foreword.backbone import Backbone, Texts
from foreword.backbone import cross_slots as module
from foreword.backbone.cross_slots import CrossSlots, slots_for
from foreword.backbone.slots import Slots
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Injection, Kept, Prefix

SITES = ("encoder", "cross", "decoder")


def alone(backbone: Backbone, prefix: Prefix | None, ids: list[int], answer: list[int]) -> Tensor:
    """[V]: logits behind the answer's last id, or behind the decoder's opening; all computed at once."""
    source, opening = torch.tensor([ids]), list(module.decoder_opening(backbone))
    texts = Texts(source, torch.ones_like(source, dtype=torch.bool), torch.tensor([opening + answer]))
    return backbone.logits(texts, None if prefix is None else Injection.of(prefix))[0, -1]


def words(num: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(4, VOCAB), k=num)


def only_at(backbone: Backbone, site: str, seed: int) -> Prefix:
    whole = random_prefix(backbone, 5, seed)
    return Prefix({site: whole.keys[site]}, {site: whole.values[site]})


def cross_slots(backbone: Backbone, num_slots: int = 4, slot_len: int = 24) -> CrossSlots:
    slots = slots_for(backbone, num_slots, slot_len)
    assert isinstance(slots, CrossSlots)
    return slots


@pytest.mark.parametrize("family", ENCODER_DECODER)
def test_rows_of_any_length_and_prefix_equal_each_alone(family):
    """Copied, kept once for two rows, at one site only, none; read at different times, written in any company."""
    backbone = tiny_backbone(family)
    slots = cross_slots(backbone, num_slots=6)
    long, at_cross = random_prefix(backbone, 12, 3), only_at(backbone, "cross", 4)
    prefixes = [random_prefix(backbone, 3, 1), random_prefix(backbone, 7, 2), None, long, long, at_cross]
    once = Kept.of(long)
    forms = [*prefixes[:3], once, once, Kept.of(at_cross)]
    texts = [words(num, seed) for seed, num in enumerate((11, 5, 8, 3, 1, 6))]
    answers: list[list[int]] = [[] for _ in texts]
    for slot, form in enumerate(forms):
        slots.place(slot, form)
    rounds = [("read", [1]), ("write", [1]), ("read", [0, 2, 3]), ("write", [0, 1, 2]), ("write", [3, 1])]
    rounds += [("read", [4, 5]), ("write", [0, 1, 2, 3, 4, 5]), ("write", [5, 0])]
    for seed, (what, rows) in enumerate(rounds):
        if what == "read":
            got = slots.read(rows, [texts[row] for row in rows])
        else:
            new = words(len(rows), 50 + seed)
            got = slots.write(rows, new)
            for row, token in zip(rows, new, strict=True):
                answers[row].append(token)
        for row, logits in zip(rows, got, strict=True):
            close(logits, alone(backbone, prefixes[row], texts[row], answers[row]))


@pytest.mark.parametrize("site", SITES)
def test_a_prefix_at_one_site_only_is_kept_and_seen_there(site):
    backbone = tiny_backbone("bart")
    prefix, text = only_at(backbone, site, 1), words(6, 0)
    slots = cross_slots(backbone)
    slots.place(0, Kept.of(prefix))
    got = slots.read([0], [text])[0]
    close(got, alone(backbone, prefix, text, []))
    assert not torch.allclose(got, alone(backbone, None, text, []), atol=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_rows_that_change_places_stay_what_they_are(data):
    backbone = tiny_backbone(data.draw(st.sampled_from(["bart", "t5"])))
    slots = cross_slots(backbone)
    prefixes = [random_prefix(backbone, 2 + 3 * row, row) for row in range(3)]
    where, texts = [0, 1, 2], [words(3 + row, row) for row in range(3)]
    for row in range(3):
        slots.place(row, prefixes[row] if row else Kept.of(prefixes[row]))
    slots.read(where, texts)
    move_about(data, slots, where)
    got = slots.write(where, [7, 8, 9])
    for row in range(3):
        close(got[row], alone(backbone, prefixes[row], texts[row], [7 + row]))


def test_a_pass_that_raises_leaves_every_row_as_it_was():
    backbone = tiny_backbone("bart")
    slots = cross_slots(backbone)
    for slot in range(2):
        slots.place(slot, None)
    with pytest.raises(IndexError):
        slots.read([0, 1], [[5, 6], [VOCAB + 5]])
    slots.read([0, 1], [[5, 6], [7]])
    with pytest.raises(IndexError):
        slots.write([0, 1], [8, VOCAB + 5])
    close(slots.write([0], [8])[0], alone(backbone, None, [5, 6], [8]))


def test_a_cleared_slot_holds_no_trace_of_numbers_that_are_none():
    backbone = tiny_backbone("t5")
    slots = cross_slots(backbone, num_slots=2)
    for site in SITES:
        bad = random_prefix(backbone, 9, 1)
        bad.keys[site].fill_(float("nan"))
        slots.place(0, bad)
        slots.place(1, random_prefix(backbone, 9, 2))
        got = slots.read([0, 1], [words(8, 0), [4, 5]])
        assert got[0].isnan().all()
        assert got[1].isfinite().all()
        slots.clear(0)
        slots.place(0, None)
        got = slots.read([0, 1], [[4, 5], [4, 5, 6]])
        close(got[0], alone(backbone, None, [4, 5], []))


def test_nothing_of_a_row_is_left_for_the_next_in_its_slot():
    backbone = tiny_backbone("bart")
    slots, fresh = cross_slots(backbone, num_slots=1), cross_slots(backbone, num_slots=1)
    slots.place(0, random_prefix(backbone, 9, 1))
    slots.read([0], [words(8, 0)])
    slots.write([0], [5])
    for one in (slots, fresh):
        one.place(0, None)
    assert torch.equal(slots.read([0], [[4, 5]]), fresh.read([0], [[4, 5]]))


def test_a_row_may_fill_its_slot_and_the_backbones_positions_to_the_last():
    """The last id of an answer is chosen and not read, so it needs no place."""
    backbone = tiny_backbone("bart")
    slots = cross_slots(backbone, num_slots=2, slot_len=128)
    assert slots.lacks(9, 128, slots.most_new(9, 128, False), False) == ""
    assert slots.lacks(0, 129, 1, False) == "the prompt has 129 tokens; a row has room for 128."
    most = slots.most_new(0, 1, False)
    assert slots.lacks(0, 1, most + 1, False) == f"max_tokens = {most + 1}; a row has room for an answer of {most}."
    text, answer = words(128, 0), words(most - 1, 1)
    for slot in range(2):
        slots.place(slot, None)
    slots.read([0, 1], [text, [5]])
    for token in answer:
        got = slots.write([0], [token])
    close(got[0], alone(backbone, None, text, answer))
    close(slots.write([1], [9])[0], alone(backbone, None, [5], [9]))


def test_which_slots_a_backbone_has():
    assert isinstance(slots_for(tiny_backbone("gpt2"), 1, 8), Slots)
    assert {f: cross_slots(tiny_backbone(f)).in_a_line for f in ENCODER_DECODER} == {
        "bart": True,
        "mbart": True,
        "t5": False,
    }
    with pytest.raises(
        UnsupportedBackbone, match="tiny-bert only encodes text and cannot write any. Choose a decoder."
    ):
        slots_for(tiny_backbone("bert"), 1, 8)


def test_a_decoder_that_cannot_be_told_where_rows_stand_is_refused(monkeypatch):
    monkeypatch.setattr(module, "error_of", lambda slots: 0.3)
    told = r"tiny-bart \(BartForConditionalGeneration\) cannot write rows of different lengths side by side: "
    with pytest.raises(UnsupportedBackbone, match=told):
        slots_for(tiny_backbone("bart"), 1, 8)


def test_in_half_precision_the_way_is_found_too():
    backbone = tiny_backbone("bart")
    backbone.model.bfloat16()
    assert cross_slots(backbone).in_a_line


def test_slots_take_what_their_shape_says():
    backbone = tiny_backbone("t5")
    slots = cross_slots(backbone, num_slots=3, slot_len=16)
    shapes = backbone.sites
    expected = sum(
        2 * s.num_layers * 4 * s.num_kv_heads * 17 * s.head_dim * 4 for s in (shapes["decoder"], shapes["cross"])
    )
    assert slots.size_bytes == expected
    slots.place(0, random_prefix(backbone, 5, 1))
    copies = sum(2 * s.num_layers * 4 * s.num_kv_heads * 5 * s.head_dim * 4 for s in shapes.values())
    assert slots.size_bytes == expected + copies
