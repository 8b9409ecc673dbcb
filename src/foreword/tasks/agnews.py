"""AG's news: which of four topics a headline and its first sentences have, from the CSV files without a header.

Source: Zhang et al. (2015), arXiv:1509.01626.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import final

from foreword.tasks.labelled import Labelled
from foreword.tasks.reading import Faults, numbered_rows, read_text


@final
class AGNews(Labelled):
    """A record is a row: class, headline, text."""

    name = "agnews"
    fields = ("headline", "text")
    classes = {"1": "world", "2": "sports", "3": "business", "4": "technology"}
    template = "{headline} {text} This is about {mask} ."
    usual_files = {"train": ("train.csv",), "dev": ("dev.csv",), "test": ("test.csv",)}

    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        for number, row in numbered_rows(path, csv.reader(io.StringIO(read_text(path), newline=""))):
            if len(row) == 3:
                yield number, {"headline": row[1], "text": row[2]}, row[0], ""
            else:
                faults.note(number, f"{len(row)} fields where there must be 3: class, headline, text.")
