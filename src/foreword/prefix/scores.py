"""Products of attention with heads in front: [H, B, G, T, D], so that the rows which share a prefix are one matrix.

Comes in:  queries or weights of B rows, keys or values of R prefixes or of the rows themselves.      Goes out: scores or sums.
Each prefix serves the B / R rows that follow one another (1 prefix for all rows, one per row, one for all beams of a row).
With heads in front those rows stand together for every head: a prefix is never expanded over the batch, grouped heads share
their keys, and one copy of the queries serves text and prefix alike.

Letters: B rows, H key-value heads, G query heads per key-value head, T queries, S text keys, R prefixes, P positions, D head size.
"""

import torch
from torch import Tensor


def heads_first(tensor: Tensor, num_kv_heads: int) -> Tensor:
    """[B, H * G, T, D] -> [H, B, G, T, D], contiguous."""
    return tensor.unflatten(1, (num_kv_heads, -1)).transpose(0, 1).contiguous()


def rows_first(tensor: Tensor) -> Tensor:
    """[H, B, G, T, D] -> [B, T, H * G, D], as attention hands its output on."""
    return tensor.permute(1, 3, 0, 2, 4).flatten(2, 3)


def scores_of(query: Tensor, key: Tensor, scale: float, softcap: float | None = None) -> Tensor:
    """Each row's queries [H, B, G, T, D] against its own keys [B, H, S, D]: [H, B, G, T, S]."""
    H, B, G, T, D = query.shape
    if stays(key, G * T):
        scores = product(query.transpose(0, 1).reshape(B * H, G * T, D), key.flatten(0, 1).transpose(1, 2), scale)
        return capped(scores.view(B, H, G, T, -1).transpose(0, 1), softcap)
    scores = product(query.view(H * B, G * T, D), heads_in_front(key).transpose(1, 2), scale)
    return capped(scores.view(H, B, G, T, -1), softcap)


def text_scores(
    query: Tensor,
    key: Tensor,
    mask: Tensor | None,
    scale: float,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """`scores_of`, with what a position bias [1 or B, H * G, T, S] and a mask add."""
    scores = scores_of(query, key, scale, softcap)
    if position_bias is not None:
        scores = scores + position_bias.unflatten(1, (key.shape[1], -1)).transpose(0, 1)
    return scores if mask is None else scores + added(mask, scores.dtype)


def sum_of(weights: Tensor, value: Tensor, onto: Tensor | None = None) -> Tensor:
    """Each row's values [B, H, S, D] under its weights [H, B, G, T, S], added onto other sums: [H, B, G, T, D]."""
    H, B, G, T, S = weights.shape
    if stays(value, G * T):
        sums = product(weights.transpose(0, 1).reshape(B * H, G * T, S), value.flatten(0, 1))
        sums = sums.view(B, H, G, T, -1).transpose(0, 1)
        return sums if onto is None else onto + sums
    onto = None if onto is None else onto.reshape(H * B, G * T, -1)
    return product(weights.reshape(H * B, G * T, S), heads_in_front(value), onto=onto).view(H, B, G, T, -1)


def stays(cached: Tensor, num_queries: int) -> bool:
    """Whether keys or values [B, H, S, D] are taken as they lie: a cache that few queries look at (generation) is not copied,
    nor is the filled part of one that was made larger.

    In training they are views of a projection that no product can take, so they are copied in any case: heads in front.
    """
    size, stride = cached.shape, cached.stride()
    rows_and_heads_are_one = stride[0] == size[1] * stride[1] or size[0] == 1
    return num_queries < size[3] and rows_and_heads_are_one and stride[2:] == (size[3], 1)


def prefix_scores(
    query: Tensor, keys: Tensor, hidden: Tensor | None, scale: float, softcap: float | None = None
) -> Tensor:
    """Queries [H, B, G, T, D] against prefix keys [H, R, P, D]: [H, B, G, T, P]; lowest where [B, 1, T or 1, P] says hidden."""
    (H, B, G, T, D), (_, R, P, _) = query.shape, keys.shape
    scores = capped(product(query.view(H * R, -1, D), keys.flatten(0, 1).transpose(1, 2), scale), softcap)
    scores = scores.view(H, B, G, T, P)
    return scores if hidden is None else scores.masked_fill(hidden, torch.finfo(scores.dtype).min)


def prefix_sum(weights: Tensor, values: Tensor) -> Tensor:
    """Prefix values [H, R, P, D] under weights [H, B, G, T, P]: [H, B, G, T, D]."""
    (H, B, G, T, P), R = weights.shape, values.shape[1]
    return product(weights.reshape(H * R, -1, P), values.flatten(0, 1)).view(H, B, G, T, -1)


def heads_in_front(tensor: Tensor) -> Tensor:
    """[B, H, S, D] -> [H * B, S, D]."""
    return tensor.transpose(0, 1).flatten(0, 1)


def product(left: Tensor, right: Tensor, scale: float = 1.0, onto: Tensor | None = None) -> Tensor:
    """onto + scale * left @ right, batch by batch, in one pass."""
    if onto is None:
        return torch.baddbmm(left.new_zeros(()), left, right, beta=0, alpha=scale)
    return torch.baddbmm(onto, left, right, alpha=scale)


def capped(scores: Tensor, softcap: float | None) -> Tensor:
    """Scores that never pass the cap (Gemma 2)."""
    return scores if softcap is None else softcap * torch.tanh(scores / softcap)


def added(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask [T, S] or [B, 1, T, S] as what is added to scores [H, B, G, T, S]; adding costs the backward pass nothing."""
    mask = as_number(mask, dtype)
    return mask if mask.ndim == 2 else mask.transpose(0, 1)[:, :, None]


def as_number(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A mask as what is added to scores.

    The lowest number is finite: a left pad's row without a prefix sees nothing and must not become NaN.
    """
    if mask.dtype != torch.bool:
        return mask
    return torch.zeros((), dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)
