"""Attention over [long prefix; text] in two parts, where one copy of a prefix serves whichever rows carry it.

Comes in:  queries, keys and values of B rows, and the prefixes kept for some of them.      Goes out: attention over both.

A row's softmax over both parts is a mean of the softmax over each, weighted by its share of the sum: with a = logsumexp of the
prefix scores and b that of the text's, the prefix's share is sigmoid(a - b). Rows of one prefix are one product with its keys
(Juravsky et al., 2024, Hydragen), so that a prefix of thousands of positions is read once a step, however many rows attend to it.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foreword.prefix.scores import heads_first, prefix_scores, prefix_sum, rows_first, sum_of, text_scores
from foreword.prefix.seam import LayerPrefix


def shared_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    groups: Sequence[tuple[Tensor, LayerPrefix]],
    mask: Tensor,
    scale: float,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """Args as `prefix_attention` has them, the mask added to scores.

    groups: numbers of rows, and the prefix in front of them; a row is in one group or in none.

    Returns:
        [B, T, H * G, D].
    """
    query = heads_first(query, key.shape[1])
    scores = text_scores(query, key, mask, scale, position_bias, softcap)
    out = sum_of(torch.softmax(scores, dim=-1), value)
    of_text = torch.logsumexp(scores.float(), dim=-1)
    for rows, prefix in groups:
        ahead = prefix_scores(query[:, rows], prefix.keys, None, scale, softcap)
        share = torch.sigmoid(torch.logsumexp(ahead.float(), dim=-1) - of_text[:, rows])[..., None].to(out.dtype)
        of_prefix = prefix_sum(torch.softmax(ahead, dim=-1), prefix.values)
        out[:, rows] = torch.lerp(out[:, rows], of_prefix, share)
    return rows_first(out)
