"""What a store holds, looked up in microseconds: an index beside it in SQLite, read through to the folders.

Comes in:  a store's folder and references.      Goes out: Entries, what must be known of a prefix to serve it.
The folders are the truth. A row is believed while the folders it was read from have not changed since, which their times tell;
anything else is read again, so that what another process adds or removes shows at once. The index may be deleted at any time.
It imports no torch.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from foreword.errors import StoreError, UnknownName
from foreword.store.manifest import Manifest, UnreadableManifest, decoding_of
from foreword.store.reference import Reference
from foreword.store.registry import names, read_manifest, versions

P = ParamSpec("P")
Made = TypeVar("Made")
FILE = ".index.sqlite"
VERSION = 1
SETTLED_NS = (
    2_000_000_000  # a folder that changed so shortly before it was read may change again within one tick of its clock
)


@dataclass(frozen=True)
class Entry:
    """One version of a prefix, without what only its readers need."""

    name: str
    version: int
    sha256: str
    size_bytes: int
    prefix_len: int
    sites: tuple[str, ...]
    created: str  # ISO 8601
    method: str
    backbone: str
    fingerprint: str
    tokenizer_hash: str
    words: tuple[str, ...]
    per_word: bool
    question: str
    decoding: dict[str, Any]  # the recipe's [generate]

    @property
    def reference(self) -> str:
        return str(Reference(self.name, self.version))

    @classmethod
    def of(cls, manifest: Manifest) -> "Entry":
        """
        Raises:
            UnreadableManifest: it says of decoding what cannot be.
        """
        made_for = manifest.backbone
        return cls(
            manifest.name, manifest.version, manifest.sha256, manifest.size_bytes, manifest.prefix_len, tuple(manifest.sites),
            manifest.created.isoformat(), manifest.method, made_for.name, made_for.fingerprint, made_for.tokenizer_hash,
            manifest.form.words, manifest.form.per_word, manifest.form.question,
            decoding_of(manifest),
        )  # fmt: skip

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        held = json.loads(text)
        return cls(**{**held, "sites": tuple(held["sites"]), "words": tuple(held["words"])})


def begun_anew_if_damaged(
    method: Callable[Concatenate["StoreIndex", P], Made],
) -> Callable[Concatenate["StoreIndex", P], Made]:
    """The same; where the file turns out to be damaged, once more with a new one."""

    @wraps(method)
    def asked(self: "StoreIndex", *args: P.args, **named: P.kwargs) -> Made:
        try:
            return method(self, *args, **named)
        except sqlite3.OperationalError:  # locked, say
            raise
        except sqlite3.DatabaseError:
            self.close()
            forget(self.file)
            return method(self, *args, **named)

    return asked


class StoreIndex:
    """Of one store; any thread may ask."""

    def __init__(self, store: Path | str, file: Path | None = None):
        """
        Args:
            file: where the index is kept; in the store's folder if not given, and in memory where nothing can be written.
        """
        self.store = Path(store)
        self.file = file or self.store / FILE
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = opened(self.file)

    @begun_anew_if_damaged
    def find(self, reference: str) -> Entry:
        """The version a reference means, a name alone its newest.

        Raises:
            UnknownName, StoreError: no such name or version, or its manifest cannot be used.
        """
        asked = Reference.parse(reference)
        with self._lock:
            version = asked.version or self._newest(asked.name)
            entry = self._believed(asked.name, version)
            if entry is None and asked.version is None:  # what was the newest is gone
                version = self._newest(asked.name, again=True)
            return entry or self._read(asked.name, version, reference)

    @begun_anew_if_damaged
    def names(self, after: str = "", limit: int = 1000, contains: str = "") -> list[str]:
        """Names that have a version, and this in them, in alphabetical order, as the last `refresh` found them."""
        with self._lock:
            rows = self._db.execute(
                "SELECT name FROM names WHERE name > ? AND newest > 0 AND instr(name, ?) ORDER BY name LIMIT ?",
                (after, contains, limit),
            )
            return [name for (name,) in rows]

    @begun_anew_if_damaged
    def refresh(self) -> int:
        """Read every name whose folder has changed, and its newest version; how many names there are."""
        there = names(self.store) if self.store.is_dir() else []
        with self._lock, self._changing():
            gone = {name for (name,) in self._db.execute("SELECT name FROM names")} - set(there)
            self._db.executemany("DELETE FROM names WHERE name = ?", [(name,) for name in gone])
        for name in there:
            with self._lock, suppress(UnknownName, StoreError):
                newest = self._newest(name)
                if self._believed(name, newest) is None:
                    self._read(name, newest, name)
        return len(there)

    def close(self) -> None:
        """Give its files back; it opens them again when it is asked."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = opened(self.file)
        return self._opened

    def _newest(self, name: str, again: bool = False) -> int:
        changed = changed_at(self.store / name)
        row = self._db.execute("SELECT changed, newest FROM names WHERE name = ?", (name,)).fetchone()
        if row is not None and row[0] == changed and not again:
            newest = row[1]
        else:
            newest = max(versions(self.store, name), default=0)
            if newest or row is not None:  # of what nobody has nothing is kept: anybody may ask for it
                with self._changing():
                    self._db.execute("INSERT OR REPLACE INTO names VALUES (?, ?, ?)", (name, settled(changed), newest))
        if not newest:
            raise UnknownName("stored prefix", name, None)
        return newest

    def _believed(self, name: str, version: int) -> Entry | None:
        row = self._db.execute(
            "SELECT changed, entry FROM versions WHERE name = ? AND version = ?", (name, version)
        ).fetchone()
        if row is None or row[0] != changed_at(self.store / name / str(version)):
            return None
        return Entry.from_json(row[1])

    def _read(self, name: str, version: int, reference: str) -> Entry:
        folder = self.store / name / str(version)
        changed = changed_at(folder)
        if version not in versions(self.store, name):
            raise UnknownName("stored prefix", reference, None)
        try:
            entry = Entry.of(read_manifest(self.store, Reference(name, version)))
        except UnreadableManifest as error:
            raise StoreError(f"prefix {reference!r}: {error}. {error.remedy}") from None
        with self._changing():
            row = (name, version, settled(changed), json.dumps(asdict(entry)))
            self._db.execute("INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?)", row)
        return entry

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """What is written is a copy: if it cannot be, nothing is lost but time."""
        with suppress(sqlite3.OperationalError):
            yield


def changed_at(folder: Path) -> int:
    """When something was added to a folder or taken out of it, in nanoseconds; -1 where there is none."""
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return -1


def settled(changed: int) -> int:
    """The same, or 0, which no folder ever has, where it is too fresh to be told from the next change."""
    return changed if time.time_ns() - changed > SETTLED_NS else 0


def forget(file: Path) -> None:
    """Take an index away, with what SQLite keeps beside it."""
    for leftover in (file, *file.parent.glob(f"{file.name}-*")):
        with suppress(OSError):
            leftover.unlink()


def opened(file: Path) -> sqlite3.Connection:
    """The index, begun anew where there is none, or one that cannot be used."""
    for attempt in (file, file, None):
        try:
            db = sqlite3.connect(attempt or ":memory:", isolation_level=None, check_same_thread=False, timeout=1)
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = OFF")  # it can be made again
            if db.execute("PRAGMA user_version").fetchone()[0] not in (0, VERSION):
                db.close()
                raise sqlite3.DatabaseError(f"not of version {VERSION}")
            db.execute(
                "CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, changed INTEGER, newest INTEGER) WITHOUT ROWID"
            )
            db.execute(
                "CREATE TABLE IF NOT EXISTS versions (name TEXT, version INTEGER, changed INTEGER, entry TEXT, "
                "PRIMARY KEY (name, version)) WITHOUT ROWID"
            )
            db.execute(f"PRAGMA user_version = {VERSION}")
            return db
        except sqlite3.OperationalError as error:  # locked, read-only, no such folder
            last: Exception = error
        except sqlite3.DatabaseError as error:
            last = error
            forget(file)
    raise StoreError(f"SQLite cannot be used: {last}.")
