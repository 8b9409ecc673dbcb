"""Scores against a prefix and weighted sums over it, for rows that share it.

Comes in:  queries or weights of B rows, keys or values of R prefixes.      Goes out: scores or sums for the B rows.
Each prefix serves the B / R rows that follow one another (1 prefix for all rows, one per row, one for all beams of a row);
those rows become one matrix, so a prefix is never expanded over the batch.
"""

import torch
from torch import Tensor


def prefix_scores(query: Tensor, keys: Tensor, lengths: Tensor | None, softcap: float | None = None) -> Tensor:
    """Scores of scaled queries [B, H * G, T, D] against prefix keys [R, H, P, D]: [B, H * G, T, P]."""
    (B, heads, T, D), (R, H, P, _) = query.shape, keys.shape
    together = query.transpose(1, 2).reshape(R, B // R * T, H, heads // H, D).transpose(1, 2).reshape(R, H, -1, D)
    scores = together @ keys.transpose(-1, -2)  # [R, H, B / R * T * G, P]
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if lengths is not None:
        scores = scores.masked_fill(padding(lengths, P), torch.finfo(scores.dtype).min)
    return scores.view(R, H, B // R, T, heads // H, P).permute(0, 2, 1, 4, 3, 5).reshape(B, heads, T, P)


def prefix_sum(weights: Tensor, values: Tensor) -> Tensor:
    """Prefix values [R, H, P, D] under weights [B, H * G, T, P]: [B, T, H * G, D]."""
    (B, heads, T, P), (R, H, _, D) = weights.shape, values.shape
    together = weights.transpose(1, 2).reshape(R, B // R * T, H, heads // H, P).transpose(1, 2).reshape(R, H, -1, P)
    out = together @ values  # [R, H, B / R * T * G, D]
    return out.view(R, H, B // R, T, heads // H, D).permute(0, 2, 3, 1, 4, 5).reshape(B, T, heads, D)


def padding(lengths: Tensor, prefix_len: int) -> Tensor:
    """[R, 1, 1, P], True where a row's prefix has ended."""
    return torch.arange(prefix_len, device=lengths.device) >= lengths[:, None, None, None]
