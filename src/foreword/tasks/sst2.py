"""SST-2: is a sentence of a film review good or bad, from GLUE's tab-separated files.

GLUE's dev file is the test split: the labels of its test file are not public. For choosing, `task.dev_split = "train"` draws
examples out of the training file.

Source: Socher et al. (2013); Wang et al. (2018), arXiv:1804.07461.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import final

from foreword.errors import BadData
from foreword.tasks.labelled import Labelled
from foreword.tasks.reading import Faults, numbered_rows, read_text

COLUMNS = ("sentence", "label")


@final
class SST2(Labelled):
    """A record is a row."""

    name = "sst2"
    fields = ("sentence",)
    classes = {"0": "terrible", "1": "great"}
    template = "{sentence} It was {mask} ."
    usual_files = {"train": ("train.tsv",), "dev": (), "test": ("dev.tsv",)}

    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
        for number, row in numbered_rows(path, reader):
            if number == 1 and row != list(COLUMNS):
                raise BadData(path, f"the columns must be {' and '.join(COLUMNS)}, got {', '.join(row)}.", line=1)
            if row and len(row) != len(COLUMNS):
                faults.note(number, f"{len(row)} fields where there must be 2: {', '.join(COLUMNS)}.")
            elif row and number > 1:
                yield number, {"sentence": row[0]}, row[1], ""
