"""P-tuning v2: a prefix before every layer, and a trained linear layer that reads classes off, of texts or of words.

Source: Liu et al. (2021), arXiv:2110.07602. What differs: the layer reads what goes into the output layer, at the answer's place
(the mask of a masked model, the last word of any other), where theirs reads the pooled first token; of a word its last token,
where theirs reads its first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.errors import PrefixMismatch
from foreword.methods.base.heads import class_head, load_head, named
from foreword.methods.base.method import Method
from foreword.prefix import Injection, Prefix, PrefixShape
from foreword.prefix.reparam import DirectParameters, parameterize
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """A prefix and a linear layer for the classes (Liu et al., 2021, arXiv:2110.07602)."""

    name: Literal["p-tuning-v2"] = Field(default="p-tuning-v2", description="one of `foreword list methods`")
    head: Literal[True] = Field(default=True, description="always: a trained linear layer reads the classes off")
    prefix_len: PositiveInt = Field(default=20, description="trained positions per layer")
    mlp_dim: NonNegativeInt = Field(
        default=0, description="hidden size of an MLP that yields the prefix in training; 0: none"
    )

    @property
    def num_positions(self) -> int:
        return self.prefix_len


class PTuningV2(Method):
    """A prefix at every site, and a head."""

    reads_classes = True

    def __init__(
        self,
        backbone: Backbone,
        prefix_len: int = 20,
        mlp_dim: int = 0,
        words: Sequence[int | None] = (),
        seed: int = 0,
    ):
        """`words`: one for each class; only their number counts."""
        self.backbone = backbone
        self.shape = PrefixShape(prefix_len, backbone.sites, backbone.hidden_size)
        generator = torch.Generator().manual_seed(seed)
        self.parameterization = parameterize(self.shape, mlp_dim, generator).to(backbone.device)
        self.head = class_head(backbone, len(words), generator)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.parameterization.named_parameters()) | named(self.head, "head.")

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection.of(self.parameterization())

    def read(self, hidden: Tensor) -> Tensor:
        return self.head(hidden.float())

    def export(self) -> dict[str, Tensor]:
        head = {name: parameter.detach().clone() for name, parameter in named(self.head, "head.").items()}
        return self.parameterization.fold().tensors() | head

    def start(self, exported: Mapping[str, Tensor]) -> None:
        """Behind the MLP, if there is one."""
        made_by = self.parameterization
        self.load(exported)
        made_by.fit(self.parameterization.fold())
        self.parameterization = made_by

    def load(self, exported: Mapping[str, Tensor]) -> None:
        prefix = Prefix.from_tensors({n: tensor for n, tensor in exported.items() if not n.startswith("head.")})
        if prefix.sites != dict(self.shape.sites):
            raise PrefixMismatch(f"this prefix is not of {self.backbone.name}.")
        load_head(self.head, exported, "head.")
        self.parameterization = DirectParameters.of(prefix.to(self.backbone.device), self.shape.hidden_size)

    @classmethod
    def restored(cls, backbone: Backbone, exported: Mapping[str, Tensor], **settings: Any) -> Self:
        """Without the MLP."""
        return super().restored(backbone, exported, **{**settings, "mlp_dim": 0})
