"""A Service from what somebody says in words: a backbone's name, a store's folder, how much room.

Comes in:  names and numbers.      Goes out: a Service that takes requests.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from foreword.backbone import load_backbone
from foreword.errors import StoreError
from foreword.serve.engine import Sizes
from foreword.serve.service import Service
from foreword.serve.tenants.library import Library
from foreword.store import Store, StoreIndex
from foreword.store.remote import GIB
from foreword.training.precision import choose_device, choose_dtype, use_threads


@dataclass(frozen=True)
class Wanted:
    """What is to be served, and by what; as in a recipe's [backbone]."""

    store: str | Path  # a folder, or an address that fsspec reads
    cache: Path = Path("cache")  # where prefixes of an address are brought to
    cache_bytes: int = 10 * GIB
    backbone: str = ""  # "": that of the store's first prefix
    revision: str = ""
    dtype: str = "auto"
    device: str = "auto"
    threads: int = 0
    name: str = ""
    timeout_s: float = 600.0

    @property
    def url(self) -> str:
        """Where the prefixes come from; "": out of a folder."""
        return str(self.store) if "://" in str(self.store) else ""

    @property
    def folder(self) -> Path:
        """Where they are read, and what the server itself must remember is kept."""
        return self.cache if self.url else Path(self.store)


def open_service(wanted: Wanted, sizes: Sizes) -> Service:
    """Load the backbone, and begin.

    Raises:
        StoreError: no backbone was named, and the store holds nothing that names one.
        UnknownName, UnsupportedBackbone: it cannot be loaded, or cannot write row by row.
    """
    use_threads(wanted.threads)
    device = choose_device(wanted.device)
    if not wanted.backbone and wanted.url:
        raise StoreError(f"{wanted.url} does not say which backbone is meant. Give --backbone.")
    name, revision = (wanted.backbone, wanted.revision) if wanted.backbone else backbone_of(wanted.folder)
    backbone = load_backbone(name, revision or None, choose_dtype(wanted.dtype, torch.device(device)), device)
    library = Library(wanted.folder, backbone, url=wanted.url, max_bytes=wanted.cache_bytes)
    return Service(backbone, library, sizes, wanted.name, wanted.timeout_s)


def backbone_of(store: Path) -> tuple[str, str]:
    """Name and revision of the backbone that the store's first prefix was trained for."""
    index = StoreIndex(store)
    index.refresh()
    for name in index.names(limit=1):
        trained = Store(store).show(index.find(name).reference).backbone
        return trained.name, trained.revision
    raise StoreError(
        f"there is no prefix in {store} to say which backbone is meant. Give --backbone, or another --store."
    )
