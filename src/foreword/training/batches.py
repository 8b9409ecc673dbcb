"""Pairs to batches: in an order that only the seed and the epoch decide, long beside long.

Comes in:  pairs of ids.      Goes out: tensors for one forward pass, with the positions that have a target.
A batch is known by its step alone, so a run that was killed goes on with the very batch it would have had.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from foreword.backbone import Backbone, Texts
from foreword.backbone.padding import flattened
from foreword.backbone.wording import Pair, decoder_opening, pad_id, place_of_answer

POOL = 50  # batches whose pairs are sorted by length together: nearly no padding, yet every epoch mixes anew


@dataclass(frozen=True)
class Batch:
    """One forward pass.

    at:      [N] flat positions (row * T + t) whose next token is a target; targets: [N] those tokens.
    """

    texts: Texts
    at: Tensor
    targets: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(self.texts.to(device), self.at.to(device), self.targets.to(device))


class Schedule:
    """Which pairs make up each step's batch."""

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int):
        self.lengths, self.batch_size, self.seed = list(lengths), batch_size, seed
        self.steps_per_epoch = math.ceil(len(self.lengths) / batch_size)
        self._epoch, self._batches = -1, []

    def rows(self, step: int) -> list[int]:
        """Indices of the pairs of one step, counted from 0 over all epochs."""
        epoch, index = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._epoch_batches(epoch)
        return self._batches[index]

    def _epoch_batches(self, epoch: int) -> list[list[int]]:
        rng = random.Random(f"{self.seed}/{epoch}")
        order = list(range(len(self.lengths)))
        rng.shuffle(order)
        batches = []
        for start in range(0, len(order), POOL * self.batch_size):
            pool = sorted(order[start : start + POOL * self.batch_size], key=self.lengths.__getitem__)
            batches += [pool[i : i + self.batch_size] for i in range(0, len(pool), self.batch_size)]
        rng.shuffle(batches)
        return batches


def collate(backbone: Backbone, pairs: Sequence[Pair], classes: bool = False) -> Batch:
    """Right-padded tensors of these pairs, for the backbone's kind.

    Args:
        classes: targets are numbers of classes, each read off at one place of its row.
    """
    pad = pad_id(backbone)
    if classes:
        return class_batch(backbone, pairs, pad)
    if backbone.kind == "encoder-decoder":
        opening = decoder_opening(backbone)
        ids, mask = padded([p.source for p in pairs], pad)
        decoder_ids, decoder_mask = padded([[*opening, *p.target[:-1]] for p in pairs], pad)
        at, targets = target_positions([len(opening) - 1] * len(pairs), [p.target for p in pairs], decoder_ids.shape[1])
        return Batch(Texts(ids, mask, decoder_ids, decoder_mask), at, targets)
    ids, mask = padded([[*p.source, *p.target[:-1]] for p in pairs], pad)
    ends = [len(p.source) - 1 for p in pairs]
    at, targets = target_positions(ends, [p.target for p in pairs], ids.shape[1])
    return Batch(Texts(ids, mask, starts=torch.tensor(ends)), at, targets)


def class_batch(backbone: Backbone, pairs: Sequence[Pair], pad: int) -> Batch:
    """Sources alone, and behind an encoder the decoder's opening; a target for each, or for each of its places."""
    ids, mask = padded([p.source for p in pairs], pad)
    targets = torch.tensor([number for p in pairs for number in p.target], dtype=torch.long)
    if backbone.kind == "encoder-decoder":
        opening = decoder_opening(backbone)
        texts = Texts(ids, mask, torch.tensor([opening] * len(pairs)))
        return Batch(texts, flattened([[len(opening) - 1]] * len(pairs), len(opening)), targets)
    ends = torch.tensor([len(p.source) - 1 for p in pairs])
    texts = Texts(ids, mask, starts=ends if backbone.kind == "decoder-only" else None)
    columns = [[place_of_answer(backbone, p.source)] if p.places is None else p.places for p in pairs]
    return Batch(texts, flattened(columns, ids.shape[1]), targets)


def padded(rows: Sequence[list[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Ids [B, T] and mask [B, T] of rows of ids, padded on the right."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[pad] * (longest - len(row))] for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return ids, torch.arange(longest) < lengths[:, None]


def target_positions(first: Sequence[int], targets: Sequence[list[int]], width: int) -> tuple[Tensor, Tensor]:
    """Flat positions from which each target token is predicted, and the tokens, both [N], row by row."""
    at = flattened([range(begin, begin + len(target)) for begin, target in zip(first, targets, strict=True)], width)
    return at, torch.tensor([token for target in targets for token in target])
