"""Control: a text of a wanted style, sentiment or topic, from a labelled task turned round: the class is read, the text is written.

Comes in:  the labelled task's name and its files.      Goes out: the class' word as source, the record's own text as reference.
How well a text obeys is for a classifier to say: eval.classifier, a run of the same labelled task.
"""

from pathlib import Path
from typing import final

from foreword.errors import BadRecipe
from foreword.marks import MASK
from foreword.tasks.agnews import AGNews
from foreword.tasks.classes import Classes
from foreword.tasks.imdb import IMDB
from foreword.tasks.labelled import Labelled
from foreword.tasks.sst2 import SST2
from foreword.tasks.task import Example, Task


@final
class Control(Task):
    """A record of the labelled task; its class is its group."""

    name = "control"
    metrics = ("rougeL",)
    merges = False

    def __init__(
        self, path: str | Path | None = None, of: str = "classes", field: str = "", classes: str = "", words: str = "",
        train: str = "", dev: str = "", test: str = "",
    ):  # fmt: skip
        """`of`: sst2, imdb, agnews, or classes (then `classes` as there); `field`: which one is written, "" = the only one."""
        kinds = {kind.name: kind for kind in (AGNews, IMDB, SST2, Classes)}
        if of not in kinds:
            raise BadRecipe(f"task.of must be one of {', '.join(kinds)}, got {of!r}.")
        if not path and not any((train, dev, test)):
            raise BadRecipe("task 'control' reads files: give path, the folder of the labelled task's files.")
        kind = kinds[of]
        fields = ["text" if not field else field] if kind is Classes else list(kind.fields)
        if field not in fields and (field or len(fields) > 1):
            raise BadRecipe(f"task.field must be one of {', '.join(fields)}, got {field!r}.")
        template, files = f"{{{field or fields[0]}}}{{mask}}", {"train": train, "dev": dev, "test": test}
        named = {"classes": classes} if kind is Classes else {}
        self.labelled: Labelled = kind(path=path, template=template, words=words, **named, **files)  # type: ignore[arg-type]
        super().__init__(self.labelled.splits)

    def read(self, split: str) -> list[Example]:
        records = self.labelled.read(split)
        return [
            Example(word, (record.source.removesuffix(MASK),), word) for record in records for word in record.references
        ]
