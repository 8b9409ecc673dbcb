"""Infix-tuning: keys and values between source and target are trained, seen by the target alone; before the source too if wanted.

Comes in:  a decoder-only backbone, the lengths, the MLP.      Goes out: an Injection per step; keys and values at the end.

Source: Li and Liang (2021), arXiv:2101.00190, section 7.2, [x; INFIX; y]; with a prefix as well [PREFIX; x; INFIX; y]. What
differs: the positions' activations are the trained ones alone, as the paper has it; its code adds them to activations computed
from the source. The infix stands before the marker that separates source and target.
"""

from collections.abc import Mapping
from typing import Any, Literal, Self

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.errors import PrefixMismatch, UnsupportedBackbone
from foreword.methods.base.method import Method
from foreword.prefix import Injection, Prefix, PrefixShape
from foreword.prefix.reparam import DirectParameters, parameterize
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

    @property
    def num_positions(self) -> int:
        return self.infix_len + self.prefix_len


class InfixTuning(Method):
    """One infix, and one prefix if wanted, for the whole task; the infix' positions are the first of both."""

    def __init__(self, backbone: Backbone, infix_len: int = 10, prefix_len: int = 0, mlp_dim: int = 512, seed: int = 0):
        if backbone.kind != "decoder-only":
            raise UnsupportedBackbone(
                f"{backbone.name} reads its source apart from the target, so there is no place between them; "
                "prefix-tuning puts a prefix before each. Choose it, or a decoder-only model."
            )
        self.backbone, self.infix_len = backbone, infix_len
        self.shape = PrefixShape(infix_len + prefix_len, backbone.sites, backbone.hidden_size)
        self.parameterization = parameterize(self.shape, mlp_dim, torch.Generator().manual_seed(seed)).to(
            backbone.device
        )

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.parameterization.named_parameters())

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection.of(self.parameterization(), self.infix_len)

    def export(self) -> dict[str, Tensor]:
        return self.parameterization.fold().tensors()

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Behind the MLP, if there is one."""
        self.parameterization.fit(Prefix.from_tensors(exported).to(self.backbone.device))

    def load(self, exported: Mapping[str, Tensor]) -> None:
        kept = Prefix.from_tensors(exported)
        if kept.sites != dict(self.shape.sites) or kept.prefix_len != self.shape.prefix_len:
            raise PrefixMismatch(
                f"these keys and values are {kept.prefix_len} positions of {kept.sites}, "
                f"but {self.backbone.name} wants {self.shape.prefix_len} of {dict(self.shape.sites)}."
            )
        self.parameterization = DirectParameters.of(kept.to(self.backbone.device), self.shape.hidden_size)

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        """Without the MLP."""
        return super().restored(backbone, exported, **{**settings, "mlp_dim": 0})
