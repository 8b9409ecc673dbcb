"""The seam: what a method adds to one forward pass, and the one attention function that attends to it.

Comes in:  queries, keys and values as a transformers attention module hands them over, and the current Injection.
Goes out:  attention over [prefix; text].
Scores are concatenated, keys are not: the text's own cache stays as it is, and the prefix is laid out once per forward pass or
generation, never per row or step. Registered with transformers by `backbone/`; this file knows tensors only.

Letters: B rows, H key-value heads, G query heads per key-value head, T queries, S text keys, P prefix positions, D head size.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from foreword.prefix.fused import causal_mask, fused_attention
from foreword.prefix.prefix import Prefix
from foreword.prefix.scores import heads_first, prefix_scores, prefix_sum, rows_first, scores_of, sum_of

# Queries from which the fused kernel is used. Below it, materialised scores are faster on CPUs (docs/log.md).
FUSED_FROM = 320

MARK = "foreword_site"  # the attribute of an attention module that holds its AttentionSite


@dataclass(frozen=True)
class Injection:
    """What one forward pass attends to before its text, and the trained vectors that stand in it.

    keys, values: site -> [L, R, H, P, D]. R prefixes serve B rows: each serves the B / R rows that follow one another
        (1 for all; one per row; one for all beams of a row).
    lengths: [R] prefix positions that are real, the rest being padding on the right; None when all are.
    infix_len: so many positions, the first ones, stand within the text instead of before it: the words ahead of them, up to the
        column that `Seam.starting` says, do not see them.
    layer_lens: site -> [L, R], in place of `lengths` at sites whose layers differ.
    vectors: [R, N, E] trained vectors that stand in the text where its ids say -1, -2, ..., -N; attention knows nothing of them.
    """

    keys: Mapping[str, Tensor] = field(default_factory=dict)
    values: Mapping[str, Tensor] = field(default_factory=dict)
    lengths: Tensor | None = None
    vectors: Tensor | None = None
    infix_len: int = 0
    layer_lens: Mapping[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, prefix: Prefix, infix_len: int = 0) -> "Injection":
        """One prefix for every row."""
        keys, values = ({s: t[:, None] for s, t in tensors.items()} for tensors in (prefix.keys, prefix.values))
        lens = {site: torch.tensor(given)[:, None] for site, given in prefix.layer_lens.items()}
        return cls(keys, values, infix_len=infix_len, layer_lens=lens)

    @property
    def prefix_len(self) -> int:
        """Positions the longest row occupies, before and within the text; 0 without a prefix."""
        return next((k.shape[3] for k in self.keys.values()), 0)

    def tensors(self) -> list[Tensor]:
        """What is trained: keys and values of every site and the vectors, in a fixed order."""
        return [*self.keys.values(), *self.values.values(), *([] if self.vectors is None else [self.vectors])]

    def detached(self) -> "Injection":
        """The same numbers as new leaves that gather gradients, so that several backward passes share one computation."""
        keys = {site: tensor.detach().requires_grad_() for site, tensor in self.keys.items()}
        values = {site: tensor.detach().requires_grad_() for site, tensor in self.values.items()}
        vectors = None if self.vectors is None else self.vectors.detach().requires_grad_()
        return replace(self, keys=keys, values=values, vectors=vectors)

    def to(self, device: torch.device, dtype: torch.dtype) -> "Injection":
        return replace(
            self,
            keys={s: k.to(device, dtype) for s, k in self.keys.items()},
            values={s: v.to(device, dtype) for s, v in self.values.items()},
            lengths=None if self.lengths is None else self.lengths.to(device),
            vectors=None if self.vectors is None else self.vectors.to(device, dtype),
        )


@dataclass(frozen=True)
class Asked:
    """One call for attention, as recorded: who asked, for how many queries, over which of the text's keys and values."""

    module: nn.Module
    site: "AttentionSite"
    num_queries: int
    key: Tensor  # [B, H, S, D]
    value: Tensor
    has_sinks: bool


@dataclass(frozen=True)
class LayerPrefix:
    """What one layer attends to: keys and values [H, R, P, D], heads in front (scores.py), P the longest of this layer.

    lengths: [R], where they are not all P.
    """

    keys: Tensor
    values: Tensor
    lengths: Tensor | None = None

    @classmethod
    def of(cls, keys: Tensor, values: Tensor, lengths: list[int]) -> "LayerPrefix | None":
        """From the positions of the longest layer; None where this one has none."""
        longest = max(lengths)
        if not longest:
            return None
        ragged = None if min(lengths) == longest else torch.tensor(lengths, device=keys.device)
        return cls(keys[:, :, :longest], values[:, :, :longest], ragged)


@dataclass(frozen=True)
class Opened:
    """An injection, cut into layers: site -> one a layer, None where it has no prefix."""

    layers: Mapping[str, list[LayerPrefix | None]]
    lengths: Tensor | None
    prefix_len: int
    vectors: Tensor | None = None
    infix_len: int = 0
    starts: Tensor | None = None


class Seam(threading.local):
    """Where the attention modules of one model find the injection of the current forward pass.

    It is an object of the model's, not a global: two models live in one process. What is in it is seen by one thread only:
    two threads may run one model, each with its own injection. (A ContextVar would do that too, but stops torch.compile.)
    """

    def __init__(self) -> None:
        self.now: Opened | None = None
        self.record: list[Asked] | None = None
        self.starts: Tensor | None = (
            None  # [B] columns of this forward pass' text from which an infix is seen; None: from the first
        )
        self.named: Tensor | None = None  # ids that name vectors, while the words are looked up

    @contextmanager
    def open(self, injection: Injection) -> Iterator[None]:
        """Inject during the block."""
        assert self.now is None, "one injection at a time: the seam is already open"
        # Laid out once, not in every layer and step; unbound once: a slice per layer would make backward add up L tensors
        # of the full size.
        layers: dict[str, list[LayerPrefix | None]] = {}
        for site, keys in injection.keys.items():
            both = zip(by_layer(keys), by_layer(injection.values[site]), strict=True)
            lens = injection.layer_lens.get(site)
            if lens is None:
                layers[site] = [LayerPrefix(k, v, injection.lengths) for k, v in both]
            else:
                layers[site] = [LayerPrefix.of(k, v, n) for (k, v), n in zip(both, lens.tolist(), strict=True)]
        opened = Opened(layers, injection.lengths, injection.prefix_len, injection.vectors, injection.infix_len)
        with self.resumed(opened):
            yield

    @contextmanager
    def starting(self, starts: Tensor | None) -> Iterator[None]:
        """During the block an infix stands before these columns [B] of the text; None: before its first."""
        with self.resumed(None if self.now is None else replace(self.now, starts=starts)):
            yield

    @contextmanager
    def resumed(self, then: Opened | None) -> Iterator[None]:
        """As it was `then`, during the block: for a forward pass that is computed again, in whichever thread."""
        before, self.now = self.now, then
        try:
            yield
        finally:
            self.now = before

    @contextmanager
    def recording(self) -> Iterator[list[Asked]]:
        """Collect every call for attention during the block, in order."""
        assert self.record is None, "one recording at a time"
        self.record = []
        try:
            yield self.record
        finally:
            self.record = None


def by_layer(tensor: Tensor) -> tuple[Tensor, ...]:
    """[L, R, H, P, D] -> L tensors [H, R, P, D], contiguous."""
    return tensor.transpose(1, 2).contiguous().unbind(0)


@dataclass(frozen=True)
class AttentionSite:
    """Put on each attention module under the name MARK: who it is and where its injection is found."""

    seam: Seam
    site: str
    layer: int


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
    prefix = hidden = None
    if where is not None:
        seam = where.seam
        if seam.record is not None:
            seam.record.append(Asked(module, where, query.shape[2], key, value, has_sinks=s_aux is not None))
        if seam.now is not None and where.site in seam.now.layers:
            own = seam.now.layers[where.site][where.layer]
            if own is not None:
                prefix, hidden = (own.keys, own.values), hidden_positions(seam.now, own, query, key)
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if is_causal is None:
        is_causal = getattr(module, "is_causal", True)
    causal = bool(is_causal) and attention_mask is None and query.shape[2] > 1
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
    num_kv_heads, P = key.shape[1], 0
    query = heads_first(query, num_kv_heads)
    scores = scores_of(query, key, scale, softcap)
    if position_bias is not None:
        scores = scores + position_bias.unflatten(1, (num_kv_heads, -1)).transpose(0, 1)
    if mask is not None:
        scores = scores + added(mask, scores.dtype)
    if prefix is not None:
        P = prefix[0].shape[2]
        scores = torch.cat([prefix_scores(query, prefix[0], hidden, scale, softcap), scores], dim=-1)
    weights = torch.softmax(scores, dim=-1)  # the kernel sums in float32 whatever the scores' precision
    if dropout:
        weights = nn.functional.dropout(weights, dropout)
    ahead = None if prefix is None else prefix_sum(weights[..., :P], prefix[1])
    return rows_first(sum_of(weights[..., P:], value, onto=ahead))


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
