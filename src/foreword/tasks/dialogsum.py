"""DialogSum: a summary of a dialogue, from its JSON lines; a test dialogue has three summaries.

Source: Chen et al. (2021), Findings of ACL.
"""

from pathlib import Path
from typing import final

from foreword.tasks.reading import Faults, read_json_lines, split_files, wanted_text
from foreword.tasks.task import Example, Task

FILES = {
    "train": ("dialogsum.train.jsonl",),
    "dev": ("dialogsum.dev.jsonl",),
    "test": ("dialogsum.test.jsonl",),
}


@final
class DialogSum(Task):
    """A record is a line with `dialogue` and `summary`, or `summary1` to `summary3`. Its turns follow one another in one line."""

    name = "dialogsum"
    metrics = ("rouge1", "rouge2", "rougeL")

    def __init__(self, path: str | Path | None = None, train: str = "", dev: str = "", test: str = ""):
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        faults, records = Faults(self.files[split]), []
        for number, line in read_json_lines(self.files[split], faults):
            with faults.at(number):
                given = line if isinstance(line, dict) else {}
                dialogue = wanted_text(given.get("dialogue"), "'dialogue'")
                names = [name for name in sorted(given) if name.startswith("summary")] or ["summary"]
                summaries = tuple(wanted_text(given.get(name), f"{name!r}") for name in names)
                records.append(Example(" ".join(dialogue.split()), summaries))
        return faults.checked(records)
