"""What a forward pass is given to attend to before its text.

Comes in:  keys, values and vectors of a method, or the prefixes of a batch's rows.      Goes out: a LayerPrefix for each layer.

Letters: B rows, R prefixes, L layers, H key-value heads, P positions, D head size, N vectors, E their width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from foreword.prefix.prefix import Prefix


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


@dataclass(frozen=True)
class Mixed:
    """Prefixes of B rows that each have their own: some copied row by row, some kept once for whichever rows carry them.

    groups: numbers of rows, and the prefix in front of them; a row is in one group or in none.
    keys, values: site -> [B, H, P, D] for each layer, copied for these rows.   seen: [B, 1, 1, P], True where a copy is real.
    """

    groups: Sequence[tuple[Tensor, Kept]] = ()
    keys: Mapping[str, Sequence[Tensor]] = field(default_factory=dict)
    values: Mapping[str, Sequence[Tensor]] = field(default_factory=dict)
    seen: Tensor | None = None

    def kept_at(self, site: str, layer: int) -> list[tuple[Tensor, LayerPrefix]]:
        """What one layer attends to of the prefixes that are kept once, with the numbers of their rows."""
        found = [(rows, kept.layers[site][layer]) for rows, kept in self.groups if site in kept.layers]
        return [(rows, own) for rows, own in found if own is not None]

    def copied_at(self, site: str, layer: int) -> tuple[Tensor, Tensor] | None:
        """Keys and values of the copies in one layer."""
        return (self.keys[site][layer], self.values[site][layer]) if site in self.keys else None


def grouped(kept: Sequence[Kept | None]) -> list[tuple[Tensor, Kept]]:
    """Rows with the same prefix, kept once, are computed together: `kept[b]` is row b's."""
    distinct = {id(one): one for one in kept if one is not None}
    rows = {key: [row for row, other in enumerate(kept) if other is one] for key, one in distinct.items()}
    return [(torch.tensor(rows[key]), one) for key, one in distinct.items()]


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
