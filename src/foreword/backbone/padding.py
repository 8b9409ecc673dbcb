"""Where the padding stands: any text, padded anywhere, brought into the one form a model was made for.

Comes in:  ids [B, T] and a mask that is True on real tokens.      Goes out: the same tokens in the same order, padding on one side.
Models that take no positions count them from the left, padding included, so their padding must stand on the right; generation
appends on the right, so there it must stand on the left.
"""

from collections.abc import Sequence

import torch
from torch import Tensor


def padded_on(side: str, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
    """Move the padding of every row to `side` ("left" or "right").

    Returns:
        ids, mask: [B, T].
        place: [B, T], where each token of the given rows stands now; None when nothing had to move.
    """
    wrong = mask[:, :-1] & ~mask[:, 1:] if side == "left" else ~mask[:, :-1] & mask[:, 1:]
    if not bool(wrong.any()):
        return ids, mask, None
    order = torch.argsort(mask.long(), dim=1, stable=True, descending=side == "right")
    return ids.gather(1, order), mask.gather(1, order), torch.argsort(order, dim=1)


def flattened(columns: Sequence[Sequence[int]], width: int) -> Tensor:
    """[N]: columns of each row as flat positions (row * width + column), row by row."""
    return torch.tensor([row * width + at for row, some in enumerate(columns) for at in some], dtype=torch.long)


def flat_places(at: Tensor, place: Tensor) -> Tensor:
    """Flat positions (row * T + t) of the given rows, as flat positions of the moved ones."""
    row = torch.arange(place.shape[0], device=place.device)[:, None]
    return (place + row * place.shape[1]).flatten()[at]


def positions(mask: Tensor) -> Tensor:
    """Position of every token among the real ones of its row, [B, T]; padding before them counts as the first."""
    return (mask.long().cumsum(-1) - 1).clamp(min=0)
