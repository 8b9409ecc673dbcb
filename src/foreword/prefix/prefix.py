"""A prefix: trained keys and values that every layer attends to before the text.

Comes in:  keys and values per site, each [L, H, P, D].      Goes out: the same as one value with a shape that can be compared.
A site is where attention happens: "encoder" and "decoder" (over their own text) or "cross" (decoder over encoder).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from foreword.errors import PrefixMismatch

SITES = ("encoder", "decoder", "cross")


@dataclass(frozen=True)
class SiteShape:
    """Attention of one site as the model really computes it; head_dim is read from its keys, never derived."""

    num_layers: int
    num_kv_heads: int
    head_dim: int

    def __str__(self) -> str:
        return f"L={self.num_layers} H={self.num_kv_heads} D={self.head_dim}"


@dataclass(frozen=True)
class PrefixShape:
    """How many positions, at which sites; `hidden_size` is the width of the vectors an MLP starts from (E)."""

    prefix_len: int
    sites: Mapping[str, SiteShape]
    hidden_size: int

    def __post_init__(self) -> None:
        if self.prefix_len < 1:
            raise PrefixMismatch(f"a prefix needs at least 1 position, got prefix_len = {self.prefix_len}.")
        check_sites(self.sites)


@dataclass(frozen=True)
class Prefix:
    """Keys and values per site, each [L, H, P, D]; P is the same at every site.

    `layer_lens`: of a site whose layers differ, how many of the positions, the first ones, are real in each layer (0: that layer
    has no prefix); a site that is not named has all of them in every layer.
    `made_for` is the fingerprint of the model whose attention they were made for; "" where they mean nothing to any (chance,
    zeros). It goes with them from a run, a store or real words, so that they run on no other model of the same shape.
    """

    keys: Mapping[str, Tensor]
    values: Mapping[str, Tensor]
    made_for: str = ""
    layer_lens: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.keys or set(self.keys) != set(self.values):
            raise PrefixMismatch(
                f"keys and values must be given for the same sites; got keys for {sorted(self.keys)}, "
                f"values for {sorted(self.values)}."
            )
        check_sites(self.keys)
        lengths = set()
        for site, keys in self.keys.items():
            if keys.ndim != 4 or keys.shape != self.values[site].shape:
                raise PrefixMismatch(
                    f"keys and values of site {site!r} must both be [L, H, P, D]; "
                    f"got {list(keys.shape)} and {list(self.values[site].shape)}."
                )
            lengths.add(keys.shape[2])
        if len(lengths) != 1:
            raise PrefixMismatch(f"every site must have the same number of positions; got {sorted(lengths)}.")
        if lengths == {0}:
            raise PrefixMismatch("a prefix needs at least 1 position, got 0.")
        for site, lens in self.layer_lens.items():
            known = site in self.keys and len(lens) == self.keys[site].shape[0]
            if not known or not all(0 <= n <= self.prefix_len for n in lens) or not any(lens):
                raise PrefixMismatch(
                    f"the layers' lengths of site {site!r} must be one for each layer, from 0 to {self.prefix_len} and not all 0; "
                    f"got {list(lens)}."
                )

    @property
    def prefix_len(self) -> int:
        return next(iter(self.keys.values())).shape[2]

    @property
    def sites(self) -> dict[str, SiteShape]:
        return {site: SiteShape(k.shape[0], k.shape[1], k.shape[3]) for site, k in self.keys.items()}

    @property
    def num_values(self) -> int:
        """Numbers that are trained: without what only fills up layers of fewer positions."""
        return sum(2 * shape.num_kv_heads * shape.head_dim * sum(self.lens(site)) for site, shape in self.sites.items())

    def lens(self, site: str) -> tuple[int, ...]:
        """Positions in each layer."""
        return self.layer_lens.get(site, (self.prefix_len,) * self.keys[site].shape[0])

    def only(self, sites: Collection[str]) -> "Prefix":
        """The same at some of its sites."""
        keys, values = ({s: t for s, t in part.items() if s in sites} for part in (self.keys, self.values))
        return Prefix(keys, values, self.made_for, {s: n for s, n in self.layer_lens.items() if s in sites})

    def tensors(self) -> dict[str, Tensor]:
        """Flat names to tensors, for a file: "decoder.keys", "decoder.values", ..."""
        named = {f"{site}.keys": k for site, k in self.keys.items()}
        named |= {f"{site}.values": v for site, v in self.values.items()}
        return named | {f"{site}.lengths": torch.tensor(lens) for site, lens in self.layer_lens.items()}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], made_for: str = "") -> "Prefix":
        """The inverse of `tensors`."""
        parts: dict[str, dict[str, Tensor]] = {"keys": {}, "values": {}, "lengths": {}}
        for name, tensor in tensors.items():
            site, _, part = name.partition(".")
            if site not in SITES or part not in parts:
                raise PrefixMismatch(f"tensor {name!r} is not part of a prefix; expected names like 'decoder.keys'.")
            parts[part][site] = tensor
        lens = {site: tuple(int(n) for n in tensor.tolist()) for site, tensor in parts["lengths"].items()}
        return cls(parts["keys"], parts["values"], made_for, lens)

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Prefix":
        move = {"device": device, "dtype": dtype}
        keys = {site: tensor.to(**move) for site, tensor in self.keys.items()}
        values = {site: tensor.to(**move) for site, tensor in self.values.items()}
        return Prefix(keys, values, self.made_for, self.layer_lens)

    def check_fits(self, sites: Mapping[str, SiteShape], backbone: str, fingerprint: str) -> None:
        """Refuse a prefix whose layers, heads or head size are not the backbone's, or that was made for another model.

        Raises:
            PrefixMismatch: names the site and both shapes, or both fingerprints.
        """
        for site, shape in self.sites.items():
            if site not in sites:
                raise PrefixMismatch(f"the prefix has a site {site!r}, but {backbone} has only {', '.join(sites)}.")
            if shape != sites[site]:
                raise PrefixMismatch(
                    f"the prefix was made for {site} attention with {shape}, but {backbone} has {sites[site]}. "
                    "Load the backbone it was trained on, or train it again for this one."
                )
        if self.made_for not in ("", fingerprint):
            raise PrefixMismatch(
                f"the prefix was made for a model with fingerprint {self.made_for}, but {backbone} has {fingerprint}. "
                "Load the backbone it was trained on, or train it again for this one."
            )


def in_a_row(prefixes: Sequence[Prefix]) -> Prefix:
    """One prefix of all their positions: a task's and a style's, say. Attention does not mind the order.

    Raises:
        PrefixMismatch: they are for different models or sites, or one has layers of different lengths.
    """
    first = prefixes[0]
    models = {prefix.made_for for prefix in prefixes} - {""}
    if any(prefix.sites != first.sites for prefix in prefixes) or len(models) > 1:
        raise PrefixMismatch("prefixes in a row must be for the same sites of one model.")
    if any(prefix.layer_lens for prefix in prefixes):
        raise PrefixMismatch("a prefix whose layers differ in length cannot stand in a row with another.")
    keys, values = (
        {site: torch.cat([part[site] for part in parts], dim=2) for site in first.keys}
        for parts in ([p.keys for p in prefixes], [p.values for p in prefixes])
    )
    return Prefix(keys, values, next(iter(models), ""))


def check_sites(names: Collection[str]) -> None:
    if not names or set(names) - set(SITES):
        raise PrefixMismatch(f"sites must be some of {', '.join(SITES)}; got {', '.join(sorted(names)) or 'none'}.")
