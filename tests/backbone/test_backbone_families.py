"""Our attention in place of transformers' own changes nothing: every family gives the logits it gives untouched by us."""

import pytest
import torch
from tests.tiny_models import DECODER_ONLY, ENCODER_DECODER, FAMILIES, close, pair, sharpened, text, tiny_backbone

ROWS = [[5, 9, 23, 7, 11, 40, 8], [31, 6, 12, 9, None, None, None], [14, 3, 60, 22, 19, None, None]]


def untouched(family: str):
    """The same weights as `tiny_backbone`, computed by transformers alone."""
    torch.manual_seed(0)
    model = sharpened(FAMILIES[family]()).eval()
    model.set_attn_implementation("eager")
    return model


@pytest.mark.parametrize("family", FAMILIES)
def test_logits_without_a_prefix_are_those_of_transformers_own_attention(family):
    """What a family hands its attention (scales, softcap, windows, biases) all reaches ours: nothing is swallowed."""
    texts, inputs = text(*ROWS), {}
    if family in ENCODER_DECODER:
        answers = text(*reversed(ROWS))
        texts = pair(texts, answers)
        inputs = {"decoder_input_ids": answers.ids, "decoder_attention_mask": answers.mask.long()}
    with torch.no_grad():
        wanted = untouched(family)(input_ids=texts.ids, attention_mask=texts.mask.long(), **inputs).logits
        got = tiny_backbone(family).logits(texts)
    real = texts.mask if texts.decoder_mask is None else texts.decoder_mask
    close(got[real], wanted[real])


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_long_rows_through_the_fused_kernel_too(family, monkeypatch):
    monkeypatch.setattr("foreword.prefix.attention.FUSED_FROM", 1)
    ids = torch.randint(4, 90, (2, 100), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        close(tiny_backbone(family).logits(text(*ids.tolist())), untouched(family)(input_ids=ids).logits)
