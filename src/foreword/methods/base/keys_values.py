"""Methods that train one set of keys and values for the whole task: they differ in where it stands and what is beside it.

Comes in:  a backbone, a number of positions.      Goes out: keys and values, in training behind an MLP if wanted.
"""

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
from foreword.methods.base.method import Method
from foreword.prefix import Prefix, PrefixShape
from foreword.prefix.reparam import DirectParameters, parameterize


class KeysValuesMethod(Method):
    """They are kept without the MLP."""

    def __init__(self, backbone: Backbone, num_positions: int, mlp_dim: int, generator: torch.Generator):
        self.backbone = backbone
        self.shape = PrefixShape(num_positions, backbone.sites, backbone.hidden_size)
        self.parameterization = parameterize(self.shape, mlp_dim, generator).to(backbone.device)

    @property
    def num_positions(self) -> int:
        return self.shape.prefix_len

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.parameterization.named_parameters())

    def export(self) -> dict[str, Tensor]:
        return self.parameterization.fold().tensors()

    def kept(self, exported: Mapping[str, Tensor]) -> Prefix:
        """Raises PrefixMismatch: other sites, or another number of positions."""
        prefix = Prefix.from_tensors(exported)
        if prefix.sites != dict(self.shape.sites) or prefix.prefix_len != self.shape.prefix_len:
            raise PrefixMismatch(
                f"these keys and values are {prefix.prefix_len} positions of {prefix.sites}, "
                f"but {self.backbone.name} wants {self.shape.prefix_len} of {dict(self.shape.sites)}."
            )
        return prefix.to(self.backbone.device)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Behind the MLP, if there is one."""
        self.parameterization.fit(self.kept(exported))

    def load(self, exported: Mapping[str, Tensor]) -> None:
        self.parameterization = DirectParameters.of(self.kept(exported), self.shape.hidden_size)

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        return super().restored(backbone, exported, **{**settings, "mlp_dim": 0})
