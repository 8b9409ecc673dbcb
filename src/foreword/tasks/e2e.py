"""The E2E NLG challenge: restaurant tables to sentences, from the official CSV files.

Comes in:  trainset.csv, devset.csv, testset_w_refs.csv (columns mr, ref), or one such file per split.
Goes out:  "name : The Vaults | Type : pub | price : more than £30 | ..." with the official texts.

Fields keep the order of the file; three are renamed, as in the files the prefix-tuning paper trained on.
What differs from those files: there, values and texts are split at punctuation ("£ 30", "family - friendly"); here
both stay as the official CSV has them, because the official scorer reads that text and splits it itself.
Of a text only the ends are stripped: double spaces and the two line breaks in the training file stay.

Source: Li and Liang (2021), arXiv:2101.00190, appendix A.1; data: Novikova et al. (2017), arXiv:1706.09254.
"""

import re
from pathlib import Path
from typing import final

from foreword.tasks.linearize import linearize_fields
from foreword.tasks.reading import Fault, Faults, read_csv, show, split_files, wanted_text
from foreword.tasks.task import Example, Task

FILES = {"train": ("trainset.csv",), "dev": ("devset.csv",), "test": ("testset_w_refs.csv",)}
RENAMED = {"eatType": "Type", "priceRange": "price", "familyFriendly": "family friendly"}

FIELD = r"[^\[\],]+\[[^\[\]]+\]"
MEANING = re.compile(rf"{FIELD}(, {FIELD})*")
NAME_AND_VALUE = re.compile(r"([^\[\],]+)\[([^\[\]]+)\]")


@final
class E2E(Task):
    """A record is a row; the test set's 4,693 rows are 630 examples."""

    name = "e2e"
    metrics = ("bleu", "nist", "meteor", "rouge-l", "cider")

    def __init__(self, path: str | Path | None = None, train: str = "", dev: str = "", test: str = ""):
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        faults, records = Faults(path), []
        hint = "The official file has mr and ref; the challenge's test set with texts is testset_w_refs.csv."
        for number, row in read_csv(path, ("mr", "ref"), hint, faults):
            with faults.at(number):
                source = linearize_fields(meaning(row["mr"]))
                records.append(Example(source, (wanted_text(row["ref"], "'ref'").strip(),)))
        return faults.checked(records)


def meaning(text: str) -> list[tuple[str, str]]:
    """The fields of `name[The Vaults], eatType[pub]`, three of them under their new names."""
    if not MEANING.fullmatch(text.strip()):
        raise Fault(
            f"'mr' must read like 'name[The Vaults], eatType[pub]', got {show(text)}. Correct or drop the line."
        )
    fields = [(found[1].strip(), found[2]) for found in NAME_AND_VALUE.finditer(text)]
    return [(RENAMED.get(name, name), value) for name, value in fields]
