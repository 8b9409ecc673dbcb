"""[method]: what every way of adapting has in its section, and where the section of the one that is named is found.

Comes in:  a method's name.      Goes out: the class of its section.
A method is a file of `foreword/methods/` that bears its name; its section, `Settings`, stands there beside the class that does
the work. The file is looked up when a recipe names it: this room knows no method.
"""

from importlib import import_module
from pathlib import Path

from pydantic import Field

from foreword.errors import BadRecipe, UnknownName
from foreword.recipe.section import Section

DEFAULT_METHOD = "prefix-tuning"
ELSEWHERE = {  # what the literature calls by a name of its own -> how to have it here
    "suffix-tuning": "behind the source and in front of the target it is method.name=infix-tuning (decoder-only); behind the "
    "target nothing reads it, and among an encoder's keys and values it is a prefix: they have no order",
    "fine-tuning": "it is method.name=full-finetuning",
    "bitfit": "it is method.name=bias-only",
    "embedding-only": "it is method.name=prompt-tuning with method.mlp_dim=512",
    "ppt": "it is method.name=prompt-tuning, trained on task.name=pretext first and then with train.start_from=THAT RUN",
    "in-context-learning": "it is method.name=prompting with method.num_examples",
}
FOLDER = Path(__file__).resolve().parents[1] / "methods"


class MethodRecipe(Section):
    """What all methods' sections have."""

    name: str
    head: bool = Field(
        default=False, description="a trained linear layer reads a task's classes off, in place of the words for them"
    )


def method_names() -> list[str]:
    """Every method there is."""
    return sorted(path.stem.replace("_", "-") for path in FOLDER.glob("*.py") if path.stem != "__init__")


def section_of(name: object) -> type[MethodRecipe]:
    """Raises UnknownName: there is no such method; BadRecipe: it goes by another name here."""
    if isinstance(name, str) and name in ELSEWHERE:
        raise BadRecipe(f"there is no method {name!r} here: {ELSEWHERE[name]}.")
    if name not in method_names():
        raise UnknownName("method", str(name), method_names())
    return import_module(f"foreword.methods.{str(name).replace('-', '_')}").Settings
