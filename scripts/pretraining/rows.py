"""Rows of equal length, cut from one endless row of documents.

Comes in:  shards.      Goes out: micro-batches of rows, in an order that follows from their number.
"""

from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
from scripts.pretraining.objective import generator_of, tensors_of
from scripts.pretraining.plan import Plan
from torch import Tensor


def rows(shards: Sequence[Path], plan: Plan, first_token: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Micro-batches (tokens [B, T + 1], weight [B, T]) from `first_token` on, round and round over the shards."""
    at = 0  # tokens passed; what a shard has beyond its last whole micro-batch is left
    while True:
        for shard in shards:
            tokens, weight = tensors_of(shard)
            for start in range(0, len(tokens) - plan.micro_tokens, plan.micro_tokens):
                if at >= first_token:
                    row_len = plan.row_len_at(at // plan.step_tokens)
                    span = slice(start, start + plan.micro_tokens + 1)
                    ids = torch.from_numpy(tokens[span].astype(np.int64))
                    part = torch.from_numpy(weight[span][1:].astype(np.float32)) / 100
                    yield ids.unfold(0, row_len + 1, row_len), part.view(-1, row_len)
                at += plan.micro_tokens


def row_steps(
    shards: Sequence[Path], plan: Plan, first_step: int
) -> Iterator[tuple[list[tuple[Tensor, Tensor]], torch.Generator]]:
    """Each step's micro-batches, as `rows` gives them, and its own random numbers."""
    stream, per_step = rows(shards, plan, first_step * plan.step_tokens), plan.step_tokens // plan.micro_tokens
    for step in count(first_step):
        yield list(islice(stream, per_step)), generator_of(plan, step)


def held_out_rows(shard: Path, row_len: int, max_rows: int = 128) -> Iterator[tuple[Tensor, Tensor]]:
    """(tokens [16, T + 1], whether each of the last T counts in full) of a held-out shard."""
    tokens, weight = tensors_of(shard)
    count = min(max_rows, (len(tokens) - 1) // row_len)
    ids = torch.from_numpy(tokens[: count * row_len + 1].astype(np.int64)).unfold(0, row_len + 1, row_len)
    full = torch.from_numpy(weight[1 : count * row_len + 1] == 100).float().view(count, row_len)
    yield from zip(ids.split(16), full.split(16), strict=True)
