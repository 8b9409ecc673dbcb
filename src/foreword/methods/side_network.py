"""A side network: a narrow ladder beside the frozen layers reads what each hands on and adds its own view at the top.

Sources: side-tuning, Zhang et al. (2020), arXiv:1912.13503; as a ladder, Sung et al. (2022), arXiv:2206.06522. What differs: the
rungs are small networks over each position alone, where theirs attend; so generation needs no second cache. No gradient passes
through the frozen layers.
"""

import threading
from typing import Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.methods.base.modules import ModulesMethod, Placed
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """A narrow network beside the frozen one (Zhang et al., 2020; Sung et al., 2022)."""

    name: Literal["side-network"] = Field(default="side-network", description="one of `foreword list methods`")
    side_dim: PositiveInt = Field(default=64, description="width of the network beside")


class SideNetwork(ModulesMethod):
    """One ladder, beside the decoder where there are two stacks."""

    def networks_for(self, backbone: Backbone, seed: int, side_dim: int = 64) -> Placed:
        layers = backbone.stacks.get("decoder") or backbone.stacks["encoder"]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            rungs = [Rung(backbone.hidden_size, side_dim) for _ in layers]
        carried = Carried()
        for rung in rungs:
            object.__setattr__(rung, "carried", carried)  # what is handed on is no parameter
        rungs[0].gate = None  # nothing is below it
        rungs[-1].up = nn.Parameter(torch.zeros(backbone.hidden_size, side_dim))
        return {str(i): ([layer.module], rung) for i, (layer, rung) in enumerate(zip(layers, rungs, strict=True))}


class Carried(threading.local):
    """What one rung leaves for the next in this thread's forward pass, [B, T, side_dim]."""

    side: Tensor | None = None


class Rung(nn.Module):
    """Reads a layer's output, leaves it as it is; the topmost adds what the ladder has made."""

    carried: Carried

    def __init__(self, width: int, side_dim: int):
        super().__init__()
        self.down = nn.Linear(width, side_dim)
        self.inner, self.outer = nn.Linear(side_dim, 2 * side_dim), nn.Linear(2 * side_dim, side_dim)
        self.gate: nn.Parameter | None = nn.Parameter(torch.zeros(()))  # half of the rung below, half of this layer
        self.up: nn.Parameter | None = None

    def forward(self, x: Tensor) -> Tensor:
        side, below = self.down(x.detach().float()), self.carried.side
        if self.gate is not None and below is not None:
            share = torch.sigmoid(self.gate)
            side = share * below + (1 - share) * side
        side = side + self.outer(F.gelu(self.inner(F.layer_norm(side, side.shape[-1:]))))
        if self.up is None:
            self.carried.side = side
            return x
        self.carried.side = None
        return x + F.linear(side, self.up).to(x.dtype)
