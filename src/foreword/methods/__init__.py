"""Ways of adapting a frozen backbone, one file each.

Comes in:  the method's section of a recipe and a backbone.      Goes out: a Method.
"""

from foreword.backbone import Backbone
from foreword.methods.full_finetuning import FullFineTuning
from foreword.methods.method import Method
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.prefix import Prefix
from foreword.recipe import AnyMethodRecipe, FullFineTuningRecipe

__all__ = ["METHODS", "FullFineTuning", "Method", "PrefixTuning", "build_method"]

METHODS: dict[str, type[Method]] = {"prefix-tuning": PrefixTuning, "full-finetuning": FullFineTuning}


def build_method(
    recipe: AnyMethodRecipe, backbone: Backbone, seed: int = 0, init_prefix: Prefix | None = None
) -> Method:
    """The method a recipe asks for. `init_prefix` is the prefix to start from, already read, where the recipe names one."""
    if isinstance(recipe, FullFineTuningRecipe):
        return FullFineTuning(backbone)
    return PrefixTuning(backbone, recipe.prefix_len, recipe.mlp_dim, recipe.init, recipe.init_words, init_prefix, seed)
