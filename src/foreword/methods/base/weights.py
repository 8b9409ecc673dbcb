"""Methods that train some of the backbone's own weights: they differ in which.

Comes in:  a backbone, which is unfrozen in part and in place.      Goes out: nothing to inject; the weights themselves.
The weights stay in float32 and the products run in the backbone's precision under autocast, because updates of 1e-5 vanish
in bfloat16 weights.
"""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from foreword.backbone import Backbone
from foreword.errors import PrefixMismatch
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

    def export(self) -> dict[str, Tensor]:
        return {name: weight.detach() for name, weight in self.weights.items()}

    @torch.no_grad()
    def load(self, exported: Mapping[str, Tensor]) -> None:
        shapes = {name: tuple(weight.shape) for name, weight in self.weights.items()}
        given = {name: tuple(tensor.shape) for name, tensor in exported.items()}
        if given != shapes:
            name = next(iter(dict(given.items() ^ shapes.items())))
            raise PrefixMismatch(
                f"these weights are not of {self.backbone.name}: {name!r} is {given.get(name)} there and {shapes.get(name)} here."
            )
        for name, tensor in exported.items():
            self.weights[name].copy_(tensor)
