"""Two files of lines, line by line the same in two languages, or styles: translation, paraphrase, simplification.

Comes in:  a folder with train.en and train.de, say, or train.en.gz; which ending is read and which written.
Goes out:  sources and targets as written. This is how WMT and Multi30k keep their texts.
"""

from pathlib import Path
from typing import final

from foreword.errors import BadData, BadRecipe
from foreword.tasks.reading import Faults, read_text, wanted_text
from foreword.tasks.task import Example, Task

STEMS = {"train": ("train",), "dev": ("dev", "val", "valid", "validation"), "test": ("test",)}


@final
class Parallel(Task):
    """A record is a line of both files."""

    name = "parallel"
    metrics = ("sacrebleu", "chrf")

    def __init__(
        self, path: str | Path | None = None, source: str = "en", target: str = "de",
        train: str = "", dev: str = "", test: str = "",
    ):  # fmt: skip
        """`source`, `target`: the files' endings; `train`, `dev`, `test`: the files' names without them."""
        if not path:
            raise BadRecipe("task 'parallel' reads files: give path, a folder with train.en and train.de, say.")
        if source == target:
            raise BadRecipe(f"task.source and task.target must be two endings of files, got {source!r} for both.")
        self.files = {}
        for split, name in (("train", train), ("dev", dev), ("test", test)):
            for stem in (name,) if name else STEMS[split]:
                given, wanted = found(path, stem, source), found(path, stem, target)
                if given and wanted:
                    self.files.setdefault(split, (given, wanted))
            if name and split not in self.files:
                raise BadData(path, f"{name}.{source} and {name}.{target} are not both in it. Check task.{split}.")
        if not self.files:
            raise BadData(
                path,
                f"no train, dev or test with the endings .{source} and .{target} is in it. Check the path, task.source "
                "and task.target.",
            )
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        given, wanted = self.files[split]
        sources, targets = (read_text(file).rstrip("\n").split("\n") for file in (given, wanted))
        if len(sources) != len(targets):
            raise BadData(
                given,
                f"it has {len(sources)} lines, but {wanted.name} has {len(targets)}. Their lines must belong together.",
            )
        faults, records = Faults(given), []
        for number, (source, target) in enumerate(zip(sources, targets, strict=True), start=1):
            with faults.at(number):
                both = (
                    wanted_text(source, "the source").strip(),
                    wanted_text(target, f"the line in {wanted.name}").strip(),
                )
                records.append(Example(both[0], (both[1],)))
        return faults.checked(records)


def found(folder: str | Path, stem: str, ending: str) -> Path | None:
    """The file of lines, as it is or packed."""
    options = (Path(folder) / f"{stem}.{ending}{packed}" for packed in ("", ".gz"))
    return next((path for path in options if path.is_file()), None)
