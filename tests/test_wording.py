"""How texts become ids: the same in training and generation, whatever markers a tokenizer has."""

from typing import Any

import pytest
from tests.tiny_models import tiny_backbone

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, pad_id, separator, source_ids, target_ids
from foreword.errors import UnsupportedBackbone


def ids_of(backbone: Backbone, text: str) -> Any:
    return backbone.tokenizer(text, add_special_tokens=False)["input_ids"]


def test_a_decoders_pair_is_source_marker_target_end():
    backbone = tiny_backbone("gpt2")
    assert source_ids(backbone, [" ab ", "c"], 9) == ([[*ids_of(backbone, " ab"), 1], [*ids_of(backbone, " c"), 1]], 0)
    assert target_ids(backbone, ["de\n"], 9) == ([[*ids_of(backbone, " de"), 1]], 0)


def test_an_encoders_source_and_a_decoders_target_carry_no_space_in_front():
    backbone = tiny_backbone("bart")
    assert source_ids(backbone, [" ab "], 9) == ([ids_of(backbone, "ab")], 0)
    assert target_ids(backbone, ["de"], 9) == ([[*ids_of(backbone, "de"), 1]], 0)


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_a_cut_target_still_ends_with_the_end_marker(family):
    backbone = tiny_backbone(family)
    ids, num_cut = target_ids(backbone, ["abcdef", "ab"], 4)
    assert [row[-1] for row in ids] == [1, 1]
    assert [len(row) for row in ids] == [4, 4 if family == "gpt2" else 3]
    assert num_cut == 1


def test_the_length_of_a_pair_is_what_is_computed():
    assert len(Pair([1, 2], [3, 4, 5])) == 5


def test_a_tokenizer_without_markers_is_helped_or_refused():
    backbone = tiny_backbone("gpt2")
    backbone.tokenizer.bos_token = None
    backbone.tokenizer.pad_token = None
    assert (separator(backbone), pad_id(backbone)) == (1, 1)
    backbone.tokenizer.eos_token = None
    with pytest.raises(
        UnsupportedBackbone, match="tokenizer has no end-of-text token, so nothing can tell a text is over"
    ):
        target_ids(backbone, ["a"], 5)
