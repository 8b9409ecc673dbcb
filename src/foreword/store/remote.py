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
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from foreword.errors import StoreAway, StoreError, UnknownName
from foreword.store.checks import FILE
from foreword.store.manifest import UnreadableManifest, manifest_from_bytes
from foreword.store.reference import VERSION, Reference
from foreword.store.registry import MANIFEST
from foreword.store.writing import TEMPORARY, create_folder, renamed, staging, write_synced

FRESH_S = 5.0  # for so long a list of versions is believed
PATIENCE_S = 3.0  # for a list of versions
FILE_PATIENCE_S = 60.0
MOST_ASKING = 16  # at once
REMEMBERED = 10_000  # names whose lists are kept
T = TypeVar("T")
GIB = 2**30


def without_secret(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    scheme, _, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if scheme else url


class RemoteStore:
    """Read only; any thread may ask."""

    def __init__(
        self, url: str, cache: Path, max_bytes: int = 10 * GIB, fresh_s: float = FRESH_S, within: Path | None = None,
        patience_s: float = PATIENCE_S,
    ):  # fmt: skip
        """
        Args:
            cache: the local store's folder; versions that were not asked for longest give way to others there.
            within: a folder around it that takes at most `max_bytes`, with all stores that are cached in it; the cache alone if
                not given.
            patience_s: for so long an answer is waited for; then, for `fresh_s`, nothing is asked, and what is here is served.

        Raises:
            StoreError: the address is of a kind that no installed package reads.
        """
        import fsspec

        try:
            self.files, self.root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"{without_secret(url)} cannot be read: {error}. Install the package for it, or give a folder."
            ) from None
        self.cache, self.max_bytes, self.fresh_s = cache, max_bytes, fresh_s
        self.address = without_secret(url)  # as errors tell it
        self.within = within or cache
        self.num_fetched = 0
        self.patience_s = patience_s
        self._places = threading.BoundedSemaphore(MOST_ASKING)
        self._away_since = float("-inf")  # when it did not answer last
        # Name -> when it was asked for, what is there, and whether that was the answer: else it is what is here.
        self._versions: OrderedDict[str, tuple[float, list[int], bool]] = OrderedDict()
        self._fetching: dict[Reference, threading.Lock] = {}
        self._lock, self._making_room = threading.Lock(), threading.Lock()

    def bring(self, reference: str, anew: bool = False) -> str:
        """See to it that the version a reference means is in the local store; its full name.

        Args:
            anew: what is there is of no use.

        Raises:
            UnknownName: there is no such version.
            StoreAway: nobody answers, and it is not here.
            StoreError: it cannot be had, or is not what its manifest says.
        """
        asked = Reference.parse(reference)
        there, is_answer = self._looked_up(asked.name)
        version = asked.version or max(there, default=0)
        if version not in there:
            if not is_answer:
                raise StoreAway(f"{self.address} does not answer, and {reference!r} is not here. Try again.")
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
        return self._looked_up(name)[0]

    def _looked_up(self, name: str) -> tuple[list[int], bool]:
        """The same, and whether somebody answered."""
        with self._lock:
            at, known, is_answer = self._versions.get(name, (float("-inf"), [], False))
            away_since = self._away_since
        now = time.monotonic()
        if now - at < self.fresh_s:
            return known, is_answer
        if now - away_since < self.fresh_s:
            return self._versions_here(name, "it was asked a moment ago"), False
        is_answer = True
        try:
            known = self._ask(lambda: self._versions_there(name), self.patience_s)
        except Exception as error:  # whatever the package for this kind of address raises, or the time that is over
            with self._lock:
                self._away_since = time.monotonic()
            known, is_answer = self._versions_here(name, str(error) or f"not within {self.patience_s:g} s"), False
        with self._lock:
            self._versions[name] = time.monotonic(), known, is_answer
            self._versions.move_to_end(name)
            if len(self._versions) > REMEMBERED:
                self._versions.popitem(last=False)
        return known, is_answer

    def _versions_there(self, name: str) -> list[int]:
        self.files.invalidate_cache()  # some kinds remember what they listed once
        try:
            there = self.files.ls(f"{self.root}/{name}", detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        lasts = (path.rstrip("/").rpartition("/")[2] for path in there)
        numbers = (int(last) for last in lasts if VERSION.fullmatch(last))
        return sorted(n for n in numbers if self.files.exists(f"{self.root}/{name}/{n}/{MANIFEST}"))

    def _versions_here(self, name: str, why: str) -> list[int]:
        """Raises StoreAway: there are none."""
        here = self.cache / name
        known = [int(entry.name) for entry in here.iterdir() if VERSION.fullmatch(entry.name)] if here.is_dir() else []
        if not known:
            raise StoreAway(f"{self.address} does not answer: {why}. Try again.")
        return sorted(known)

    def _ask(self, what: Callable[[], T], patience_s: float) -> T:
        """What the address answers, if it does in time: not every package gives up by itself, and others wait behind us.

        Raises:
            TimeoutError: it did not.
        """
        answer: Future[T] = Future()

        def asking() -> None:
            try:
                answer.set_result(what())
            except BaseException as error:
                answer.set_exception(error)
            finally:
                self._places.release()

        if not self._places.acquire(timeout=patience_s):
            raise TimeoutError
        # A thread of its own, and none of a pool's: the process must be able to end while it stands.
        threading.Thread(target=asking, name="remote", daemon=True).start()
        return answer.result(patience_s)

    def _fetch(self, found: Reference) -> None:
        place = f"{self.root}/{found.name}/{found.version}"
        try:
            files = [f"{place}/{file}" for file in (MANIFEST, FILE)]
            manifest, tensors = self._ask(lambda: [bytes(self.files.cat_file(file)) for file in files], FILE_PATIENCE_S)
        except Exception as error:
            why = str(error) or f"not within {FILE_PATIENCE_S:g} s"
            raise StoreAway(f"prefix {str(found)!r} cannot be had from {self.address}: {why}. Try again.") from None
        try:
            told = manifest_from_bytes(manifest)
        except UnreadableManifest as error:
            raise StoreError(f"prefix {str(found)!r}, where it comes from: {error}. {error.remedy}") from None
        if told.reference != str(found) or told.sha256 != hashlib.sha256(tensors).hexdigest():
            raise StoreError(
                f"prefix {str(found)!r}, where it comes from, is not what its manifest says. Add it there again."
            )
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
        """Versions that were not asked for longest give way. Looking through them takes long, and holds up no request meanwhile."""
        with self._making_room:
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
