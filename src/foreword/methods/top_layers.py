"""Fine-tuning of the top layers: those nearest the output, of the decoder where there are two stacks.

Source: the row FT-top2 of Li and Liang (2021); two layers of GPT-2 medium are 25.2 M weights, as the LoRA paper counts them.
"""

from typing import Literal

from pydantic import Field, PositiveInt

from foreword.backbone import Backbone
from foreword.errors import BadRecipe
from foreword.methods.base.weights import WeightsMethod
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """The weights of the top layers are trained (FT-top2 in Li and Liang, 2021)."""

    name: Literal["top-layers"] = Field(default="top-layers", description="one of `foreword list methods`")
    num_layers: PositiveInt = Field(default=2, description="how many, from the top")


class TopLayers(WeightsMethod):
    """All weights of the highest layers; the norm above them, the output layer and the embeddings stay as they are."""

    @staticmethod
    def chosen(backbone: Backbone, num_layers: int = 2) -> list[str]:
        stacks = backbone.stacks
        layers = stacks.get("decoder") or stacks["encoder"]
        if num_layers > len(layers):
            raise BadRecipe(
                f"method.num_layers is {num_layers}, but {backbone.name} has {len(layers)} layers. "
                f"Set method.num_layers={len(layers)} or less."
            )
        tops = tuple(f"{layer.name}." for layer in layers[-num_layers:])
        return [name for name, _ in backbone.model.named_parameters() if name.startswith(tops)]
