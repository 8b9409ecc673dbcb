"""How a prefix is parameterised while it is trained: its own numbers, or an MLP over one vector per position.

Comes in:  a PrefixShape.      Goes out: a Prefix, differentiable; `fold()` gives the one that is kept.
Used in training only: after training the MLP is dropped and only the keys and values stay.

Source: Li and Liang (2021), arXiv:2101.00190, section 4.3, and their code: `Embedding(P, E) -> Linear(E, 512) -> tanh ->
Linear(512, 2 * L * H * D)`, one such chain per site. What differs: words are fitted by least squares, where their code takes
500 Adam steps.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from foreword.errors import PrefixMismatch
from foreword.prefix.prefix import Prefix, PrefixShape, SiteShape


class Parameterization(nn.Module, ABC):
    """Trainable numbers that yield a prefix."""

    shape: PrefixShape
    layer_lens: Mapping[str, tuple[int, ...]] = {}  # as a Prefix has them

    @abstractmethod
    def forward(self) -> Prefix:
        """The prefix of this moment, with gradients."""

    @abstractmethod
    def fit(self, prefix: Prefix) -> None:
        """Start from these keys and values: afterwards `forward()` yields them, exactly or as nearly as it can."""

    def fold(self) -> Prefix:
        """The prefix without gradients, without the machinery that made it, in float32."""
        with torch.no_grad():
            prefix = self()
        return replace(
            prefix,
            keys={s: k.detach().float().clone() for s, k in prefix.keys.items()},
            values={s: v.detach().float().clone() for s, v in prefix.values.items()},
        )

    def check(self, prefix: Prefix) -> None:
        if prefix.layer_lens and prefix.layer_lens != self.layer_lens:
            have, want = dict(prefix.layer_lens), dict(self.layer_lens)
            raise PrefixMismatch(f"cannot start from a prefix whose layers have {have} positions: here it is {want}.")
        if prefix.sites != dict(self.shape.sites) or prefix.prefix_len != self.shape.prefix_len:
            have = f"{prefix.prefix_len} positions at {sorted(prefix.sites)}"
            want = f"{self.shape.prefix_len} positions at {sorted(self.shape.sites)}"
            raise PrefixMismatch(
                f"cannot start from a prefix of {have}: this one has {want}, or other layers or heads."
            )


class DirectParameters(Parameterization):
    """The keys and values themselves are trained. The paper found this less stable than the MLP."""

    def __init__(self, shape: PrefixShape, generator: torch.Generator | None = None):
        super().__init__()
        self.shape = shape
        self.kv = nn.ParameterDict()  # site -> [2, L, H, P, D]
        for site, s in shape.sites.items():
            size = (2, s.num_layers, s.num_kv_heads, shape.prefix_len, s.head_dim)
            self.kv[site] = nn.Parameter(torch.randn(size, generator=generator))

    @classmethod
    def of(cls, prefix: Prefix, hidden_size: int) -> "DirectParameters":
        """These keys and values, in float32, wherever they are."""
        (some, *_) = prefix.keys.values()
        assert not prefix.layer_lens, "layers of different lengths are held in groups"
        made = cls(PrefixShape(prefix.prefix_len, prefix.sites, hidden_size)).to(some.device)
        made.fit(prefix)
        return made

    def forward(self) -> Prefix:
        return Prefix({s: kv[0] for s, kv in self.kv.items()}, {s: kv[1] for s, kv in self.kv.items()})

    @torch.no_grad()
    def fit(self, prefix: Prefix) -> None:
        self.check(prefix)
        for site, kv in self.kv.items():
            kv.copy_(torch.stack([prefix.keys[site], prefix.values[site]]))


class MLPReparameterization(Parameterization):
    """The prefix as the output of a two-layer MLP over one trained vector per position, one MLP per site."""

    def __init__(self, shape: PrefixShape, mlp_dim: int, generator: torch.Generator | None = None):
        super().__init__()
        self.shape = shape
        self.chains = nn.ModuleDict({site: SiteMLP(shape, s, mlp_dim, generator) for site, s in shape.sites.items()})

    def forward(self) -> Prefix:
        keys, values = {}, {}
        for site, chain in self.chains.items():
            keys[site], values[site] = chain()
        return Prefix(keys, values)

    def fit(self, prefix: Prefix) -> None:
        self.check(prefix)
        for site, chain in self.chains.items():
            assert isinstance(chain, SiteMLP)
            chain.fit(prefix.keys[site], prefix.values[site])


class SiteMLP(nn.Module):
    """One site's chain: positions [P, E] -> hidden [P, mlp_dim] -> keys and values."""

    def __init__(self, shape: PrefixShape, site: SiteShape, mlp_dim: int, generator: torch.Generator | None):
        super().__init__()
        self.site, self.prefix_len = site, shape.prefix_len
        num_values = 2 * site.num_layers * site.num_kv_heads * site.head_dim
        self.positions = nn.Parameter(torch.randn(shape.prefix_len, shape.hidden_size, generator=generator))  # [P, E]
        self.hidden = linear(shape.hidden_size, mlp_dim, generator)
        self.out = linear(mlp_dim, num_values, generator)

    def forward(self) -> tuple[Tensor, Tensor]:
        """Keys and values, each [L, H, P, D]."""
        s = self.site
        flat = self.out(torch.tanh(self.hidden(self.positions)))  # [P, L * 2 * H * D]
        kv = flat.view(self.prefix_len, s.num_layers, 2, s.num_kv_heads, s.head_dim).permute(2, 1, 3, 0, 4)
        keys, values = kv.unbind(0)
        return keys, values

    @torch.no_grad()
    def fit(self, keys: Tensor, values: Tensor) -> None:
        """Move the last layer, by the least change that does it, so that the chain yields these keys and values.

        The last layer is linear in its weights, so this is one least-squares solve: exact whenever P <= mlp_dim + 1.
        """
        hidden = torch.tanh(self.hidden(self.positions)).double()  # [P, mlp_dim]
        ones = torch.ones_like(hidden[:, :1])
        target = torch.stack([keys, values]).permute(3, 1, 0, 2, 4).reshape(self.prefix_len, -1).double()
        missing = target - (hidden @ self.out.weight.T.double() + self.out.bias.double())  # [P, num_values]
        # On the CPU: other devices have no solver for matrices that may lack full rank
        change = torch.linalg.lstsq(torch.cat([hidden, ones], dim=1).cpu(), missing.cpu(), driver="gelsd").solution
        change = change.to(self.out.weight.device)
        self.out.weight += change[:-1].T.to(self.out.weight.dtype)
        self.out.bias += change[-1].to(self.out.bias.dtype)


class GroupedLayers(Parameterization):
    """Groups of layers with a prefix, and an MLP, of their own; layers of no group have none."""

    def __init__(
        self, shape: PrefixShape, mlp_dim: int, groups: Sequence[tuple[Sequence[int], int]],
        generator: torch.Generator | None = None,
    ):  # fmt: skip
        """`groups`: layers (numbers from 0, the same at every site) and how many positions they have."""
        super().__init__()
        self.shape, self.groups = shape, groups
        parts = []
        for layers, prefix_len in groups:
            sites = {s: SiteShape(len(layers), x.num_kv_heads, x.head_dim) for s, x in shape.sites.items()}
            parts.append(parameterize(PrefixShape(prefix_len, sites, shape.hidden_size), mlp_dim, generator))
        self.parts = nn.ModuleList(parts)
        numbers = {layer: n for layers, n in groups for layer in layers}
        self.layer_lens = {
            s: tuple(numbers.get(layer, 0) for layer in range(x.num_layers)) for s, x in shape.sites.items()
        }

    def forward(self) -> Prefix:
        made = [part() for part in self.parts]
        keys = {site: self.over_layers(site, [prefix.keys[site] for prefix in made]) for site in self.shape.sites}
        values = {site: self.over_layers(site, [prefix.values[site] for prefix in made]) for site in self.shape.sites}
        return Prefix(keys, values, layer_lens=self.layer_lens)

    def over_layers(self, site: str, made: Sequence[Tensor]) -> Tensor:
        """[L, H, P, D] of the groups' own tensors, zeros where a layer has no position."""
        shape = self.shape.sites[site]
        nothing = made[0].new_zeros(shape.num_kv_heads, self.shape.prefix_len, shape.head_dim)
        rows = [nothing] * shape.num_layers
        for (layers, prefix_len), tensor in zip(self.groups, made, strict=True):
            filled = nn.functional.pad(tensor, (0, 0, 0, self.shape.prefix_len - prefix_len))
            for layer, row in zip(layers, filled.unbind(0), strict=True):
                rows[layer] = row
        return torch.stack(rows)

    def fit(self, prefix: Prefix) -> None:
        self.check(prefix)
        for (layers, prefix_len), part in zip(self.groups, self.parts, strict=True):
            assert isinstance(part, Parameterization)
            keys, values = (
                {s: t[list(layers), :, :prefix_len] for s, t in side.items()} for side in (prefix.keys, prefix.values)
            )
            part.fit(Prefix(keys, values))


def linear(num_in: int, num_out: int, generator: torch.Generator | None) -> nn.Linear:
    """A linear layer started as PyTorch starts it, but from our own generator."""
    layer = nn.Linear(num_in, num_out, device="meta").to_empty(
        device="cpu"
    )  # born empty: it would draw from the global generator
    bound = num_in**-0.5
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.uniform_(-bound, bound, generator=generator)
    return layer


def parameterize(shape: PrefixShape, mlp_dim: int, generator: torch.Generator | None = None) -> Parameterization:
    """`mlp_dim` 0 trains the keys and values directly."""
    return MLPReparameterization(shape, mlp_dim, generator) if mlp_dim else DirectParameters(shape, generator)


def num_parameters(tensors: Mapping[str, Tensor] | nn.Module) -> int:
    """Numbers in a module or in named tensors."""
    items = tensors.parameters() if isinstance(tensors, nn.Module) else tensors.values()
    return sum(t.numel() for t in items)
