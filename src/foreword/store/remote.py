"""A store somewhere else, read through into a local one of bounded size.

Comes in:  the address of a store's folder (s3://, gs://, hf://, memory://, ...), references.
Goes out:  the versions that were asked for, in a local store's folder, where everything else reads them.
What is fetched is checked against its manifest before it is kept. Versions never change, so what is here is right for good; whether
a version is still there is asked again after a while. If nobody answers, what is here is served. It imports no torch.
"""

import hashlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from foreword.errors import StoreAway, StoreError, UnknownName
from foreword.store.checks import FILE
from foreword.store.manifest import UnreadableManifest, manifest_from_bytes
from foreword.store.reference import VERSION, Reference
from foreword.store.registry import MANIFEST
from foreword.store.writing import TEMPORARY, create_folder, renamed, staging, write_synced

FRESH_S = 5.0  # for so long a list of versions is believed
GIB = 2**30


class RemoteStore:
    """Read only; any thread may ask."""

    def __init__(
        self, url: str, cache: Path, max_bytes: int = 10 * GIB, fresh_s: float = FRESH_S, within: Path | None = None
    ):
        """
        Args:
            cache: the local store's folder; versions that were not asked for longest give way to others there.
            within: a folder around it that takes at most `max_bytes`, with all stores that are cached in it; the cache alone if
                not given.

        Raises:
            StoreError: the address is of a kind that no installed package reads.
        """
        import fsspec

        try:
            self.files, self.root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"{url} cannot be read: {error}. Install the package for it, or give a folder.") from None
        self.url, self.cache, self.max_bytes, self.fresh_s = url, cache, max_bytes, fresh_s
        self.within = within or cache
        self.num_fetched = 0
        self._versions: dict[str, tuple[float, list[int]]] = {}  # name -> when it was asked, what is there
        self._fetching: dict[Reference, threading.Lock] = {}
        self._lock = threading.Lock()

    def bring(self, reference: str, anew: bool = False) -> str:
        """See to it that the version a reference means is in the local store; its full name.

        Args:
            anew: what is there is of no use.

        Raises:
            UnknownName: there is no such version.
            StoreError: it cannot be had, or is not what its manifest says.
        """
        asked = Reference.parse(reference)
        there = self.versions(asked.name)
        version = asked.version or max(there, default=0)
        if version not in there:
            self._drop(self.cache / asked.name / str(asked.version or ""))  # gone there, gone here
            raise UnknownName("stored prefix", reference, None)
        found = Reference(asked.name, version)
        with self._lock:
            fetching = self._fetching.setdefault(found, threading.Lock())
        with fetching:
            if anew or not all((self._folder(found) / file).exists() for file in (MANIFEST, FILE)):
                self._fetch(found)
            now = time.time_ns()  # finer than the file system's own clock
            with suppress(OSError):
                os.utime(self._folder(found) / FILE, ns=(now, now))
        return str(found)

    def versions(self, name: str) -> list[int]:
        """The versions of a name, as they were at most a moment ago; those that are here, if nobody answers."""
        with self._lock:
            at, known = self._versions.get(name, (float("-inf"), []))
        if time.monotonic() - at < self.fresh_s:
            return known
        try:
            self.files.invalidate_cache()  # some kinds remember what they listed once
            there = self.files.ls(f"{self.root}/{name}", detail=False)
            numbers = [
                int(last) for last in (path.rstrip("/").rpartition("/")[2] for path in there) if VERSION.fullmatch(last)
            ]
            known = [n for n in numbers if self.files.exists(f"{self.root}/{name}/{n}/{MANIFEST}")]
        except (FileNotFoundError, NotADirectoryError):
            known = []
        except Exception as error:  # whatever the package for this kind of address raises
            here = self.cache / name
            known = (
                [int(entry.name) for entry in here.iterdir() if VERSION.fullmatch(entry.name)] if here.is_dir() else []
            )
            if not known:
                raise StoreAway(f"{self.url} does not answer: {error}. Try again.") from None
        with self._lock:
            self._versions[name] = time.monotonic(), sorted(known)
        return sorted(known)

    def _fetch(self, found: Reference) -> None:
        place = f"{self.root}/{found.name}/{found.version}"
        try:
            manifest, tensors = (bytes(self.files.cat_file(f"{place}/{file}")) for file in (MANIFEST, FILE))
        except Exception as error:
            raise StoreAway(f"prefix {str(found)!r} cannot be had from {self.url}: {error}. Try again.") from None
        try:
            told = manifest_from_bytes(manifest)
        except UnreadableManifest as error:
            raise StoreError(f"prefix {str(found)!r} of {self.url}: {error}. {error.remedy}") from None
        if told.reference != str(found) or told.sha256 != hashlib.sha256(tensors).hexdigest():
            raise StoreError(f"prefix {str(found)!r} of {self.url} is not what its manifest says. Add it there again.")
        self._make_room(len(manifest) + len(tensors))
        with staging(self.cache) as temporary:
            for file, content in ((MANIFEST, manifest), (FILE, tensors)):
                write_synced(temporary / file, content)
            create_folder(self.cache / found.name)
            self._drop(self._folder(found))
            renamed(temporary, self._folder(found))  # another process may have been faster, with the same
        with self._lock:
            self.num_fetched += 1

    def _make_room(self, size: int) -> None:
        """Versions that were not asked for longest give way."""
        with self._lock:
            held = sorted(self._held())
            total = size + sum(num for _, _, num in held)
            for _, folder, num in held:
                if total <= self.max_bytes:
                    return
                self._drop(folder)
                total -= num

    def _held(self) -> Iterator[tuple[int, Path, int]]:
        """When each version here was asked for last, its folder, and what it takes."""
        for path in self.within.rglob(FILE):
            if not any(part.startswith(TEMPORARY) for part in path.parts):
                with suppress(FileNotFoundError):  # another process drops some too
                    size = sum(file.stat().st_size for file in path.parent.iterdir())
                    yield path.stat().st_mtime_ns, path.parent, size

    def _drop(self, folder: Path) -> None:
        """Take a version away in one step: nobody finds half of it, whatever stops us."""
        away = self.within / f"{TEMPORARY}{secrets.token_hex(8)}"
        with suppress(OSError):
            folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)

    def _folder(self, found: Reference) -> Path:
        return self.cache / found.name / str(found.version)
