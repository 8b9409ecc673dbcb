"""Adapters: counted as their papers count them, next to nothing at the start, and a trained norm is a trained norm."""

import pytest
import torch
from tests.tiny_models import FAMILIES, tiny_backbone

from foreword.backbone import Backbone
from foreword.methods.adapters import Adapters, Bottleneck, ScaleAndShift
from foreword.prefix.reparam import num_parameters


def logits(backbone: Backbone) -> torch.Tensor:
    with torch.no_grad():
        return backbone.logits(backbone.texts_of([5, 9, 23, 7]))


@pytest.mark.parametrize("variant", ["houlsby", "lin"])
@pytest.mark.parametrize("family", FAMILIES)
def test_untrained_they_change_next_to_nothing(family, variant):
    backbone = tiny_backbone(family)
    before, fingerprint = logits(backbone), backbone.fingerprint_now
    adapters = Adapters(backbone, variant=variant, bottleneck_dim=4)
    torch.testing.assert_close(logits(backbone), before, atol=0.02 * before.abs().max().item(), rtol=0)
    assert not torch.equal(logits(backbone), before)
    assert backbone.fingerprint_now != fingerprint == backbone.fingerprint
    assert adapters.prefix() is None


@pytest.mark.parametrize(("bottleneck_dim", "published"), [(6, 0.37), (224, 11.09)])
def test_lins_variant_has_as_many_weights_as_the_lora_paper_counts(bottleneck_dim, published):
    """GPT-2 medium (24 layers, 1,024 wide), table 3; a tiny model's count follows the same formula."""

    def count(num_layers: int, width: int, r: int) -> int:
        return num_layers * (2 * width * r + r + width) + 2 * num_layers * width

    assert round(count(24, 1024, bottleneck_dim) / 1e6, 2) == published
    tiny = Adapters(tiny_backbone("gpt2"), variant="lin", bottleneck_dim=bottleneck_dim)
    assert num_parameters(tiny.trained_parameters()) == count(3, 32, bottleneck_dim)


def test_houlsbys_variant_is_two_adapters_a_layer_and_the_norms():
    tiny = Adapters(tiny_backbone("gpt2"), bottleneck_dim=4)
    assert num_parameters(tiny.trained_parameters()) == 6 * (2 * 32 * 4 + 4 + 32) + 6 * 2 * 32


def test_a_scale_and_a_shift_behind_a_norm_are_the_norms_own_weights():
    torch.manual_seed(0)
    norm, extra, x = torch.nn.LayerNorm(8), ScaleAndShift(8, shifts=True), torch.randn(3, 8)
    for parameter in [*norm.parameters(), *extra.parameters()]:
        torch.nn.init.normal_(parameter)
    assert extra.shift is not None
    trained = torch.nn.functional.layer_norm(x, (8,), norm.weight * extra.scale, norm.bias * extra.scale + extra.shift)
    torch.testing.assert_close(extra(norm(x)), trained)


def test_in_half_precision_their_own_weights_stay_whole():
    adapter = Bottleneck(8, 2, torch.Generator().manual_seed(0), with_norm=True)
    assert adapter(torch.randn(3, 8).bfloat16()).dtype == torch.bfloat16
    assert {p.dtype for p in adapter.parameters()} == {torch.float32}
