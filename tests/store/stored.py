"""A small prefix with made-up facts, as the store's tests and the processes they start add it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from foreword.prefix import Prefix, SiteShape
from foreword.store import Canary, Manifest, Store, StoredScore

DECODER = SiteShape(num_layers=2, num_kv_heads=3, head_dim=5)


@dataclass(frozen=True)
class LoadedBackbone:
    """The facts of a backbone that nobody had to load."""

    name: str = "gpt2-medium"
    revision: str = "6dcaa7a9"
    fingerprint: str = "ab12" * 8
    tokenizer_hash: str = "70c3" * 8
    sites: Mapping[str, SiteShape] = field(default_factory=lambda: {"decoder": DECODER})


BACKBONE = LoadedBackbone()
FACTS: dict[str, Any] = {
    "method": "prefix-tuning",
    "recipe": {"method": {"name": "prefix-tuning", "prefix_len": 4}, "train": {"lr": 8e-5, "dev_metrics": ["bleu"]}},
    "data_hash": "da7a" * 16,
    "canary": Canary(source="name : The Vaults | Type : pub", tokens=(464, 23450, 82), text="The Vaults"),
    "scores": [StoredScore(metric="BLEU", value=69.7, signature="task:e2e|split:test|n:630")],
    "code_commit": "c0de" * 10,
}


def make_prefix(seed: int = 0, prefix_len: int = 4, sites: Mapping[str, SiteShape] = BACKBONE.sites) -> Prefix:
    """Keys and values that are views of one tensor per site, as trained ones are."""
    generator = torch.Generator().manual_seed(seed)
    kv = {
        site: torch.randn(2, s.num_layers, s.num_kv_heads, prefix_len, s.head_dim, generator=generator)
        for site, s in sites.items()
    }
    return Prefix({site: t[0] for site, t in kv.items()}, {site: t[1] for site, t in kv.items()})


def add(store: Store, name: str = "e2e", seed: int = 0, prefix: Prefix | None = None, **changed: Any) -> Manifest:
    """Add a prefix with the facts above, some of them changed."""
    return store.add(prefix or make_prefix(seed), name, **{"backbone": BACKBONE, **FACTS, **changed})
