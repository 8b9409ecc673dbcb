"""Your own data as CSV: one column with sources, one with targets, rows with the same source belonging together.

Comes in:  train.csv, dev.csv, test.csv in a folder, or one file per split; the columns' names.
Goes out:  sources and targets as written. Other columns are passed over.
"""

from pathlib import Path
from typing import final

from foreword.tasks.reading import Faults, read_csv, split_files, wanted_text
from foreword.tasks.task import Example, Task

FILES = {"train": ("train.csv",), "dev": ("dev.csv",), "test": ("test.csv",)}


@final
class CSVTable(Task):
    """A record is a row."""

    name = "csv"
    metrics = ("bleu", "rouge-l", "chrf")

    def __init__(
        self,
        path: str | Path | None = None,
        source: str = "source",
        target: str = "target",
        group: str = "",
        train: str = "",
        dev: str = "",
        test: str = "",
    ):
        """Columns by name; `group` = "" when there are no groups."""
        self.source, self.target, self.group = source, target, group
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        columns = [column for column in (self.source, self.target, self.group) if column]
        hint = "Name yours with the task's arguments source, target and group."
        faults, records = Faults(path), []
        for number, row in read_csv(path, columns, hint, faults):
            with faults.at(number):
                source = wanted_text(row[self.source], f"column {self.source!r}")
                target = wanted_text(row[self.target], f"column {self.target!r}")
                records.append(Example(source, (target,), row[self.group] if self.group else ""))
        return faults.checked(records)
