"""Prefixes on disk: a folder per version, each with its tensors and a manifest that says all there is to know of them.

Importing this, listing and showing load no torch; docs/store_format.md describes the files.
"""

from foreword.store.checks import BackboneFacts, Check, check_backbone
from foreword.store.index import Entry, StoreIndex
from foreword.store.manifest import Canary, Manifest, StoredForm, StoredScore
from foreword.store.reference import Reference
from foreword.store.store import Listing, Store, Unreadable

__all__ = [
    "BackboneFacts",
    "Canary",
    "Check",
    "Entry",
    "Listing",
    "Manifest",
    "Reference",
    "Store",
    "StoreIndex",
    "StoredForm",
    "StoredScore",
    "Unreadable",
    "check_backbone",
]
