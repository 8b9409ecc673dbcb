"""Foreword: prefix-tuning end to end. One frozen language model, many tasks; a task is a prefix.

    import foreword

    recipe = foreword.read_recipe("embedded/demo", ["task.voice=poet"])
    tuned = foreword.train(recipe, out="runs/poet")
    tuned.generate(["station : Lizard Point | sky : clear | wind : south, 9 knots | temperature : 14 °C | sea : calm"])
    tuned.evaluate("test")
    foreword.keep(tuned, "poet", "store")
    foreword.take("poet@1", "store").generate([...])

Names are loaded when first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from foreword.backbone import Backbone
    from foreword.errors import ForewordError
    from foreword.experiment import train
    from foreword.generation import Decoding, generate
    from foreword.keeping import keep, take
    from foreword.metrics import score
    from foreword.prefix import Prefix
    from foreword.recipe import Recipe, read_recipe
    from foreword.serve.standing import serving
    from foreword.store import Store
    from foreword.tasks import load_task
    from foreword.tuned import Tuned, open_run, untouched

_ROOMS = {
    "Backbone": "backbone",
    "Decoding": "generation",
    "ForewordError": "errors",
    "Prefix": "prefix",
    "Recipe": "recipe",
    "Store": "store",
    "Tuned": "tuned",
    "generate": "generation",
    "keep": "keeping",
    "load_task": "tasks",
    "open_run": "tuned",
    "read_recipe": "recipe",
    "score": "metrics",
    "serving": "serve.standing",
    "take": "keeping",
    "train": "experiment",
    "untouched": "tuned",
}

__all__ = [
    "Backbone",
    "Decoding",
    "ForewordError",
    "Prefix",
    "Recipe",
    "Store",
    "Tuned",
    "generate",
    "keep",
    "load_task",
    "open_run",
    "read_recipe",
    "score",
    "serving",
    "take",
    "train",
    "untouched",
]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module 'foreword' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(f"foreword.{_ROOMS[name]}"), name)
