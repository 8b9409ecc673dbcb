"""Bias-only fine-tuning: the backbone's bias vectors are trained and nothing else.

Source: BitFit, Ben Zaken et al. (2022), arXiv:2106.10199.
"""

from typing import Literal

from pydantic import Field

from foreword.backbone import Backbone
from foreword.errors import UnsupportedBackbone
from foreword.methods.base.weights import WeightsMethod
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """The biases are trained (BitFit, Ben Zaken et al., 2022, arXiv:2106.10199)."""

    name: Literal["bias-only"] = Field(default="bias-only", description="one of `foreword list methods`")


class BiasOnly(WeightsMethod):
    """Whatever the model calls a bias, those of its norms too."""

    @staticmethod
    def chosen(backbone: Backbone) -> list[str]:
        biases = [name for name, _ in backbone.model.named_parameters() if name.endswith("bias")]
        if not biases:
            raise UnsupportedBackbone(
                f"{backbone.name} has no biases to train (Llama's and T5's kind have none). Choose another method or model."
            )
        return biases
