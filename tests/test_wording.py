"""How texts become ids: the same in training and generation, whatever markers a tokenizer has."""

from typing import Any

import pytest
import torch
from tests.tiny_models import FAMILIES, tiny_backbone, tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import GenerationConfig

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, decoder_opening, limits, pad_id, separator, source_ids, target_ids
from foreword.errors import BadData, UnsupportedBackbone
from foreword.generation import Decoding, generate, generate_ids
from foreword.training.batches import collate


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


def with_markers(backbone: Backbone, template: str) -> Backbone:
    """The backbone with a tokenizer that writes markers as real ones do; <mask> stands for a language or BART's <s>."""
    special: Any = [(name, backbone.tokenizer.convert_tokens_to_ids(name)) for name in ("<|endoftext|>", "<mask>")]
    backend: Any = backbone.tokenizer.backend_tokenizer  # type: ignore[attr-defined]
    backend.post_processor = TemplateProcessing(single=template, special_tokens=special)
    return backbone


@pytest.mark.parametrize(
    ("template", "opening"),
    [("$A", [1]), ("$A <|endoftext|>", [1]), ("<mask> $A <|endoftext|>", [1, 2]), ("$A <|endoftext|> <mask>", [2])],
    ids=["no markers", "t5", "bart, nllb", "mbart"],
)
def test_a_decoder_starts_as_its_tokenizer_writes_targets_in_training_and_generation(template, opening):
    """The bug: BART's <s> and mBART's language were written nowhere, so a model never saw the start it was trained with."""
    backbone = with_markers(tiny_backbone("bart"), template)
    assert decoder_opening(backbone) == opening
    (source,), (target,) = source_ids(backbone, ["ab"], 20)[0], target_ids(backbone, ["the hat"], 20)[0]
    assert target == [*ids_of(backbone, "the hat"), 1], "markers are given, not learnt"
    batch = collate(backbone, [Pair(source, target)])
    assert batch.texts.decoder_ids is not None
    assert batch.texts.decoder_ids[0].tolist() == [*opening, *target[:-1]]
    assert batch.targets.tolist() == target
    likeliest = [i for i in backbone.logits(batch.texts, at=batch.at)[0].topk(2).indices.tolist() if i != 1]
    assert generate_ids(backbone, ["ab"], Decoding(max_new_tokens=4, min_new_tokens=4))[0][0] == likeliest[0]


def test_where_a_decoder_starts_may_stand_in_its_generation_settings_alone():
    torch.manual_seed(0)
    model = FAMILIES["t5"]()
    delattr(model.config, "decoder_start_token_id")
    model.generation_config = GenerationConfig(decoder_start_token_id=7)
    assert decoder_opening(Backbone(model, tokenizer(), "told")) == [7]


def test_targets_leave_room_for_the_markers_before_them():
    """The bug: BART's two markers and a target of the full length went one past the model's positions."""
    backbone = with_markers(tiny_backbone("bart"), "<mask> $A <|endoftext|>")
    assert limits(backbone, 0, 0, 127).target_len == 127
    with pytest.raises(BadData, match="its 128 positions do not hold targets of 128 tokens"):
        limits(backbone, 0, 0, 128)


def test_a_cut_source_keeps_all_its_closing_markers():
    backbone = with_markers(tiny_backbone("bart"), "$A <|endoftext|> <mask>")
    ids, num_cut = source_ids(backbone, ["abcdefgh"], 5)
    assert (ids, num_cut) == ([[*ids_of(backbone, "abc"), 1, 2]], 1)


def test_a_decoder_that_starts_nowhere_is_refused():
    backbone = tiny_backbone("bart")
    backbone.model.generation_config.decoder_start_token_id = None
    with pytest.raises(
        UnsupportedBackbone, match=r"does not say where its decoder starts\. Set decoder_start_token_id"
    ):
        generate(backbone, ["ab"])


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
