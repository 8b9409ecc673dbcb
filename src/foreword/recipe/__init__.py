"""Every knob there is: an experiment as data, frozen and checked before anything is loaded.

Comes in:  a TOML file and `section.key=value` overrides.      Goes out: a Recipe, or an error naming the setting at fault.
Imports no torch by itself; a recipe's method is looked up in that method's own file, which does. The classes that do the work
take plain arguments, never a recipe.
"""

from foreword.recipe.decoding import PRESETS, GenerateRecipe
from foreword.recipe.identity import PLACES_OF_DATA, decisive, identity, settings_hash
from foreword.recipe.methods import MethodRecipe, method_names, section_of
from foreword.recipe.reading import parse_override, read_recipe, reopened, with_settings
from foreword.recipe.sections import BackboneRecipe, EvalRecipe, Recipe, TaskRecipe, TrainRecipe, settings
from foreword.recipe.sweeps import ClaimRecipe, PlotRecipe, SweepRecipe, sweep_section

__all__ = [
    "PLACES_OF_DATA",
    "PRESETS",
    "BackboneRecipe",
    "ClaimRecipe",
    "EvalRecipe",
    "GenerateRecipe",
    "MethodRecipe",
    "PlotRecipe",
    "Recipe",
    "SweepRecipe",
    "TaskRecipe",
    "TrainRecipe",
    "decisive",
    "identity",
    "method_names",
    "parse_override",
    "read_recipe",
    "reopened",
    "section_of",
    "settings",
    "settings_hash",
    "sweep_section",
    "with_settings",
]
