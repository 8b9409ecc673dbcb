"""TER, the edits that turn a hypothesis into a reference, shifts of word runs included, as tercom counts them.

Comes in:  Texts, taken as they are but for case: words are what blanks separate.
Goes out:  Statistics. Metrics that prepare texts for it: webnlg.py.

Source: Snover et al. (2006), "A study of translation edit rate with targeted human annotation"; tercom 0.7.25. The
search for shifts is greedy and full of rules of thumb; each of them moves a corpus figure, so each is kept. sacrebleu's
TER keeps most of them: on the WebNLG outputs of 2017 it is off by one to three edits, and takes minutes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from foreword.metrics.edit_distance import Pair, edit_distances, edit_paths
from foreword.metrics.statistics import Statistics, versions
from foreword.metrics.texts import Texts

MAX_SHIFT_LEN = 10  # words
MAX_SHIFT_DISTANCE = 50  # words


def ter(texts: Texts) -> Statistics:
    """Per example: edits to the closest reference, and the mean length of its references."""
    numbers: dict[str, int] = {}

    def words(text: str) -> list[int]:
        return [numbers.setdefault(word, len(numbers)) for word in text.lower().split()]

    searches = [
        [ShiftSearch(words(hypothesis), words(reference)) for reference in references]
        for hypothesis, references in zip(texts.hypotheses, texts.references, strict=True)
    ]
    shift_until_done([search for of_one in searches for search in of_one])
    rows = [
        [min(search.edits for search in of_one), np.mean([len(search.reference) for search in of_one])]
        for of_one in searches
    ]
    return Statistics(np.array(rows), lambda sums: float(sums[0] / sums[1]), f"case:lc|tok:none|{versions('foreword')}")


class Shift(NamedTuple):
    """Take the words start..end (both included) out and put them behind the word at `behind` (-1: in front of all)."""

    start: int
    end: int
    behind: int

    def applied(self, words: list[int]) -> list[int]:
        moved, rest = words[self.start : self.end + 1], words[: self.start] + words[self.end + 1 :]
        if self.behind < self.start:
            at = self.behind + 1
        elif self.behind > self.end:
            at = self.behind + 1 - len(moved)
        else:  # behind one of its own words: as many words further on as stand before that one
            at = self.behind
        return rest[:at] + moved + rest[at:]


@dataclass
class ShiftSearch:
    """How far the shifting of one hypothesis towards one reference has come."""

    words: list[int]  # the hypothesis as shifted so far, words as numbers
    reference: list[int]
    num_shifts: int = 0
    distance: int = 0
    runs: dict[tuple[int, ...], list[int]] = field(init=False)  # runs of the reference's words, and where they start

    def __post_init__(self):
        self.runs = {}
        known = set(self.words)
        for start in range(len(self.reference)):
            for end in range(start + 1, min(start + MAX_SHIFT_LEN, len(self.reference)) + 1):
                if self.reference[end - 1] not in known:
                    break
                self.runs.setdefault(tuple(self.reference[start:end]), []).append(start)

    @property
    def edits(self) -> int:
        return self.distance + self.num_shifts

    @property
    def pair(self) -> Pair:
        return self.words, self.reference

    def candidates(self, path: str) -> list[Shift]:
        """Shifts worth trying, longest first, given the path of edits between the words and the reference."""
        alignment = _Alignment.of(path)
        found = dict.fromkeys(shift for start in range(len(self.words)) for shift in self._shifts(start, alignment))
        return sorted(found, key=lambda shift: shift.start - shift.end)  # stable: else in order of discovery

    def _shifts(self, start: int, alignment: "_Alignment") -> Iterator[Shift]:
        for end in range(start, min(start + MAX_SHIFT_LEN, len(self.words))):
            targets = self.runs.get(tuple(self.words[start : end + 1]))
            if targets is None:
                return
            if not any(alignment.hypothesis_wrong[start : end + 1]):
                continue
            targets = [target for target in targets if _is_away(alignment.beside[target], start, end)]
            if not targets:
                return
            for target in targets:
                if any(alignment.reference_wrong[target : target + end - start + 1]):
                    yield from _placements(start, end, target, alignment.beside)

    def best(self, shifts: list[Shift], distances: Sequence[int]) -> int | None:
        """The shift to make: most gained, then first in line; one that only pays its own cost is made, too."""
        chosen, cost = None, self.distance
        for index, (shift, distance) in enumerate(zip(shifts, distances, strict=True)):
            if self.distance - cost >= 2 * (shift.end - shift.start + 1):
                break  # no shift of so few words can mend more
            if distance + 1 < cost or (chosen is None and distance + 1 == cost):
                chosen, cost = index, distance + 1
        return chosen


def shift_until_done(searches: Sequence[ShiftSearch]) -> None:
    """Make all shifts that pay, all searches side by side, so that their distances are worked out in bulk."""
    for search, distance in zip(searches, edit_distances([search.pair for search in searches]), strict=True):
        search.distance = distance
    running = list(searches)
    while running:
        paths = edit_paths([search.pair for search in running])
        shifts = [search.candidates(path) for search, path in zip(running, paths, strict=True)]
        tried = [
            (shift.applied(search.words), search.reference)
            for search, of_one in zip(running, shifts, strict=True)
            for shift in of_one
        ]
        distances = iter(edit_distances(tried))
        still_running = []
        for search, of_one in zip(running, shifts, strict=True):
            of_this = [next(distances) for _ in of_one]
            chosen = search.best(of_one, of_this)
            if chosen is not None:
                search.words = of_one[chosen].applied(search.words)
                search.distance = of_this[chosen]
                search.num_shifts += 1
                still_running.append(search)
        running = still_running


def _is_away(beside: int, start: int, end: int) -> bool:
    """Whether a reference position stands beside a word outside of start..end, and not too far off."""
    return not start <= beside <= end and abs(beside - start) <= MAX_SHIFT_DISTANCE


def _placements(start: int, end: int, target: int, beside: list[int]) -> Iterator[Shift]:
    """Where a run may go that matches the reference from `target` on: in front of that place, or behind each of its words."""
    for place in range(target - 1, target + end - start + 1):
        behind = beside[place] if place >= 0 else -1
        if behind != start:  # that would move nothing
            yield Shift(start, end, behind)


@dataclass(frozen=True)
class _Alignment:
    """A path of edits, read off per word."""

    hypothesis_wrong: list[bool]
    reference_wrong: list[bool]
    beside: list[int]  # per reference word, the hypothesis word beside it, or the last one before it

    @staticmethod
    def of(path: str) -> "_Alignment":
        alignment = _Alignment([], [], [])
        for edit in path:
            if edit != "D":
                alignment.hypothesis_wrong.append(edit != "=")
            if edit != "I":
                alignment.reference_wrong.append(edit != "=")
                alignment.beside.append(len(alignment.hypothesis_wrong) - 1)
        return alignment
