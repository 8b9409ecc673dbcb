"""A linear layer at either end starts as nothing, and encoder and decoder share the one at the input."""

import pytest
import torch
from tests.tiny_models import FAMILIES, tiny_backbone

from foreword.methods.linear_io import LinearIO


@pytest.mark.parametrize("place", ["input", "output", "both"])
@pytest.mark.parametrize("family", FAMILIES)
def test_it_starts_as_nothing_and_every_part_of_it_gets_a_gradient(family, place):
    backbone = tiny_backbone(family)
    texts = backbone.texts_of([5, 9, 23, 7])
    before = backbone.logits(texts).detach()
    method = LinearIO(backbone, place=place)
    after = backbone.logits(texts)
    assert torch.equal(after.detach(), before)
    after.logsumexp(-1).sum().backward()
    assert len(method.trained_parameters()) == (4 if place == "both" else 2)
    for name, parameter in method.trained_parameters().items():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
