"""Attention over [prefix; text] for long texts, on PyTorch's fused kernel, without materialising the text's scores.

Comes in:  queries, keys, values, a prefix, a mask.      Goes out: what `materialised_attention` gives, in linear memory.

The fused kernel takes one set of keys and gives no log-sum-exp back, so the prefix enters as *one* extra key whose score is,
for every query, exactly the log-sum-exp c of that query's prefix scores. Softmax then gives that key the prefix's whole share:

    softmax([s_1 .. s_P, t_1 .. t_S]) = [ lambda * softmax(s_1 .. s_P),  softmax([c, t_1 .. t_S])[1:] ], lambda = softmax([c, t])[0]

A score per query cannot come from a dot product of the head size alone, so queries and keys get a few more channels: the
extra key is zero but for ones there, the queries hold c there (in two parts, whose sum keeps c exact in bfloat16), and the
extra key's value is a one in a channel of its own, which hands lambda back. Everything is differentiable as it stands.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

from foreword.prefix.scores import heads_first, prefix_scores, prefix_sum, rows_first

EXTRA = 8  # channels; fused kernels want head sizes in multiples of 8


def fused_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    hidden: Tensor | None,
    mask: Tensor | None,
    causal: bool,
    scale: float,
) -> Tensor:
    """Same arguments as `materialised_attention`; `causal` means no mask but each query sees keys up to its own."""
    grouped = query.shape[1] != key.shape[1]
    if causal and query.shape[2] != key.shape[2]:
        mask, causal = causal_mask(query.shape[2], key.shape[2], query.device), False
    if prefix is None:
        out = scaled_dot_product_attention(query, key, value, mask, 0.0, causal, scale=scale, enable_gqa=grouped)
        return out.transpose(1, 2)
    head_dim, num_kv_heads = query.shape[-1], key.shape[1]
    scores = prefix_scores(heads_first(query, num_kv_heads), prefix[0], hidden, scale).float()  # [H, B, G, T, P]
    total = torch.logsumexp(scores, dim=-1).transpose(0, 1).flatten(1, 2)  # [B, H * G, T]
    extra_query = split_exactly(total, query.dtype)  # [B, H * G, T, EXTRA]
    # In front of the texts' keys, and for a causal text also one idle query in front, so that the triangle stays one.
    out = scaled_dot_product_attention(
        pad(torch.cat([query * scale, extra_query], dim=-1), (0, 0, int(causal), 0)),
        with_extra_key(key, num_ones=2),
        with_extra_key(value, num_ones=1),
        None if mask is None else pad(mask, (1, 0), value=True if mask.dtype == torch.bool else 0.0),
        0.0,
        causal,
        scale=1.0,
        enable_gqa=grouped,
    )[:, :, int(causal) :]
    share = heads_first(out[..., head_dim : head_dim + 1], num_kv_heads)
    weights = torch.softmax(scores, dim=-1).to(value.dtype) * share
    return out[..., :head_dim].transpose(1, 2) + rows_first(prefix_sum(weights, prefix[1]))


def split_exactly(score: Tensor, dtype: torch.dtype) -> Tensor:
    """[B, H * G, T] float32 -> [..., EXTRA] in `dtype`: a coarse part, what it misses, and zeros."""
    coarse = score.to(dtype)
    fine = (score - coarse.float()).to(dtype)
    return pad(torch.stack([coarse, fine], dim=-1), (0, EXTRA - 2))


def with_extra_key(tensor: Tensor, num_ones: int) -> Tensor:
    """[B, H, S, D] -> [B, H, 1 + S, D + EXTRA]: zeros everywhere new, ones in the extra key's first new channels."""
    wide = pad(tensor, (0, EXTRA, 1, 0))
    head_dim = tensor.shape[-1]
    extra = torch.zeros(head_dim + EXTRA, dtype=tensor.dtype, device=tensor.device)
    extra[head_dim : head_dim + num_ones] = 1
    is_extra = torch.arange(wide.shape[2], device=tensor.device)[:, None] == 0
    return torch.where(is_extra, extra, wide)


def causal_mask(num_queries: int, num_keys: int, device: torch.device) -> Tensor:
    """[T, S], True where a query may look: the first sees the first key, as transformers means it when it gives no mask.

    (More keys than queries without a mask: a static cache, whose slots behind the text are still empty.)
    """
    return torch.ones(num_queries, num_keys, dtype=torch.bool, device=device).tril()
