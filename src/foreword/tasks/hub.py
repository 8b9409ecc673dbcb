"""Data sets by their name on the hub, or from a local folder in the hub's format, read through `datasets`.

Comes in:  a name such as "knkarthick/dialogsum", the columns' names; optionally configuration and revision.
Goes out:  sources and references as written; a target may be one text or a list of texts.
Data sets on the hub change: give a revision when the numbers are to be compared.
`datasets` is an optional dependency and imported only when this task is used.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import final

from foreword.errors import BadData, BadRecipe, MissingTool
from foreword.tasks.reading import Fault, Faults, show, wanted_references, wanted_text
from foreword.tasks.task import Example, Task


@final
class Hub(Task):
    """Columns and splits are the user's to name; a split the data set lacks is a split the task lacks."""

    name = "hub"
    metrics = ("bleu", "rouge-l", "chrf")

    def __init__(
        self,
        path: str | Path | None = None,
        source: str = "source",
        target: str = "target",
        group: str = "",
        config: str = "",
        revision: str = "",
        train: str = "train",
        dev: str = "validation",
        test: str = "test",
    ):
        """Columns by name (`group` = "" for none); train, dev and test are the hub's names of these splits."""
        if not path:
            raise BadRecipe(
                "task 'hub' needs path: a data set's name on the hub, e.g. 'knkarthick/dialogsum', or a local folder."
            )
        datasets = import_datasets()
        self.path, self.config, self.revision = str(path), config or None, revision or None
        self.source, self.target, self.group = source, target, group
        with told_as_ours(self.path):
            there = datasets.get_dataset_split_names(self.path, config_name=self.config, revision=self.revision)
        names = {"train": train, "dev": dev, "test": test}
        self.hub_names = {split: name for split, name in names.items() if name in there}
        if not self.hub_names:
            raise BadData(
                path, f"the splits are {', '.join(there)}. Name yours with the arguments train, dev and test."
            )
        super().__init__(self.hub_names)

    def read(self, split: str) -> list[Example]:
        datasets, name = import_datasets(), self.hub_names[split]
        with told_as_ours(self.path):
            rows = datasets.load_dataset(self.path, name=self.config, split=name, revision=self.revision)
        for column in (self.source, self.target, self.group):
            if column and column.partition(".")[0] not in rows.column_names and column not in rows.column_names:
                hint = "Name yours with the task's arguments source, target and group."
                raise BadData(
                    self.path, f"no column {column!r}; the columns are {', '.join(rows.column_names)}. {hint}"
                )
        faults, records = Faults(f"{self.path} ({name})", unit="row"), []
        for number, row in enumerate(rows, start=1):
            with faults.at(number):
                records.append(self._example(row))
        return faults.checked(records)

    def _example(self, row: dict) -> Example:
        source, target = wanted_text(within(row, self.source), f"column {self.source!r}"), within(row, self.target)
        what = f"column {self.target!r}"
        references = wanted_references(target, what) if isinstance(target, list) else (wanted_text(target, what),)
        group = within(row, self.group) if self.group else ""
        if not isinstance(group, str):
            raise Fault(f"column {self.group!r} must hold strings, got {group!r}.")
        return Example(source, references, group)


def within(row: Mapping[str, object], column: str) -> object:
    """A row's value in a column, or in a part of it: "translation.en" is en in translation."""
    name, _, part = column.partition(".")
    if column in row or not part:
        return row[column]
    whole = row[name]
    if not isinstance(whole, dict) or part not in whole:
        raise Fault(f"column {name!r} has no part {part!r}, got {show(whole)}.")
    return whole[part]


@contextmanager
def told_as_ours(path: str) -> Iterator[None]:
    """What `datasets` complains of (no such set, no network, broken files, a set that is a program) as BadData."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, import_datasets().exceptions.DatasetsError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        advice = "Check path, config, revision and the network."
        if "scripts are no longer supported" in lines[0]:
            advice = "Most have a copy as plain files on the hub: task.revision=refs/convert/parquet."
        raise BadData(path, f"cannot be loaded ({lines[0]}). {advice}") from error


def import_datasets() -> ModuleType:
    """The package, or word of how to get it."""
    try:
        import datasets
    except ImportError:
        message = "task 'hub' needs the package datasets, which is not installed: pip install 'foreword[hub]'"
        raise MissingTool(message) from None
    return datasets
