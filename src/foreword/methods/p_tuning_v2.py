"""P-tuning v2: a prefix before every layer, and a trained linear layer that reads classes off, of texts or of words.

Source: Liu et al. (2021), arXiv:2110.07602. What differs: the layer reads what goes into the output layer, at the answer's place
(the mask of a masked model, the last word of any other), where theirs reads the pooled first token; of a word its last token,
where theirs reads its first.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from foreword.backbone import Backbone, Texts
from foreword.methods.base.heads import class_head, exported_of, load_head, named, without_head
from foreword.methods.base.keys_values import KeysValuesMethod
from foreword.prefix import Injection
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """A prefix and a linear layer for the classes (Liu et al., 2021, arXiv:2110.07602)."""

    name: Literal["p-tuning-v2"] = Field(default="p-tuning-v2", description="one of `foreword list methods`")
    head: Literal[True] = Field(default=True, description="always: a trained linear layer reads the classes off")
    prefix_len: PositiveInt = Field(default=20, description="trained positions per layer")
    mlp_dim: NonNegativeInt = Field(
        default=0, description="hidden size of an MLP that yields the prefix in training; 0: none"
    )


class PTuningV2(KeysValuesMethod):
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
        generator = torch.Generator().manual_seed(seed)
        super().__init__(backbone, prefix_len, mlp_dim, generator)
        self.head = class_head(backbone, len(words), generator)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return super().trained_parameters() | named(self.head)

    def injection(self, texts: Texts | None = None) -> Injection:
        return Injection.of(self.parameterization())

    def read(self, hidden: Tensor) -> Tensor:
        return self.head(hidden.float())

    def export(self) -> dict[str, Tensor]:
        return super().export() | exported_of(self.head)

    def start(self, exported: Mapping[str, Tensor]) -> None:
        super().start(without_head(exported))

    def load(self, exported: Mapping[str, Tensor]) -> None:
        super().load(without_head(exported))
        load_head(self.head, exported)
