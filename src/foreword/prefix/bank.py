"""Many prefixes, of many lengths, beside each other: the rows of one batch.

Comes in:  prefixes for one backbone, then a prefix number per row.      Goes out: an Injection for those rows.
Shorter prefixes are padded on the right; the order of keys does not matter to attention, and `lengths` keeps the padding out.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from foreword.errors import PrefixMismatch
from foreword.prefix.injection import Injection
from foreword.prefix.prefix import Prefix


class PrefixBank:
    """Prefixes of one backbone stacked once, from which batches pick rows.

    keys, values: site -> [L, N, H, P, D], N prefixes, P the longest.   lengths: [N]
    """

    def __init__(self, prefixes: Sequence[Prefix]):
        if not prefixes:
            raise PrefixMismatch("a bank needs at least one prefix, got none.")
        first = prefixes[0]
        for number, prefix in enumerate(prefixes):
            if prefix.sites != first.sites:
                raise PrefixMismatch(
                    f"prefix {number} has sites {describe(prefix)}, prefix 0 has {describe(first)}: "
                    "prefixes in one batch must be for one backbone."
                )
        models = sorted({prefix.made_for for prefix in prefixes} - {""})
        if len(models) > 1:
            raise PrefixMismatch(
                f"prefixes in one batch must be for one model; these were made for {', '.join(models)}."
            )
        device = next(iter(first.keys.values())).device
        self.lengths = torch.tensor([p.prefix_len for p in prefixes], device=device)
        self.keys = {site: stack([p.keys[site] for p in prefixes]) for site in first.keys}
        self.values = {site: stack([p.values[site] for p in prefixes]) for site in first.keys}
        uneven = {site for prefix in prefixes for site in prefix.layer_lens}
        self.layer_lens = {site: torch.tensor([p.lens(site) for p in prefixes]).T for site in uneven}  # [L, N]

    def rows(self, numbers: Sequence[int]) -> Injection:
        """The injection of a batch whose row b carries prefix `numbers[b]`; one shared prefix is not copied per row."""
        distinct = sorted(set(numbers))
        known = range(len(self.lengths))
        assert distinct, f"no rows of {len(known)} prefixes"
        assert all(number in known for number in distinct), f"{numbers} of {len(known)} prefixes"
        if len(distinct) == 1:
            only, length = distinct[0], int(self.lengths[distinct[0]])
            return Injection(
                {s: k[:, only : only + 1, :, :length] for s, k in self.keys.items()},
                {s: v[:, only : only + 1, :, :length] for s, v in self.values.items()},
                layer_lens={s: lens[:, only : only + 1] for s, lens in self.layer_lens.items()},
            )
        index = torch.tensor(runs(numbers), device=self.lengths.device)
        lengths = self.lengths[index]
        longest = int(lengths.max())
        return Injection(
            {s: k[:, index, :, :longest] for s, k in self.keys.items()},
            {s: v[:, index, :, :longest] for s, v in self.values.items()},
            None if bool((lengths == longest).all()) else lengths,
            layer_lens={s: lens[:, index.cpu()] for s, lens in self.layer_lens.items()},
        )


def runs(numbers: Sequence[int]) -> list[int]:
    """[2, 2, 0, 0] -> [2, 0]: one number for rows that follow one another, where all such runs are of one length."""
    heads = [i for i, number in enumerate(numbers) if i == 0 or number != numbers[i - 1]]
    even = {b - a for a, b in zip(heads, [*heads[1:], len(numbers)], strict=True)}
    return [numbers[i] for i in heads] if len(even) == 1 else list(numbers)


def stack(tensors: Sequence[Tensor]) -> Tensor:
    """N tensors [L, H, P_n, D] -> [L, N, H, P, D], zeros on the right of the shorter ones."""
    longest = max(t.shape[2] for t in tensors)
    padded = [torch.nn.functional.pad(t, (0, 0, 0, longest - t.shape[2])) for t in tensors]
    return torch.stack(padded, dim=1)


def describe(prefix: Prefix) -> str:
    return ", ".join(f"{site} ({shape})" for site, shape in prefix.sites.items())
