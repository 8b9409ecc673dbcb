"""What a task is: sources with their gold texts, by split, and the names of the metrics that score it.

Comes in:  records, as a subclass reads or makes them.
Goes out:  pairs (training), examples (evaluation), a hash of the data (for result signatures), subsets (low data).
Knows no tokenizer, no model and no metric; the text that joins source and target is written elsewhere.
"""

import hashlib
import json
import random
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.marks import MASK, SOFT, SOURCE, refused

T = TypeVar("T")
ALL = "all"  # what all examples together are called beside their groups


@dataclass(frozen=True)
class Example:
    """One source and everything that counts as a right answer to it."""

    source: str
    references: tuple[str, ...]
    group: str = ""  # scored apart as well, e.g. "seen" and "unseen"; "" = no groups
    unit: str = ""  # examples that are right together or not at all, e.g. the answers to one question; "" = each alone


class Task(ABC):
    """One data set. Final subclasses live one per file; they say how a split is read and nothing else."""

    name: ClassVar[str]
    metrics: tuple[str, ...]
    words: tuple[str, ...] = ()  # where every answer is one of a few: these
    instruction: str = ""  # words in front of every source; see `instruct`
    num_soft: int = 0  # places in every source for vectors that a method trains
    question: str = ""  # what a text that is in no file becomes, "{source}" in it; "" = it stays as it is
    merges: ClassVar[bool] = True  # records with one source are one example, whose references are all of theirs
    per_word: ClassVar[bool] = False  # an answer is one of them for each word of the source
    has_places: ClassVar[bool] = False  # every source has a place for its answer, and `num_soft` for vectors

    def __init__(self, splits: Iterable[str]):
        self.splits = tuple(splits)
        # Read once: a file that changes under a running training must not part the hash from the data.
        self._records: dict[str, list[Example]] = {}

    @abstractmethod
    def read(self, split: str) -> list[Example]:
        """The records of one split as they stand in the file, in its order; a source may come back in a later one."""

    def instruct(self, words: str) -> None:
        """Put words in front of every source, of those in the files and of any other; before any split is read.

        Raises:
            BadRecipe: answers are for each word, or the words have a place for the source.
        """
        assert not self._records, "a split is read already, without the words"
        if self.per_word:
            raise BadRecipe(
                f"task.instruction: task {self.name!r} gives each word an answer, and these would have none. Leave it out."
            )
        if SOURCE in words:
            raise BadRecipe(
                f"task.instruction stands in front of every source, {SOURCE} and all, got {words!r}. Leave {SOURCE} out."
            )
        self.instruction, self.question = words, f"{words} {self.question or SOURCE}"

    def records(self, split: str) -> list[Example]:
        """What `read` gives, read once.

        Raises:
            UnknownName: the task has no such split.
            BadData: a text holds a mark of ours, or a group is called as all of them are.
        """
        if split not in self.splits:
            raise UnknownName(f"split of task {self.name!r}", split, self.splits)
        if split not in self._records:
            read = self.read(split)
            for number, record in enumerate(read, start=1):
                if fault := self.fault_of(record):
                    raise BadData(f"task {self.name!r}, {split} split, record {number}", fault)
            front = f"{self.instruction} " if self.instruction else ""
            self._records[split] = [replace(r, source=f"{front}{r.source}") for r in read] if front else read
        return list(self._records[split])

    def fault_of(self, record: Example) -> str:
        """Why a record cannot be told from what we put into texts ourselves; "" where it can."""
        if record.group == ALL:
            return f"a group cannot be called {ALL!r}, as all groups together are. Give it another name."
        written = "".join(record.references)
        for mark, num in ((MASK, int(self.has_places)), (SOFT, self.num_soft)):
            if mark in written or record.source.count(mark) != num:
                return f"it {refused(mark)}"
        return ""

    def examples(self, split: str) -> list[Example]:
        """One example per distinct source (within its group), in order of first appearance, its references together.

        Of tasks that do not merge (classes, tags): every record, for a text that stands there twice counts twice.
        """
        if not self.merges:
            return self.records(split)
        together: dict[tuple[str, str, str], list[str]] = {}
        for record in self.records(split):
            together.setdefault((record.source, record.group, record.unit), []).extend(record.references)
        return [Example(source, tuple(texts), group, unit) for (source, group, unit), texts in together.items()]

    def pairs(self, split: str) -> list[tuple[str, str]]:
        """One (source, reference) per reference, in file order: what training sees."""
        return [(record.source, reference) for record in self.records(split) for reference in record.references]

    def data_hash(self, split: str) -> str:
        """sha256 (hex) over the pairs; two data sets with the same hash train and score alike."""
        digest = hashlib.sha256()
        for pair in self.pairs(split):
            digest.update(json.dumps(pair).encode() + b"\n")
        return digest.hexdigest()


def subset(items: Sequence[T], size: int, seed: int) -> list[T]:
    """`size` of the items, drawn without replacement in an order that only `seed` and their number decide.

    A smaller subset is the beginning of a larger one, so what a larger one adds never overlaps the smaller:
    `subset(pairs, 130, seed)[100:]` is a held-out set for `subset(pairs, 100, seed)`.

    Raises:
        BadRecipe: size is not between 1 and the number of items.
    """
    if not 1 <= size <= len(items):
        raise BadRecipe(f"a subset must have between 1 and {len(items)} items (all there are), got size {size}.")
    rng = random.Random(seed)
    # Sorting by random() rather than shuffle(): Python promises the first to stay the same between its versions.
    keys = [rng.random() for _ in items]
    order = sorted(range(len(items)), key=keys.__getitem__)
    return [items[index] for index in order[:size]]
