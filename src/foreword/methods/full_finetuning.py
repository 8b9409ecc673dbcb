"""Full fine-tuning: every weight of the backbone is trained. The baseline each figure needs."""

from typing import Literal

from pydantic import Field

from foreword.backbone import Backbone
from foreword.methods.base.weights import WeightsMethod
from foreword.recipe import MethodRecipe


class Settings(MethodRecipe):
    """Every weight of the backbone is trained: the baseline each method is held against."""

    name: Literal["full-finetuning"] = Field(default="full-finetuning", description="one of `foreword list methods`")


class FullFineTuning(WeightsMethod):
    """All weights."""

    @staticmethod
    def chosen(backbone: Backbone) -> list[str]:
        return [name for name, _ in backbone.model.named_parameters()]
