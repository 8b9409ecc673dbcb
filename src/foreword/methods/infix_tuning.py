"""Infix-tuning: keys and values between source and target are trained, seen by the target alone; before the source too if wanted.

Comes in:  a decoder-only backbone, the lengths, the MLP.      Goes out: an Injection per step; keys and values at the end.

Source: Li and Liang (2021), arXiv:2101.00190, section 7.2, [x; INFIX; y]; with a prefix as well [PREFIX; x; INFIX; y]. What
differs: the positions' activations are the trained ones alone, as the paper has it; its code adds them to activations computed
from the source. The infix stands before the marker that separates source and target.
"""

from typing import Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt

from foreword.backbone import Backbone, Texts
from foreword.errors import UnsupportedBackbone
from foreword.methods.base.keys_values import KeysValuesMethod
from foreword.prefix import Injection
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """Keys and values between source and target (Li and Liang, 2021, section 7.2)."""

    name: Literal["infix-tuning"] = Field(default="infix-tuning", description="one of `foreword list methods`")
    infix_len: PositiveInt = Field(default=10, description="trained positions per layer between source and target")
    prefix_len: NonNegativeInt = Field(
        default=0, description="trained positions per layer before the source, beside them"
    )
    mlp_dim: NonNegativeInt = Field(
        default=512, description="hidden size of the reparameterization MLP; 0 trains keys and values directly"
    )


class InfixTuning(KeysValuesMethod):
    """One infix, and one prefix if wanted, for the whole task; the infix' positions are the first of both."""

    def __init__(self, backbone: Backbone, infix_len: int = 10, prefix_len: int = 0, mlp_dim: int = 512, seed: int = 0):
        if backbone.kind != "decoder-only":
            reason = (
                "reads its source apart from the target" if backbone.kind == "encoder-decoder" else "writes no target"
            )
            raise UnsupportedBackbone(
                f"{backbone.name} {reason}, so there is no place between them. Choose prefix-tuning, or a decoder-only model."
            )
        super().__init__(backbone, infix_len + prefix_len, mlp_dim, torch.Generator().manual_seed(seed))
        self.infix_len, self.behind_source = infix_len, prefix_len == 0

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection.of(self.parameterization(), self.infix_len)
