"""How far a sweep is: a row for each of its points, in SQLite, so that nothing is lost to a crash.

Comes in:  points, and what becomes of them.      Goes out: their states. The runs' folders are the truth; the journal says what
failed and why, how long things took, and what was begun.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from foreword.errors import RunError

VERSION = 1
PATIENCE_S = 60.0  # with somebody who looks into the journal and holds it meanwhile
State = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class Entry:
    state: State
    error: str
    seconds: float
    attempts: int


class Journal:
    """One process writes it, the one that drives the sweep."""

    def __init__(self, path: Path, is_writer: bool = True):
        """Opens the journal, or begins one; who only reads leaves no trace, and needs no right to write.

        Raises:
            RunError: it is none, or was written by another version of Foreword.
        """
        self.path = path
        with told(path):
            if is_writer:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.db = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE_S)
                self.db.execute("PRAGMA journal_mode = WAL")
            else:
                self.db = opened_to_read(path)
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
            tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if version != VERSION and tables:
                raise RunError(
                    f"{path} is of version {version}, and this Foreword keeps journals of version {VERSION}. Move it away: the "
                    "runs beside it are found again by their results."
                )
            if not is_writer:
                return
            self.db.execute(
                "CREATE TABLE IF NOT EXISTS points (name TEXT PRIMARY KEY, state TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', "
                "began REAL, seconds REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0)"
            )
            self.db.execute(f"PRAGMA user_version = {VERSION}")

    def take_up(self, states: Mapping[str, State]) -> None:
        """Begin, or go on after whatever stopped it: each point as its folder shows it, and what was running waits again."""
        with told(self.path), self.db:
            self.db.execute("BEGIN IMMEDIATE")
            for name, state in states.items():
                self.db.execute("INSERT OR IGNORE INTO points (name, state) VALUES (?, ?)", (name, state))
                self.db.execute("UPDATE points SET state = ?, error = '' WHERE name = ?", (state, name))

    def began(self, name: str) -> None:
        with told(self.path):
            self.db.execute(
                "UPDATE points SET state = 'running', began = ?, attempts = attempts + 1 WHERE name = ?",
                (time.time(), name),
            )

    def ended(self, name: str, error: str = "") -> None:
        """Done, or failed with the error."""
        with told(self.path):
            self.db.execute(
                "UPDATE points SET state = ?, error = ?, seconds = coalesce(? - began, 0) WHERE name = ?",
                ("failed" if error else "done", error, time.time(), name),
            )

    def entries(self, names: Iterable[str] | None = None) -> dict[str, Entry]:
        with told(self.path):
            rows = self.db.execute("SELECT name, state, error, seconds, attempts FROM points ORDER BY rowid").fetchall()
        found = {name: Entry(*rest) for name, *rest in rows}
        return found if names is None else {name: found[name] for name in names if name in found}

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raises RunError: SQLite cannot do what the block asks of it; the file is damaged, say, or the disk is full."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunError(
            f"{path} cannot be used as a sweep's journal ({error}). Move it away: the runs beside it are found again by their "
            "results."
        ) from None


def opened_to_read(path: Path) -> sqlite3.Connection:
    """Nothing is written, not even the files beside a journal by which SQLite shares it with who writes it."""
    is_shared = path.with_name(f"{path.name}-wal").exists()
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?{'mode=ro' if is_shared else 'immutable=1'}", uri=True, timeout=PATIENCE_S
    )
