"""The one attention function, which attends to the injection of the current forward pass before the text.

Comes in:  queries, keys and values as a transformers attention module hands them over, and the current Injection.
Goes out:  attention over [prefix; text].
Scores are concatenated, keys are not: the text's own cache stays as it is, and the prefix is laid out once per forward pass or
generation, never per row or step. Registered with transformers by `backbone/`; this file knows tensors only.

Letters: B rows, H key-value heads, G query heads per key-value head, T queries, S text keys, P prefix positions, D head size.
"""

import torch
from torch import Tensor, nn

from foreword.prefix.fused import causal_mask, fused_attention
from foreword.prefix.injection import LayerPrefix, Opened
from foreword.prefix.mixed import mixed_attention
from foreword.prefix.scores import as_number, heads_first, prefix_scores, prefix_sum, rows_first, sum_of, text_scores
from foreword.prefix.seam import MARK, Asked, AttentionSite, Watched

# Queries from which the fused kernel is used. Below it, materialised scores are faster on CPUs (docs/log.md).
FUSED_FROM = 320


def prefix_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    is_causal: bool | None = None,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
    s_aux: Tensor | None = None,
    **_: object,
) -> tuple[Tensor, None]:
    """Attention over [prefix; text], in the signature of transformers' AttentionInterface.

    Args:
        query: [B, H * G, T, D].   key, value: [B, H, S, D].
        attention_mask: [B, 1, T, S], bool or added to the scores; None means causal or full, as the module says.
        position_bias: [1 or B, H * G, T, S], added to the text's scores; prefix positions have none (T5).
        s_aux: attention sinks; recorded here, refused by `backbone/` before a prefix can meet them.

    Returns:
        [B, T, H * G, D], and None for the weights.
    """
    where: AttentionSite | None = getattr(module, MARK, None)
    if where is not None and where.seam.record is not None:
        where.seam.record.append(Asked(module, where, query.shape[2], key, value, has_sinks=s_aux is not None))
    prefix, hidden = (None, None) if where is None else injected_at(where, query, key)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    if where is not None and where.seam.mixed is not None:
        assert attention_mask is not None or not is_causal, (
            "rows that each have their own prefix come with a mask of their own"
        )
        mixed = where.seam.mixed
        return mixed_attention(mixed, where, query, key, value, attention_mask, scale, position_bias, softcap), None
    causal = bool(is_causal) and attention_mask is None and query.shape[2] > 1
    if where is not None and where.seam.watched is not None:
        watched = where.watched(0 if prefix is None else prefix[0].shape[2])
        if watched is not None:
            mask = causal_mask(query.shape[2], key.shape[2], query.device) if causal else attention_mask
            weights = attention_weights(query, key, prefix, hidden, mask, scale, position_bias, softcap)
            where.seam.watched.append(Watched(where, weights[..., watched]))
    if softcap is None and dropout == 0.0 and query.shape[2] >= FUSED_FROM:
        if position_bias is not None:
            mask = causal_mask(query.shape[2], key.shape[2], query.device) if causal else attention_mask
            attention_mask, causal = (
                position_bias if mask is None else position_bias + as_number(mask, query.dtype),
                False,
            )
        return fused_attention(query, key, value, prefix, hidden, attention_mask, causal, scale), None
    if causal:
        attention_mask = causal_mask(query.shape[2], key.shape[2], query.device)
    return materialised_attention(
        query, key, value, prefix, hidden, attention_mask, scale, dropout, position_bias, softcap
    ), None


def materialised_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    hidden: Tensor | None,
    mask: Tensor | None,
    scale: float,
    dropout: float = 0.0,
    position_bias: Tensor | None = None,
    softcap: float | None = None,
) -> Tensor:
    """The obvious way: scores over prefix and text in one tensor, one softmax, two weighted sums.

    Args as in `prefix_attention`; `prefix` is keys and values, each [H, R, P, D], `hidden` [B, 1, T or 1, P] is True where a
    query does not see a position of it. Returns [B, T, H * G, D].
    """
    weights = attention_weights(query, key, prefix, hidden, mask, scale, position_bias, softcap)
    if dropout:
        weights = nn.functional.dropout(weights, dropout)
    num_positions = 0 if prefix is None else prefix[0].shape[2]
    ahead = None if prefix is None else prefix_sum(weights[..., :num_positions], prefix[1])
    return rows_first(sum_of(weights[..., num_positions:], value, onto=ahead))


def attention_weights(
    query: Tensor,
    key: Tensor,
    prefix: tuple[Tensor, Tensor] | None,
    hidden: Tensor | None,
    mask: Tensor | None,
    scale: float,
    position_bias: Tensor | None,
    softcap: float | None,
) -> Tensor:
    """How much of each query's attention goes where, over [prefix; text]: [H, B, G, T, P + S]. Args as above."""
    query = heads_first(query, key.shape[1])
    scores = text_scores(query, key, mask, scale, position_bias, softcap)
    if prefix is not None:
        scores = torch.cat([prefix_scores(query, prefix[0], hidden, scale, softcap), scores], dim=-1)
    return torch.softmax(scores, dim=-1)  # the kernel sums in float32 whatever the scores' precision


def injected_at(where: AttentionSite, query: Tensor, key: Tensor) -> tuple[tuple[Tensor, Tensor] | None, Tensor | None]:
    """The injection's keys and values for one layer, and its hidden positions, as `materialised_attention` has them."""
    now = where.seam.now
    own = now.layers[where.site][where.layer] if now is not None and where.site in now.layers else None
    if now is None or own is None:
        return None, None
    return (own.keys, own.values), hidden_positions(now, own, query, key)


def hidden_positions(now: Opened, own: LayerPrefix, query: Tensor, key: Tensor) -> Tensor | None:
    """[B, 1, T or 1, P], True where a query does not see a prefix position: padding, or an infix that is still to come."""
    num_rows, num_queries, num_keys = query.shape[0], query.shape[2], key.shape[2]
    place, hidden = torch.arange(own.keys.shape[2], device=query.device), None
    if own.lengths is not None:
        row = torch.arange(num_rows, device=query.device) // (num_rows // len(own.lengths))
        hidden = (place >= own.lengths[row][:, None])[:, None, None]
    if now.infix_len and now.starts is not None:
        column = torch.arange(num_keys - num_queries, num_keys, device=query.device)
        row = torch.arange(num_rows, device=query.device) // (num_rows // len(now.starts))
        ahead = (column < now.starts[row][:, None])[:, None, :, None]
        early = ahead & (place < now.infix_len)
        hidden = early if hidden is None else hidden | early
    return hidden
