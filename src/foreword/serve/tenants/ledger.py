"""Who may ask, how much, and what they call things: tenants, aliases and pins in one SQLite file.

Comes in:  names, keys, limits.      Goes out: Tenants, or None.
A key is told once, when it is made; what is kept is its hash. A change is on the disk when the call returns. It imports no torch.
"""

import hashlib
import secrets
import sqlite3
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from foreword.errors import BadRequest, StoreError, UnknownName
from foreword.store.reference import NAME, check_name

FILE = ".serving.sqlite"
VERSION = 2
KEY_START = "fw-"
MOST_ALIASES = 1000  # of one tenant


@dataclass(frozen=True)
class Limits:
    """Of one tenant; 0: none."""

    requests_per_minute: int = 0
    tokens_per_minute: int = 0  # of prompts and answers
    stored_bytes: int = 0
    pinned_prefixes: int = 0


@dataclass(frozen=True)
class Tenant:
    """An owner of prefixes. The one with the empty name is who runs the server: his prefixes are everybody's to use."""

    name: str = ""
    limits: Limits = Limits()


class Ledger:
    """Of one store; any thread may ask, and several processes."""

    def __init__(self, file: Path):
        """
        Raises:
            StoreError: the file cannot be opened, is no ledger, or was written by another version.
        """
        self.file = file
        self._lock = threading.Lock()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=10)
            found = self._db.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, 1, VERSION):
                raise StoreError(f"{file} is of version {found}, not {VERSION}. Use the Foreword that wrote it.")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            if found == 1:
                self._db.execute("ALTER TABLE tenants ADD COLUMN pinned_prefixes INTEGER NOT NULL DEFAULT 0")
                self._db.execute("DROP TABLE pins")
            limits = ", ".join(f"{field.name} INTEGER NOT NULL" for field in fields(Limits))
            for table in (
                f"tenants (name TEXT PRIMARY KEY, key_hash TEXT UNIQUE NOT NULL, {limits})",
                "aliases (tenant TEXT, alias TEXT, reference TEXT NOT NULL, PRIMARY KEY (tenant, alias))",
                "pins (tenant TEXT, reference TEXT, sha256 TEXT NOT NULL, PRIMARY KEY (tenant, reference))",
            ):
                self._db.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            self._db.execute(f"PRAGMA user_version = {VERSION}")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{file}, which holds tenants and aliases, cannot be used: {error}. Restore it from a copy, or move it away "
                "to begin without any."
            ) from None

    @property
    def has_tenants(self) -> bool:
        return bool(self._all("SELECT 1 FROM tenants LIMIT 1"))

    def add_tenant(self, name: str, limits: Limits = Limits()) -> str:
        """A new tenant; his key, which nobody can tell again.

        Raises:
            StoreError: a name that no folder could have.
            BadRequest: it is taken.
        """
        check_name(name)
        key = KEY_START + secrets.token_urlsafe(32)
        row = (name, hashed(key), *asdict(limits).values())
        try:
            self._do(f"INSERT INTO tenants VALUES ({', '.join('?' * len(row))})", row)
        except sqlite3.IntegrityError:
            raise BadRequest(f"there is a tenant {name!r} already. Remove it first, or choose another name.") from None
        return key

    def remove_tenant(self, name: str) -> None:
        """The key opens nothing any more, and nothing of the tenant's is loaded at the next start; his prefixes and aliases stay.

        Raises:
            UnknownName: there is no such tenant.
        """
        if not self._do("DELETE FROM tenants WHERE name = ?", (name,)):
            raise UnknownName("tenant", name, [tenant.name for tenant in self.tenants()])
        self._do("DELETE FROM pins WHERE tenant = ?", (name,))

    def tenants(self) -> list[Tenant]:
        """In alphabetical order."""
        rows = self._all("SELECT * FROM tenants ORDER BY name")
        return [Tenant(name, Limits(*limits)) for name, _, *limits in rows]

    def tenant_of(self, key: str) -> Tenant | None:
        """Whose key this is; None: nobody's."""
        rows = self._all("SELECT * FROM tenants WHERE key_hash = ?", (hashed(key),))
        return Tenant(rows[0][0], Limits(*rows[0][2:])) if rows else None

    def set_alias(self, tenant: str, alias: str, reference: str) -> None:
        """From now on the alias means this; what it meant before is forgotten.

        Raises:
            StoreError: a name that no prefix could have.
            BadRequest: the tenant has as many as he may.
        """
        check_name(alias)
        held = self.aliases(tenant)
        if alias not in held and len(held) >= MOST_ALIASES:
            raise BadRequest(f"there are {len(held)} aliases, of at most {MOST_ALIASES}. Drop one first.")
        self._do("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (tenant, alias, reference))

    def drop_alias(self, tenant: str, alias: str) -> bool:
        """Whether there was one."""
        return bool(self._do("DELETE FROM aliases WHERE tenant = ? AND alias = ?", (tenant, alias)))

    def alias(self, tenant: str, alias: str) -> str | None:
        """What an alias of this tenant means."""
        if not NAME.fullmatch(alias):
            return None
        rows = self._all("SELECT reference FROM aliases WHERE tenant = ? AND alias = ?", (tenant, alias))
        return rows[0][0] if rows else None

    def aliases(self, tenant: str) -> dict[str, str]:
        """Alias -> what it means."""
        return dict(self._all("SELECT alias, reference FROM aliases WHERE tenant = ? ORDER BY alias", (tenant,)))

    def pin(self, tenant: str, reference: str, sha256: str) -> None:
        """Remember that this version of a tenant's is to be at hand."""
        self._do("INSERT OR REPLACE INTO pins VALUES (?, ?, ?)", (tenant, reference, sha256))

    def unpin(self, tenant: str, reference: str) -> list[str]:
        """Forget it; of a name without a version, every one. Content hashes that nobody has pinned any more."""
        held = self._all("SELECT reference, sha256 FROM pins WHERE tenant = ?", (tenant,))
        dropped = [(held_as, sha256) for held_as, sha256 in held if reference in (held_as, held_as.partition("@")[0])]
        for held_as, _ in dropped:
            self._do("DELETE FROM pins WHERE (tenant, reference) = (?, ?)", (tenant, held_as))
        return [sha256 for _, sha256 in dropped if not self._all("SELECT 1 FROM pins WHERE sha256 = ?", (sha256,))]

    def pins_of(self, tenant: str) -> list[str]:
        return [reference for owner, reference in self.pins() if owner == tenant]

    def pins(self) -> list[tuple[str, str]]:
        """Whose prefixes, and which."""
        return [
            (tenant, reference) for tenant, reference in self._all("SELECT tenant, reference FROM pins ORDER BY 1, 2")
        ]

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _do(self, statement: str, values: tuple[object, ...]) -> int:
        with self._lock:
            return self._db.execute(statement, values).rowcount

    def _all(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple]:
        with self._lock:
            return self._db.execute(statement, values).fetchall()


def hashed(key: str) -> str:
    """A key is 256 bits of chance: nobody guesses it from its hash, so a fast one will do."""
    return hashlib.sha256(key.encode()).hexdigest()
