"""Ways of adapting a frozen backbone, one file each; `base/` is what they are made of.

Comes in:  the method's section of a recipe and a backbone.      Goes out: a Method.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from torch import Tensor

from foreword.backbone import Backbone
from foreword.methods.base.heads import Headed, load_head, without_head
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
    "restore_method",
    "without_head",
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
            from, the seed; and `words`, a token or None for each class, where a layer reads these.
    """
    kind, words = method_class(recipe.name), opened.get("words", ())
    told = recipe.model_dump(exclude={"name", "head"}) | opened
    if not recipe.head or kind.reads_classes:
        return kind(backbone, **told)
    told.pop("words", None)
    return Headed(kind(backbone, **told), len(words), opened.get("seed", 0))


def restore_method(
    recipe: MethodRecipe, backbone: Backbone, exported: Mapping[str, Tensor], num_classes: int = 0, num_soft: int = 0
) -> Method:
    """The method as it was when `export` gave this, on a backbone fresh from its files.

    Args:
        num_classes, num_soft: of the task it was trained for: classes, and places for vectors in its sources.
    """
    kind, told = method_class(recipe.name), recipe.model_dump(exclude={"name", "head"})
    if kind.reads_classes:
        told["words"] = [None] * num_classes
    if num_soft:
        told["within"] = num_soft
    if not recipe.head or kind.reads_classes:
        return kind.restored(backbone, exported, **told)
    method = Headed(kind.restored(backbone, without_head(exported), **told), num_classes)
    load_head(method.head, exported)
    return method
