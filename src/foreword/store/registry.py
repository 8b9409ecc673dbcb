"""What is in a store's folder: names, versions, manifests.

Comes in:  the folder and a reference.      Goes out: the name and version it means, and the manifest found there.
Only folders named like a prefix and a version are looked at; whatever else lies in a store is passed over.
It imports no torch and opens no tensors.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from foreword.errors import StoreError, UnknownName
from foreword.store.manifest import Manifest, UnreadableManifest, manifest_from_bytes
from foreword.store.reference import NAME, VERSION, Reference

MANIFEST = "manifest.json"
REMOVED = "removed.json"


def names(store: Path) -> list[str]:
    """What is named like a prefix, in alphabetical order; all its versions may be removed.

    Raises:
        StoreError: there is no such folder.
    """
    try:
        return sorted(entry.name for entry in store.iterdir() if NAME.fullmatch(entry.name) and entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        raise StoreError(f"there is no store at {store}. Check the path; adding a prefix makes one.") from None
    except OSError as error:
        raise StoreError(f"the store at {store} cannot be read: {reason(error)}. Get permission to read it.") from None


def versions(store: Path, name: str) -> list[int]:
    """The versions of a name that were not removed, readable or not, in ascending order.

    Raises:
        StoreError: the name's folder cannot be read.
    """
    try:
        entries = [entry for entry in (store / name).iterdir() if VERSION.fullmatch(entry.name) and entry.is_dir()]
        return sorted(int(entry.name) for entry in entries if not is_removed(entry))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        why = f"its folder {store / name} cannot be read: {reason(error)}"
        raise StoreError(f"prefix {name!r}: {why}. Get permission to read it.") from None


def known_names(store: Path) -> Iterator[str]:
    """Names with a version left."""
    for name in names(store):
        with suppress(StoreError):
            if versions(store, name):
                yield name


def is_removed(folder: Path) -> bool:
    """Whether a version's folder only keeps its number taken."""
    return (folder / REMOVED).exists() and not (folder / MANIFEST).exists()


def find(store: Path, reference: str) -> Reference:
    """The version that a reference means: a name alone is its newest.

    Raises:
        UnknownName: no such name or version.
        StoreError: the version was removed, the reference is malformed, or there is no store.
    """
    asked = Reference.parse(reference)
    left = versions(store, asked.name)
    if asked.version is not None and is_removed(store / asked.name / str(asked.version)):
        raise StoreError(f"prefix {reference!r} was removed. Versions left: {', '.join(map(str, left)) or 'none'}.")
    if not left:
        raise UnknownName("stored prefix", asked.name, known_names(store))
    if asked.version is None:
        return Reference(asked.name, left[-1])
    if asked.version not in left:
        raise UnknownName("stored prefix", reference, (str(Reference(asked.name, version)) for version in left))
    return asked


def read_manifest(store: Path, found: Reference) -> Manifest:
    """The manifest of a version that `find` found.

    Raises:
        UnreadableManifest: it is missing, broken, or another version's.
    """
    try:
        content = (store / found.name / str(found.version) / MANIFEST).read_bytes()
    except FileNotFoundError:
        raise UnreadableManifest(f"{MANIFEST} is missing") from None
    except OSError as error:
        raise UnreadableManifest(f"{MANIFEST} cannot be read: {reason(error)}") from None
    manifest = manifest_from_bytes(content)
    if manifest.reference != str(found):
        raise UnreadableManifest(
            f"the folder was renamed or copied: its {MANIFEST} is that of {manifest.reference!r}",
            "Put it back in its place, or load that one and add it under the new name.",
        )
    return manifest


def reason(error: OSError) -> str:
    """What the system said, without the numbers."""
    return error.strerror or str(error)
