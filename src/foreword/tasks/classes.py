"""Your own texts with labels: JSON lines, the classes named, a template with a place for the answer."""

from pathlib import Path
from typing import final

from foreword.errors import BadRecipe
from foreword.tasks.labelled import JSONLabelled, fields_of


@final
class Classes(JSONLabelled):
    """A record is an object with the fields that the template names, and `label`."""

    name = "classes"
    template = "{text} It was {mask} ."
    usual_files = {"train": ("train.jsonl",), "dev": ("dev.jsonl",), "test": ("test.jsonl",)}
    metrics = ("accuracy", "majority", "macro-f1")

    def __init__(
        self, path: str | Path | None = None, classes: str = "", template: str = "", words: str = "",
        train: str = "", dev: str = "", test: str = "",
    ):  # fmt: skip
        """`classes`: the labels as the files have them, parted by commas; the words for them if no others are given."""
        names = [name.strip() for name in classes.split(",") if name.strip()]
        if len(names) < 2 or len(set(names)) < len(names):
            raise BadRecipe(
                f"task 'classes' needs task.classes: two labels or more, parted by commas, got {classes!r}."
            )
        self.classes = {name: name for name in names}
        self.fields = fields_of(template or self.template)
        super().__init__(path, template, words, train, dev, test)
