"""Word edit distances by the thousand, within tercom's beam.

Comes in:  pairs of word lists, words as numbers.      Goes out: per pair the distance, or the path of edits.

All pairs of a batch advance together, one hypothesis word at a time; what is a column of the textbook table is here an
array [pairs, rows], the rows being places in the reference. The beam of tercom drops a cell that is more than
BEAM_WIDTH above the best match or substitution made into its column; a distance can come out too high by it, and the
published figures have it so.
"""

from collections.abc import Iterator, Sequence

import numpy as np

Pair = tuple[Sequence[int], Sequence[int]]  # hypothesis, reference; word numbers from 0

BEAM_WIDTH = 20
_FAR = 1 << 20  # above any distance; room for additions
_MAX_CELLS = 1 << 16  # of one column: keeps a batch in the processor's cache


def edit_distances(pairs: Sequence[Pair]) -> list[int]:
    """Insertions, deletions and substitutions, one each."""
    distances = [0] * len(pairs)
    for indices, batch in _batches(pairs):
        for num_words, column in enumerate(batch.columns()):
            for at in batch.ending_at(num_words):
                distances[indices[at]] = int(column[at, batch.reference_lens[at]])
    return distances


def edit_paths(pairs: Sequence[Pair]) -> list[str]:
    """The edits from the first word on: "=" match, "S" substitution, "I" a word too many, "D" a word missing.

    Among equally short paths, going back from the end, a match or substitution is preferred, then "I", then "D".
    """
    paths = [""] * len(pairs)
    for indices, batch in _batches(pairs):
        table = np.stack(list(batch.columns()))
        for at, index in enumerate(indices):
            paths[index] = _trace(*pairs[index], table[:, at].tolist())
    return paths


class _Batch:
    """Pairs of similar size, padded to rectangles."""

    def __init__(self, pairs: Sequence[Pair]):
        self.hypothesis_lens = np.array([len(hypothesis) for hypothesis, _ in pairs])
        self.reference_lens = np.array([len(reference) for _, reference in pairs])
        self._hypotheses = _padded([hypothesis for hypothesis, _ in pairs], -1)
        self._references = _padded([reference for _, reference in pairs], -2)

    def ending_at(self, num_words: int) -> list[int]:
        return np.flatnonzero(self.hypothesis_lens == num_words).tolist()

    def columns(self) -> Iterator[np.ndarray]:
        """Distances [pairs, rows] of every reference beginning from 0, 1, 2, ... hypothesis words.

        A pair's own last column is not cut by the beam; those before it are. Columns past it mean nothing.
        """
        num_pairs, longest = self._references.shape
        rows = np.arange(longest + 1, dtype=np.int32)
        padding = rows[:-1] >= self.reference_lens[:, None]
        column = np.broadcast_to(rows, (num_pairs, longest + 1))
        ceiling = np.full((num_pairs, 1), _FAR, dtype=np.int32)
        for num_words in range(self._hypotheses.shape[1] + 1):
            cut = (column > ceiling) & (self.hypothesis_lens != num_words)[:, None]
            column = np.where(cut, _FAR, column)
            yield column
            if num_words == self._hypotheses.shape[1]:
                return
            matched = column[:, :-1] + (self._references != self._hypotheses[:, num_words, None])
            matched[padding] = _FAR
            following = column + 1
            np.minimum(following[:, 1:], matched, out=following[:, 1:])
            column = np.minimum.accumulate(following - rows, axis=1) + rows
            ceiling = matched.min(axis=1, initial=_FAR, keepdims=True) + BEAM_WIDTH


def _batches(pairs: Sequence[Pair]) -> Iterator[tuple[list[int], _Batch]]:
    """Batches of pairs of similar size, each with its pairs' indices."""
    count = max(1, _MAX_CELLS // (1 + max((len(reference) for _, reference in pairs), default=0)))
    by_size = sorted(range(len(pairs)), key=lambda index: (len(pairs[index][0]), len(pairs[index][1])))
    for start in range(0, len(pairs), count):
        indices = by_size[start : start + count]
        yield indices, _Batch([pairs[index] for index in indices])


def _padded(texts: Sequence[Sequence[int]], padding: int) -> np.ndarray:
    padded = np.full((len(texts), max(map(len, texts))), padding, dtype=np.int32)
    for row, words in enumerate(texts):
        padded[row, : len(words)] = words
    return padded


def _trace(hypothesis: Sequence[int], reference: Sequence[int], table: list[list[int]]) -> str:
    """The path through one pair's table [hypothesis words + 1, rows], read from its end."""
    at, row = len(hypothesis), len(reference)
    backwards = []
    while at or row:
        here = table[at][row]
        match = at > 0 and row > 0 and hypothesis[at - 1] == reference[row - 1]
        if at and row and here == table[at - 1][row - 1] + (not match):
            backwards.append("=" if match else "S")
            at, row = at - 1, row - 1
        elif at and here == table[at - 1][row] + 1:
            backwards.append("I")
            at -= 1
        else:
            backwards.append("D")
            row -= 1
    return "".join(reversed(backwards))
