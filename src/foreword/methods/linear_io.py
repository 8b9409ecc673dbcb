"""A trained linear layer over the word vectors, before the output layer, or at both ends of the frozen model.

Source: none that is exact. (What the literature calls adaptive input and adaptive softmax, Baevski and Auli, 2019, and Grave et
al., 2017, are layers of other sizes for rare words.) Each layer starts as the identity: x + x W + b with W and b of zeros.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from foreword.backbone import Backbone
from foreword.methods.base.modules import Before, ModulesMethod, Placed
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """A linear layer at the input, at the output, or at both."""

    name: Literal["linear-io"] = Field(default="linear-io", description="one of `foreword list methods`")
    place: Literal["input", "output", "both"] = Field(default="both", description="where the layers stand")


class LinearIO(ModulesMethod):
    """Encoder and decoder look their words up alike, so they share the layer at the input."""

    def networks_for(self, backbone: Backbone, seed: int, place: str = "both") -> Placed:
        placed: Placed = {}
        if place in ("input", "both"):
            placed["input"] = (backbone.word_tables, Residual(backbone.word_dim))
        if place in ("output", "both"):
            placed["output"] = ([Before(backbone.output_layer)], Residual(backbone.output_dim))
        return placed


class Residual(nn.Module):
    """x + x W + b, in the precision of x."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        return x + F.linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))
