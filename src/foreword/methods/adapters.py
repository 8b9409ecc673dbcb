"""Adapters: small bottleneck networks put into every layer are trained; the backbone's own weights are not.

Comes in:  a backbone, into whose layers the adapters are hooked.      Goes out: nothing to inject; the adapters' weights.

Sources: Houlsby et al. (2019), arXiv:1902.00751: one after each attention and one after the feed-forward part, before they are
added to what flows through the layer, and the norms trained as well. Lin, Madotto and Fung (2020), arXiv:2004.03829, the
variant in Li and Liang (2021): one over the output of each layer, behind a norm of its own. What differs: a norm is trained by
a scale and a shift of its output (the same functions), so that the backbone's weights stay as they are.
"""

from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.methods.base.modules import ModulesMethod, Placed
from foreword.recipe import MethodRecipe

NEAR_ZERO = 1e-3  # spread of the first weights: an adapter starts next to doing nothing


class Settings(MethodRecipe):
    """Bottleneck networks in every layer (Houlsby et al., 2019; Lin et al., 2020)."""

    name: Literal["adapters"] = Field(default="adapters", description="one of `foreword list methods`")
    variant: Literal["houlsby", "lin"] = Field(
        default="houlsby",
        description="houlsby: after attention and after feed-forward, norms trained too; lin: one over each layer",
    )
    bottleneck_dim: PositiveInt = Field(default=64, description="width of the bottleneck")


class Adapters(ModulesMethod):
    """The adapters of all layers."""

    def networks_for(self, backbone: Backbone, seed: int, variant: str = "houlsby", bottleneck_dim: int = 64) -> Placed:
        width, generator = backbone.hidden_size, torch.Generator().manual_seed(seed)
        placed: Placed = {}
        for stack, layers in backbone.stacks.items():
            for number, layer in enumerate(layers):
                for i, part in enumerate([layer.module] if variant == "lin" else layer.joins):
                    adapter = Bottleneck(width, bottleneck_dim, generator, with_norm=variant == "lin")
                    placed[f"{stack}_{number}_{i}"] = ([part], adapter)
                for i, norm in enumerate(layer.norms if variant == "houlsby" else ()):
                    shifts = getattr(norm, "bias", None) is not None
                    placed[f"{stack}_{number}_norm{i}"] = ([norm], ScaleAndShift(width, shifts))
        return placed


class Bottleneck(nn.Module):
    """x + up(activation(down(x))), behind a norm of its own or not; in the precision of x."""

    def __init__(self, width: int, bottleneck_dim: int, generator: torch.Generator, with_norm: bool):
        super().__init__()
        self.down = nn.Parameter(NEAR_ZERO * torch.randn(bottleneck_dim, width, generator=generator))
        self.down_bias = nn.Parameter(torch.zeros(bottleneck_dim))
        self.up = nn.Parameter(NEAR_ZERO * torch.randn(width, bottleneck_dim, generator=generator))
        self.up_bias = nn.Parameter(torch.zeros(width))
        self.norm = ScaleAndShift(width, shifts=True) if with_norm else None

    def forward(self, x: Tensor) -> Tensor:
        own = {name: parameter.to(x.dtype) for name, parameter in self.named_parameters(recurse=False)}
        inner = x if self.norm is None else self.norm(F.layer_norm(x, x.shape[-1:]))
        inner = F.linear(inner, own["down"], own["down_bias"])
        inner = F.gelu(inner) if self.norm is None else F.relu(inner)
        return x + F.linear(inner, own["up"], own["up_bias"])


class ScaleAndShift(nn.Module):
    """x * scale + shift: what training a norm's own weights does to its output."""

    def __init__(self, width: int, shifts: bool):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width)) if shifts else None

    def forward(self, x: Tensor) -> Tensor:
        x = x * self.scale.to(x.dtype)
        return x if self.shift is None else x + self.shift.to(x.dtype)
