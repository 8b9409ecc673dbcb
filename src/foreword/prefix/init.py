"""Where the first values of a prefix come from: chance, nothing, or another prefix (real words' activations are one).

Comes in:  a PrefixShape, or a prefix of any length.      Goes out: a Prefix of the shape asked for.
What turns words into a prefix is the backbone (`Backbone.activations`); fitting an MLP onto it is `Parameterization.fit`.
"""

import torch

from foreword.errors import PrefixMismatch
from foreword.prefix.prefix import Prefix, PrefixShape


def zero_prefix(shape: PrefixShape) -> Prefix:
    """Keys and values of zero: each position scores 0, so it draws no more than its share, and adds nothing."""
    sizes = {s: (x.num_layers, x.num_kv_heads, shape.prefix_len, x.head_dim) for s, x in shape.sites.items()}
    return Prefix({s: torch.zeros(n) for s, n in sizes.items()}, {s: torch.zeros(n) for s, n in sizes.items()})


def resized(prefix: Prefix, prefix_len: int) -> Prefix:
    """The same prefix over `prefix_len` positions: cut at the end, or begun again from its first position.

    The keys keep the positions they were computed at.
    """
    if prefix.prefix_len == prefix_len:
        return prefix
    if prefix.layer_lens:
        raise PrefixMismatch(
            f"a prefix whose layers differ in length cannot be cut or repeated from {prefix.prefix_len} positions to {prefix_len}."
        )
    index = torch.arange(prefix_len) % prefix.prefix_len
    keys = {site: tensor[:, :, index] for site, tensor in prefix.keys.items()}
    values = {site: tensor[:, :, index] for site, tensor in prefix.values.items()}
    return Prefix(keys, values, prefix.made_for)
