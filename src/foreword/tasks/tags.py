"""Words with a tag each (names, parts of speech): columns as CoNLL's files have them, or JSON lines.

Comes in:  a line for each word, the word first and its tag last, a blank line behind each sentence;
           or, in files that end in .jsonl: {"words": ["Ann", "sings"], "tags": ["B-PER", "O"]}
Goes out:  a sentence's words, parted by spaces, and its tags, likewise.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import final

from foreword.errors import BadRecipe
from foreword.tasks.reading import Fault, Faults, read_json_lines, read_text, show, split_files
from foreword.tasks.task import Example, Task

DOCUMENT = "-DOCSTART-"
FILES = {
    split: tuple(f"{name}{ending}" for name in names for ending in (".jsonl", ".conll", ".txt"))
    for split, names in {"train": ("train",), "dev": ("dev", "valid"), "test": ("test",)}.items()
}


@final
class Tags(Task):
    """A record is a sentence."""

    name = "tags"
    metrics = ("tag-accuracy", "span-f1")
    merges = False
    per_word = True

    def __init__(
        self, path: str | Path | None = None, classes: str = "", train: str = "", dev: str = "", test: str = ""
    ):
        """`classes`: the tags as the files have them, parted by commas."""
        self.words = tuple(dict.fromkeys(name.strip() for name in classes.split(",") if name.strip()))
        if len(self.words) < 2:
            raise BadRecipe(f"task 'tags' needs task.classes: two tags or more, parted by commas, got {classes!r}.")
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        faults, records = Faults(path), []
        sentences = lines_of(path, faults) if path.suffix == ".jsonl" else columns_of(path)
        for place, words, tags in sentences:
            with faults.at(place):
                source, answer = joined(words, "words"), joined(tags, "tags")
                self.check(source.split(" "), answer.split(" "))
                records.append(Example(source, (answer,)))
        return faults.checked(records)

    def check(self, words: list[str], tags: list[str]) -> None:
        """Raises Fault: a word without a tag, a tag that is not known."""
        if len(tags) != len(words):
            raise Fault(f"{len(words)} words, and {len(tags)} tags. Give each word one.")
        for tag in tags:
            if tag not in self.words:
                raise Fault(f"a tag must be {' or '.join(self.words)} (task.classes), got {show(tag)}.")


def joined(parts: object, what: str) -> str:
    """Parted by spaces, so that they can be told apart again."""
    if not isinstance(parts, list) or not parts:
        raise Fault(f"{what!r} must be a non-empty list of strings, got {show(parts)}.")
    for part in parts:
        if not isinstance(part, str) or part.split() != [part]:
            raise Fault(f"{what!r} must be strings without spaces, got {show(part)}.")
    return " ".join(parts)


def lines_of(path: Path, faults: Faults) -> Iterator[tuple[int, object, object]]:
    """(line number, words, tags) of each sentence."""
    for number, line in read_json_lines(path, faults):
        if isinstance(line, dict):
            yield number, line.get("words"), line.get("tags")
        else:
            faults.note(number, f"must be an object with words and tags, got {show(line)}.")


def columns_of(path: Path) -> Iterator[tuple[int, list[str], list[str]]]:
    """(number of the first word's line, words, tags) of each sentence; a document's opening line is passed over."""
    first, rows = 0, []
    for number, line in enumerate([*read_text(path).split("\n"), ""], start=1):
        columns = line.split()
        if columns and columns[0] != DOCUMENT:
            first = first if rows else number
            rows.append(columns)
        elif rows:
            yield first, [row[0] for row in rows], [row[-1] for row in rows if len(row) > 1]
            rows = []
