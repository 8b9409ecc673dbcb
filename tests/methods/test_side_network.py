"""The ladder starts as nothing, reads every layer, and sends no gradient through the frozen ones."""

import pytest
import torch
from tests.tiny_models import FAMILIES, tiny_backbone

from foreword.methods.side_network import SideNetwork


@pytest.mark.parametrize("family", FAMILIES)
def test_it_starts_as_nothing_and_then_every_rung_counts(family):
    backbone = tiny_backbone(family)
    texts = backbone.texts_of([5, 9, 23, 7])
    before = backbone.logits(texts).detach()
    method = SideNetwork(backbone, side_dim=8)
    assert torch.equal(backbone.logits(texts).detach(), before)
    up = method.trained_parameters()[f"{len(method.networks) - 1}.up"]
    with torch.no_grad():
        up.copy_(torch.randn(up.shape, generator=torch.Generator().manual_seed(0)))
    backbone.logits(texts).logsumexp(-1).sum().backward()
    without = [n for n, p in method.trained_parameters().items() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_no_gradient_passes_through_the_frozen_layers():
    backbone = tiny_backbone("gpt2")
    method = SideNetwork(backbone, side_dim=8)
    asked: list[bool] = []
    layers = backbone.stacks["decoder"]
    for layer in layers[1:]:
        layer.module.register_forward_pre_hook(lambda module, given: asked.append(given[0].requires_grad))
    backbone.logits(backbone.texts_of([5, 9, 23, 7]))
    assert asked == [False] * (len(layers) - 1)
    assert method.prefix() is None
