"""Ways of adapting a frozen backbone, one file each.

Comes in:  the method's section of a recipe and a backbone.      Goes out: a Method.
"""

from typing import Any

from foreword.backbone import Backbone
from foreword.methods.full_finetuning import FullFineTuning
from foreword.methods.method import Method
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.recipe import AnyMethodRecipe

__all__ = ["METHODS", "FullFineTuning", "Method", "PrefixTuning", "build_method"]

METHODS: dict[str, type[Method]] = {"prefix-tuning": PrefixTuning, "full-finetuning": FullFineTuning}


def build_method(recipe: AnyMethodRecipe, backbone: Backbone, **opened: Any) -> Method:
    """The method a recipe asks for: its section's keys are the class's arguments.

    Args:
        opened: arguments in place of the section's, where that names something to be read or drawn: the prefix to start
            from, the seed.
    """
    return METHODS[recipe.name](backbone, **recipe.model_dump(exclude={"name"}) | opened)
