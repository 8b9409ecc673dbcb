"""What a forward pass is given to attend to, and where its attention modules find it.

Comes in:  keys, values and vectors of a method.      Goes out: an Injection; open on a model's Seam, a LayerPrefix for each layer.

Letters: B rows, R prefixes, L layers, H key-value heads, G query heads per key-value head, T queries, S text keys, P positions.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from foreword.prefix.prefix import Prefix

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
class Watched:
    """How much of its attention each query of one call gave each prefix position: [H, B, G, T, P]."""

    site: "AttentionSite"
    shares: Tensor


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


@dataclass(frozen=True)
class Kept:
    """A prefix in the form in which one copy serves any number of rows: site -> one a layer, None where it has no prefix."""

    layers: Mapping[str, list[LayerPrefix | None]]
    prefix_len: int

    @classmethod
    def of(cls, prefix: Prefix) -> "Kept":
        return cls(layers_of(Injection.of(prefix)), prefix.prefix_len)


class Seam(threading.local):
    """Where the attention modules of one model find the injection of the current forward pass.

    It is an object of the model's, not a global: two models live in one process. What is in it is seen by one thread only:
    two threads may run one model, each with its own injection. (A ContextVar would do that too, but stops torch.compile.)
    """

    def __init__(self) -> None:
        self.now: Opened | None = None
        self.record: list[Asked] | None = None
        self.watched: list[Watched] | None = None
        self.shared: list[tuple[Tensor, Kept]] | None = None
        self.starts: Tensor | None = (
            None  # [B] columns of this forward pass' text from which an infix is seen; None: from the first
        )
        self.named: Tensor | None = None  # ids that name vectors, while the words are looked up

    @contextmanager
    def open(self, injection: Injection) -> Iterator[None]:
        """Inject during the block."""
        assert self.now is None, "one injection at a time: the seam is already open"
        layers = layers_of(injection)
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
    def sharing(self, kept: Sequence[Kept | None]) -> Iterator[None]:
        """During the block row b attends to `kept[b]` before its text; rows with the same one are computed together.

        Where the text stands is the caller's to say: nothing shifts its positions.
        """
        assert (self.now, self.shared) == (None, None), "one injection at a time: the seam is already open"
        distinct = {id(one): one for one in kept if one is not None}
        rows = {key: [row for row, other in enumerate(kept) if other is one] for key, one in distinct.items()}
        self.shared = [(torch.tensor(rows[key]), one) for key, one in distinct.items()] or None
        try:
            yield
        finally:
            self.shared = None

    def groups(self, at: "AttentionSite") -> list[tuple[Tensor, LayerPrefix]]:
        """Of the prefixes that rows share what one layer attends to, with the numbers of these rows."""
        found = [(rows, kept.layers[at.site][at.layer]) for rows, kept in self.shared or ()]
        return [(rows, own) for rows, own in found if own is not None]

    @contextmanager
    def recording(self) -> Iterator[list[Asked]]:
        """Collect every call for attention during the block, in order."""
        assert self.record is None, "one recording at a time"
        self.record = []
        try:
            yield self.record
        finally:
            self.record = None

    @contextmanager
    def watching(self) -> Iterator[list[Watched]]:
        """Collect the shares of attention that the prefix is given during the block; each call is computed twice for it."""
        assert self.watched is None, "one watch at a time"
        self.watched = []
        try:
            yield self.watched
        finally:
            self.watched = None


def layers_of(injection: Injection) -> dict[str, list[LayerPrefix | None]]:
    """Site -> one a layer. Laid out once, not in every layer and step."""
    layers: dict[str, list[LayerPrefix | None]] = {}
    for site, keys in injection.keys.items():
        both = zip(by_layer(keys), by_layer(injection.values[site]), strict=True)
        lens = injection.layer_lens.get(site)
        if lens is None:
            layers[site] = [LayerPrefix(k, v, injection.lengths) for k, v in both]
        else:
            layers[site] = [LayerPrefix.of(k, v, n) for (k, v), n in zip(both, lens.tolist(), strict=True)]
    return layers


def by_layer(tensor: Tensor) -> tuple[Tensor, ...]:
    """[L, R, H, P, D] -> L tensors [H, R, P, D], contiguous; unbound once, for a slice per layer would make backward add up L
    tensors of the full size."""
    return tensor.transpose(1, 2).contiguous().unbind(0)


@dataclass(frozen=True)
class AttentionSite:
    """Put on each attention module under the name MARK: who it is and where its injection is found."""

    seam: Seam
    site: str
    layer: int
