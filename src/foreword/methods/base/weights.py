"""Methods that train some of the backbone's own weights: they differ in which.

Comes in:  a backbone, which is unfrozen in part and in place.      Goes out: nothing to inject; the weights themselves.
The weights stay in float32 and the products run in the backbone's precision under autocast, because updates of 1e-5 vanish
in bfloat16 weights.
"""

from abc import abstractmethod
from typing import Any

from torch import nn

from foreword.backbone import Backbone
from foreword.methods.base.method import Method


class WeightsMethod(Method):
    """The chosen weights of the backbone are the method's parameters."""

    trains_backbone = True

    def __init__(self, backbone: Backbone, seed: int = 0, **choice: Any):
        """Nothing is drawn, so the seed decides nothing here; that of the pairs' order is the loop's."""
        self.backbone = backbone
        backbone.model.float()
        weights = dict(backbone.model.named_parameters())
        self.weights = {name: weights[name] for name in self.chosen(backbone, **choice)}
        for weight in self.weights.values():
            weight.requires_grad_(True)
        backbone.alter(backbone.model)

    @staticmethod
    @abstractmethod
    def chosen(backbone: Backbone, **choice: Any) -> list[str]:
        """The names of the weights to train. Raises UnsupportedBackbone: the model has none of them."""

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        return dict(self.weights)
