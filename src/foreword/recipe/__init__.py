"""Every knob there is: an experiment as data, frozen and checked before anything is loaded.

Comes in:  a TOML file and `section.key=value` overrides.      Goes out: a Recipe, or an error naming the setting at fault.
Imports no torch. The classes that do the work take plain arguments, never a recipe.
"""

from foreword.recipe.decoding import PRESETS, GenerateRecipe
from foreword.recipe.methods import METHOD_RECIPES, AnyMethodRecipe, FullFineTuningRecipe, PrefixRecipe
from foreword.recipe.reading import parse_override, read_recipe, reopened, with_settings
from foreword.recipe.sections import BackboneRecipe, EvalRecipe, Recipe, TaskRecipe, TrainRecipe, settings

__all__ = [
    "METHOD_RECIPES",
    "PRESETS",
    "AnyMethodRecipe",
    "BackboneRecipe",
    "EvalRecipe",
    "FullFineTuningRecipe",
    "GenerateRecipe",
    "PrefixRecipe",
    "Recipe",
    "TaskRecipe",
    "TrainRecipe",
    "parse_override",
    "read_recipe",
    "reopened",
    "settings",
    "with_settings",
]
