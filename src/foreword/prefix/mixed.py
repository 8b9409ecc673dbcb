"""Attention over [prefix; text] of rows that each have a prefix of their own: copied, or kept once for all that carry it.

Comes in:  queries, keys and values of B rows, and their Mixed prefixes.      Goes out: attention over both.

A row's softmax over two parts is a mean of the softmax over each, weighted by its share of the sum: with a = logsumexp of the
prefix scores and b that of the text's, the prefix's share is sigmoid(a - b). Rows of one prefix are one product with its keys
(Juravsky et al., 2024, Hydragen), so that a prefix of thousands of positions is read once a step, however many rows attend to it.
"""

import torch
from torch import Tensor

from foreword.prefix.injection import Mixed
from foreword.prefix.scores import heads_first, prefix_scores, prefix_sum, rows_first, sum_of, text_scores
from foreword.prefix.seam import AttentionSite


def mixed_attention(
    mixed: Mixed,
    where: AttentionSite,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    scale: float,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """Args and what it returns as `prefix_attention` has them, but for two more shapes.

    query: also [1, H * G, B, D], one id of each of B rows in a line; so is what is returned then, [1, B, H * G, D].
    position_bias: also [1, H * G, B, S], of one id of each row.
    """
    in_a_line = len(query) < len(key)
    query = heads_first(query.transpose(0, 2) if in_a_line else query, key.shape[1])
    if position_bias is not None and position_bias.shape[2] != query.shape[3]:
        position_bias = position_bias.transpose(0, 2)
    scores = text_scores(query, key, mask, scale, position_bias, softcap)
    copied = mixed.copied_at(where.site, where.layer)
    if copied is None:
        out = sum_of(torch.softmax(scores, dim=-1), value)
    else:
        num_text = scores.shape[-1]
        scores = torch.cat([text_scores(query, copied[0], mixed.seen, scale, softcap=softcap), scores], dim=-1)
        of_prefix, of_text = torch.softmax(scores, dim=-1).tensor_split([scores.shape[-1] - num_text], dim=-1)
        out = sum_of(of_text, value, onto=sum_of(of_prefix, copied[1]))
    kept = mixed.kept_at(where.site, where.layer)
    behind = torch.logsumexp(scores.float(), dim=-1) if kept else scores
    for rows, prefix in kept:
        ahead = prefix_scores(query[:, rows], prefix.keys, None, scale, softcap)
        share = torch.sigmoid(torch.logsumexp(ahead.float(), dim=-1) - behind[:, rows])[..., None].to(out.dtype)
        out[:, rows] = torch.lerp(out[:, rows], prefix_sum(torch.softmax(ahead, dim=-1), prefix.values), share)
    return rows_first(out).transpose(0, 1) if in_a_line else rows_first(out)
