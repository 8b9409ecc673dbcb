"""Documents, one by one, as models with an encoder read them.

Comes in:  shards.      Goes out: (source, text) as ids without markers; prose has no source.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scripts.pretraining.objective import tensors_of

Document = tuple[np.ndarray, np.ndarray]


def documents(shard: Path, end: int, max_len: int) -> Iterator[Document]:
    """A shard's documents in their order; longer ones are cut into several, a source at its end."""
    tokens, weight = tensors_of(shard)
    source, start = tokens[:0], 0
    for stop in np.flatnonzero(tokens == end):
        piece, is_source = tokens[start:stop].astype(np.int64), weight[stop] < 100
        start = stop + 1
        if is_source:
            source = piece[:max_len]
            continue
        cuts = range(0, len(piece), max_len) if not len(source) else [0]
        yield from ((source, piece[cut : cut + max_len]) for cut in cuts)
        source = tokens[:0]


def steps_of(shards: Sequence[Path], end: int, max_len: int, step_tokens: int) -> Iterator[list[Document]]:
    """The documents of each step, so many that they hold `step_tokens`, round and round over the shards."""
    held: list[Document] = []
    size = 0
    while True:
        for shard in shards:
            for source, text in documents(shard, end, max_len):
                held.append((source, text))
                size += len(source) + len(text)
                if size >= step_tokens:
                    yield held
                    held, size = [], 0
