"""Ways of adapting a frozen backbone, one file each; `base/` is what they are made of.

Comes in:  the method's section of a recipe and a backbone.      Goes out: a Method.
"""

from importlib import import_module
from typing import Any

from foreword.backbone import Backbone
from foreword.methods.base.method import Method
from foreword.methods.base.mixing import MixedTokens, for_each_prompt, mixed
from foreword.methods.base.reading import Reader, reader_of
from foreword.methods.base.voting import Voting, majority
from foreword.recipe import MethodRecipe

__all__ = [
    "Method",
    "MixedTokens",
    "Reader",
    "Voting",
    "build_method",
    "for_each_prompt",
    "majority",
    "method_class",
    "mixed",
    "reader_of",
]


def method_class(name: str) -> type[Method]:
    """The one Method in the file of that name."""
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    (found,) = [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Method) and kind.__module__ == module.__name__
    ]
    return found


def build_method(recipe: MethodRecipe, backbone: Backbone, **opened: Any) -> Method:
    """The method a recipe asks for: its section's keys are the class's arguments.

    Args:
        opened: arguments in place of the section's, where that names something to be read or drawn: the prefix to start
            from, the seed.
    """
    return method_class(recipe.name)(backbone, **recipe.model_dump(exclude={"name"}) | opened)
