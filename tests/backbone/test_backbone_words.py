"""A prefix of real words is the words; the text stands behind it, whatever the padding."""

import pytest
import torch
from tests.tiny_models import (
    DECODER_ONLY,
    ENCODER_DECODER,
    ENCODER_ONLY,
    FAMILIES,
    close,
    pair,
    random_prefix,
    text,
    tiny_backbone,
)  # fmt: skip
from transformers import GenerationConfig

from foreword.backbone.padding import padded_on
from foreword.errors import PrefixMismatch, UnsupportedBackbone
from foreword.prefix import Injection, PrefixBank

WORDS, TEXT = [5, 9, 2, 33, 41], [7, 61, 4, 12]
GREEDY = GenerationConfig(max_new_tokens=6, min_new_tokens=6, do_sample=False, pad_token_id=0, eos_token_id=1)
BEAMS = GenerationConfig(
    max_new_tokens=6, min_new_tokens=6, do_sample=False, num_beams=3, pad_token_id=0, eos_token_id=1
)


def real(logits, texts):
    """The logits of real tokens, row by row."""
    return [row[mask] for row, mask in zip(logits, texts.mask, strict=True)]


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_a_prefix_made_of_real_words_acts_like_the_words(family):
    backbone = tiny_backbone(family)
    as_words = backbone.logits(text(WORDS + TEXT))[:, len(WORDS) :]
    as_prefix = backbone.logits(text(TEXT), Injection.of(backbone.activations(WORDS)))
    close(as_prefix, as_words)
    assert not torch.allclose(as_words, backbone.logits(text(TEXT)), atol=1e-2), (
        "the words change nothing: a blind test"
    )


@pytest.mark.parametrize("config", [GREEDY, BEAMS], ids=["greedy", "beams"])
@pytest.mark.parametrize("family", DECODER_ONLY)
def test_what_follows_a_prefix_of_real_words_is_what_follows_the_words(family, config):
    backbone = tiny_backbone(family)
    as_words = backbone.generate(text(WORDS + TEXT), config)
    as_prefix = backbone.generate(text(TEXT), config, Injection.of(backbone.activations(WORDS)))
    assert as_prefix.tolist() == as_words.tolist()


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_each_row_stands_behind_its_own_words(family):
    backbone = tiny_backbone(family)
    sayings, texts = [WORDS, WORDS[:2], WORDS[1:4]], text(TEXT, [None, *TEXT[1:]], [None, None, *TEXT[:2]])
    bank = PrefixBank([backbone.activations(words) for words in sayings])
    mixed = real(backbone.logits(texts, bank.rows([0, 1, 2])), texts)
    for words, row, ids in zip(sayings, mixed, [TEXT, TEXT[1:], TEXT[:2]], strict=True):
        close(row, backbone.logits(text(words + ids))[0, len(words) :])


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_words_said_one_after_the_other_are_one_prefix(family):
    """The second part sees the first, at positions behind it: activations are read under an open injection too."""
    backbone = tiny_backbone(family)
    first, whole = backbone.activations(WORDS[:2]), backbone.activations(WORDS)
    with backbone.injected(Injection.of(first)):
        second = backbone.activations(WORDS[2:])
    close(torch.cat([first.keys["decoder"], second.keys["decoder"]], dim=2), whole.keys["decoder"])
    close(torch.cat([first.values["decoder"], second.values["decoder"]], dim=2), whole.values["decoder"])


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_soft_prompts_in_front_of_a_text_are_a_prefix_exactly(family):
    """Design, invariant 7: what prompt tuning trains is kept and served like any other prefix."""
    backbone = tiny_backbone(family)
    look_up = backbone.model.get_input_embeddings()
    assert isinstance(look_up, torch.nn.Embedding)
    soft = torch.randn(5, look_up.weight.shape[1], generator=torch.Generator().manual_seed(0)) * look_up.weight.std()
    whole = torch.cat([soft, look_up(torch.tensor(TEXT))])[None]
    with torch.no_grad():
        in_front = backbone.model(inputs_embeds=whole, use_cache=False).logits[:, len(soft) :]
    close(backbone.logits(text(TEXT), Injection.of(backbone.activations(soft))), in_front)
    words = torch.tensor(WORDS)
    if look_up(words).equal(look_up.weight[words]):  # Gemma scales what it looks up
        same = backbone.activations(look_up.weight[words]), backbone.activations(WORDS)
        close(same[0].keys["decoder"], same[1].keys["decoder"])


def test_words_that_do_not_fit_into_the_positions_are_told():
    with pytest.raises(PrefixMismatch, match="a prefix of 129 words does not fit into the 128 positions of tiny-gpt2"):
        tiny_backbone("gpt2").activations([5] * 129)


def test_vectors_that_cannot_stand_for_words_are_refused():
    with pytest.raises(PrefixMismatch, match=r"vectors in words' place must be \[P, 40\] for tiny-llama, got \[3, 4\]"):
        tiny_backbone("llama").activations(torch.zeros(3, 4))
    with pytest.raises(UnsupportedBackbone, match="soft prompts are not a prefix of tiny-t5: its encoder reads them"):
        tiny_backbone("t5").activations(torch.zeros(3, 40))


def test_no_words_make_no_prefix():
    with pytest.raises(PrefixMismatch, match="at least one token, got none"):
        tiny_backbone("gpt2").activations([])


PADDED = {
    "left": [[None, None, None, *TEXT], [None, *WORDS, 8]],
    "right": [[*TEXT, None, None, None], [*WORDS, 8, None]],
    "both": [[None, *TEXT, None, None], [*WORDS, 8, None]],
    "within": [[TEXT[0], None, *TEXT[1:], None, None], [*WORDS, None, 8]],
}


@pytest.mark.parametrize("side", PADDED)
@pytest.mark.parametrize("prefix_len", [0, 3])
@pytest.mark.parametrize("family", [*DECODER_ONLY, *ENCODER_ONLY])
def test_padded_equals_unpadded(family, prefix_len, side):
    backbone = tiny_backbone(family)
    injection = Injection.of(random_prefix(backbone, prefix_len)) if prefix_len else None
    texts = text(*PADDED[side])
    for row, ids in zip(real(backbone.logits(texts, injection), texts), [TEXT, [*WORDS, 8]], strict=True):
        close(row, backbone.logits(text(ids), injection)[0])


@pytest.mark.parametrize("side", PADDED)
@pytest.mark.parametrize("prefix_len", [0, 3])
@pytest.mark.parametrize("family", ENCODER_DECODER)
def test_padded_equals_unpadded_in_both_texts(family, prefix_len, side):
    backbone = tiny_backbone(family)
    injection = Injection.of(random_prefix(backbone, prefix_len)) if prefix_len else None
    source, target = text(*PADDED[side]), text(*reversed(PADDED[side]))
    padded = real(backbone.logits(pair(source, target), injection), target)
    for row, ids, decoder_ids in zip(padded, [TEXT, [*WORDS, 8]], [[*WORDS, 8], TEXT], strict=True):
        close(row, backbone.logits(pair(text(ids), text(decoder_ids)), injection)[0])


@pytest.mark.parametrize("config", [GREEDY, BEAMS], ids=["greedy", "beams"])
@pytest.mark.parametrize("prefix_len", [0, 3])
@pytest.mark.parametrize("family", [*DECODER_ONLY, *ENCODER_DECODER])
def test_generation_does_not_see_the_padding(family, prefix_len, config):
    backbone = tiny_backbone(family)
    injection = Injection.of(random_prefix(backbone, prefix_len)) if prefix_len else None
    alone = [backbone.generate(text(ids), config, injection)[0].tolist() for ids in (TEXT, [*WORDS, 8])]
    for side, rows in PADDED.items():
        assert backbone.generate(text(*rows), config, injection).tolist() == alone, side


@pytest.mark.parametrize("family", ENCODER_DECODER)
def test_encoder_decoder_models_keep_their_positions(family):
    """Design, invariant 2: with a prefix their texts stand where they stood without one."""
    backbone, seen = tiny_backbone(family), []
    for name, module in backbone.model.named_modules():
        if name.endswith(("embed_positions", "relative_attention_bias")):
            module.register_forward_hook(lambda _, __, out: seen.append(out))
    texts = pair(text(TEXT), text(WORDS))
    backbone.logits(texts)
    without, seen[:] = list(seen), []
    backbone.logits(texts, Injection.of(random_prefix(backbone, 3)))
    assert len(without) == len(seen) == 2, "one for the encoder, one for the decoder"
    assert all(torch.equal(a, b) for a, b in zip(without, seen, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_can_be_asked_for_at_some_positions_only(family):
    backbone = tiny_backbone(family)
    texts = text(*PADDED["both"])
    if backbone.kind == "encoder-decoder":
        texts = pair(texts, text(*reversed(PADDED["left"])))
    injection, at = Injection.of(random_prefix(backbone, 2)), torch.tensor([8, 1, 3, 11])
    everywhere = backbone.logits(texts, injection)
    close(backbone.logits(texts, injection, at=at), everywhere.flatten(0, 1)[at])
    close(backbone.logits(texts, injection), everywhere)  # asking for some positions does not outlast the call


def test_padding_moves_to_one_side_and_tokens_keep_their_order():
    rows = text([None, 3, None, 4, 5], [6, 7, 8, None, None], [1, 2, 3, 4, 5])
    left, left_mask, _ = padded_on("left", rows.ids, rows.mask)
    right, right_mask, place = padded_on("right", rows.ids, rows.mask)
    assert left.tolist() == [[0, 0, 3, 4, 5], [0, 0, 6, 7, 8], [1, 2, 3, 4, 5]]
    assert right.tolist() == [[3, 4, 5, 0, 0], [6, 7, 8, 0, 0], [1, 2, 3, 4, 5]]
    assert left_mask.sum(1).tolist() == right_mask.sum(1).tolist() == [3, 3, 5]
    assert place is not None
    assert right.gather(1, place).tolist() == rows.ids.tolist()
    assert padded_on("right", right, right_mask)[2] is None
