"""Full fine-tuning: every weight of the backbone is trained. The baseline each figure needs.

Comes in:  a backbone, which is unfrozen in place.      Goes out: nothing to inject; the weights themselves.
The weights stay in float32 and the products run in the backbone's precision under autocast, because updates of 1e-5 vanish
in bfloat16 weights.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
from foreword.methods.base.method import Method
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """Every weight of the backbone is trained: the baseline each method is held against."""

    name: Literal["full-finetuning"] = Field(default="full-finetuning", description="one of `foreword list methods`")


class FullFineTuning(Method):
    """The backbone's own weights are the method's parameters."""

    trains_backbone = True

    def __init__(self, backbone: Backbone, seed: int = 0):
        """Nothing is drawn, so the seed decides nothing here; that of the pairs' order is the loop's."""
        self.backbone = backbone
        backbone.model.requires_grad_(True).float()
        backbone.weights_moved = True

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.backbone.model.named_parameters())

    def injection(self) -> None:
        return None

    def export(self) -> dict[str, Tensor]:
        return {name: p.detach() for name, p in self.backbone.model.named_parameters()}

    @staticmethod
    def put_in_place(backbone: Backbone, exported: Mapping[str, Tensor]) -> None:
        weights = dict(backbone.model.float().named_parameters())
        if set(exported) != set(weights):
            raise PrefixMismatch(f"these weights are not of {backbone.name}: their names differ.")
        backbone.weights_moved = True
        for name, weight in weights.items():
            weight.data.copy_(exported[name])
