"""IMDB: is a film review good or bad, from the folders of text files.

Source: Maas et al. (2011). There is no dev split: `task.dev_split = "train"` draws one out of the training reviews.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import final

from foreword.errors import BadData
from foreword.tasks.labelled import Labelled
from foreword.tasks.reading import Faults, read_text
from foreword.tasks.task import Example, subset


@final
class IMDB(Labelled):
    """A record is a file in the folder of its class."""

    name = "imdb"
    fields = ("review",)
    classes = {"neg": "terrible", "pos": "great"}
    template = "{review} It was {mask} ."
    usual_files = {"train": ("train",), "dev": ("dev",), "test": ("test",)}

    def read(self, split: str) -> list[Example]:
        """In an order drawn once: the folders stand behind each other, and `eval.size` takes the first examples."""
        records = super().read(split)
        return subset(records, len(records), seed=0)

    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        for label in self.classes:
            files = sorted((path / label).glob("*.txt"))
            if not files:
                raise BadData(path / label, "no such folder, or no text files in it. Expected pos/*.txt and neg/*.txt.")
            for file in files:
                yield f"{label}/{file.name}", {"review": read_text(file).replace("<br />", " ")}, label, ""
