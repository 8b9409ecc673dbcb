"""Which prefix a name means to whom, and where its numbers come from.

Comes in:  a tenant and a reference or alias; a content hash.      Goes out: an Entry to serve; a checked Prefix.
    STORE/<name>/<version>/...                      the server's own prefixes, which every tenant may use
    STORE/.tenants/<tenant>/<name>/<version>/...    a tenant's, which nobody else can find
A name is looked up once, when a request comes: from then on the request knows its prefix by its content hash alone. It knows no
model but by its facts, and imports no torch until numbers are loaded.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from foreword.errors import BadRequest, ForewordError, StoreError, UnknownName
from foreword.serve.tenants.ledger import FILE, Ledger, Tenant
from foreword.store import BackboneFacts, Entry, Manifest, Store, StoreIndex
from foreword.store.reference import check_name
from foreword.store.remote import GIB, RemoteStore

if TYPE_CHECKING:
    from foreword.prefix import Prefix

log = logging.getLogger(__name__)
TENANTS = ".tenants"
MOST_OPEN = 64  # indexes whose files are open; each has three
REMEMBERED = 100_000  # contents that were asked for
MOST_PLACES = 8  # of one content


Place = tuple[str, str]  # tenant, reference


@dataclass(frozen=True)
class Shelf:
    """One store with its index; and where its prefixes come from, if that is elsewhere."""

    store: Store
    index: StoreIndex
    remote: RemoteStore | None = None

    def find(self, reference: str) -> Entry:
        """See `StoreIndex.find`."""
        return self.index.find(reference if self.remote is None else self.remote.bring(reference))

    def load(self, reference: str, backbone: BackboneFacts) -> "tuple[Prefix, Manifest]":
        """See `Store.load`. What has given way to others meanwhile, or is damaged here, is brought again."""
        try:
            return self.store.load(reference, backbone)
        except (UnknownName, StoreError):
            if self.remote is None:
                raise
            return self.store.load(self.remote.bring(reference, anew=True), backbone)


class Library:
    """Prefixes of one backbone, the server's own and its tenants'; any thread may ask."""

    def __init__(
        self,
        folder: Path | str,
        backbone: BackboneFacts,
        ledger: Ledger | None = None,
        url: str = "",
        max_bytes: int = 10 * GIB,
    ):
        """
        Args:
            url: where the prefixes come from, if not from the folder itself, which then holds those that were asked for last.
            max_bytes: that these may take.
        """
        self.folder, self.backbone, self.url, self.max_bytes = Path(folder), backbone, url.rstrip("/"), max_bytes
        self.ledger = ledger or Ledger(self.folder / FILE)
        self._shelves: OrderedDict[str, Shelf] = OrderedDict()  # the longest unused first
        # Content hash -> where it was found, the last place last.
        self._places: OrderedDict[str, list[Place]] = OrderedDict()
        self._refreshed: dict[str, float] = {}  # tenant -> when
        self._lock, self._adding = threading.Lock(), threading.Lock()

    def shelf(self, tenant: str) -> Shelf:
        """Where a tenant's prefixes are; the empty name is the server's own."""
        with self._lock:
            if tenant not in self._shelves:
                if tenant:
                    check_name(tenant)
                folder = self.folder / TENANTS / tenant if tenant else self.folder
                url = f"{self.url}/{TENANTS}/{tenant}" if tenant else self.url
                remote = RemoteStore(url, folder, self.max_bytes, within=self.folder) if self.url else None
                self._shelves[tenant] = Shelf(Store(folder), StoreIndex(folder), remote)
            self._shelves.move_to_end(tenant)
            if len(self._shelves) > MOST_OPEN:
                resting = list(self._shelves)[-MOST_OPEN - 1]
                self._shelves[resting].index.close()
            return self._shelves[tenant]

    def find(self, tenant: str, asked: str) -> Entry:
        """What a name or alias means to a tenant: his own before the server's.

        Raises:
            UnknownName: nothing that he could see. Another tenant's prefix is no exception.
            StoreError: it can be no name, or what it means cannot be read.
            PrefixMismatch: it was made for another backbone.
        """
        for owner in dict.fromkeys((tenant, "")):
            meant = self.ledger.alias(owner, asked)
            try:
                entry = self.shelf(owner).find(meant or asked)
            except UnknownName:
                if meant:  # what it means was removed: nothing else of that name is meant
                    raise UnknownName("prefix", asked, None) from None
                continue
            self._check(entry)
            self._remember(entry, owner)
            return entry
        raise UnknownName("prefix", asked, None)

    def load(self, sha256: str) -> "Prefix":
        """The numbers of a prefix that was found before, checked as the store checks them.

        Two tenants may have stored the same one: what one of them removes the other has still, and neither is told of the other's.

        Raises:
            StoreError: it is gone, or is not what it was.
        """
        with self._lock:
            places = list(self._places.get(sha256, ()))
        if not places:
            raise StoreError(f"nothing is known of a prefix with SHA-256 {sha256}. Ask for it by its name.")
        for place in reversed(places):
            try:
                return self._load(place, sha256)
            except ForewordError as error:
                if len(places) == 1:
                    raise
                log.warning("%s", error)
        raise StoreError("the prefix was removed, or its file is not what was stored. Ask for it again.")

    def _load(self, place: Place, sha256: str) -> "Prefix":
        owner, reference = place
        prefix, manifest = self.shelf(owner).load(reference, self.backbone)
        if manifest.sha256 != sha256:
            raise StoreError(f"prefix {reference!r} is not the one that was asked for any more. Ask for it again.")
        return prefix

    def set_alias(self, tenant: str, alias: str, reference: str) -> Entry:
        """From now on the alias means this version, for good: a name alone is its newest of now.

        Raises:
            BadRequest: a prefix is called so.
            UnknownName, StoreError: as `find` has them.
        """
        try:
            self.shelf(tenant).find(alias)
        except UnknownName:
            entry = self.shelf(tenant).find(reference)
            self.ledger.set_alias(tenant, alias, entry.reference)
            return entry
        raise BadRequest(
            f"a prefix is called {alias!r} already, and would not be found any more. Choose another alias."
        )

    def remove(self, tenant: str, reference: str) -> list[str]:
        """Remove one version of a tenant's own; requests that were admitted with it are finished with it.

        Returns:
            content hashes that nobody wants to be at hand any more.

        Raises:
            UnknownName, StoreError: there is none, or no version was given.
        """
        self._check_writable()
        shelf = self.shelf(tenant)
        try:
            shelf.index.find(reference)
        except UnknownName:  # or a removal that was broken off, of what no index knows any more
            with suppress(UnknownName, StoreError):
                shelf.store.remove(reference)
                return self.ledger.unpin(tenant, reference)
            raise
        shelf.store.remove(reference)
        return self.ledger.unpin(tenant, reference)

    def add(self, tenant: Tenant, name: str, manifest: bytes, tensors: bytes) -> Entry:
        """Write an uploaded prefix as the next version of a name, after every check there is.

        Raises:
            BadRequest: it would take more than the tenant's share of the disk, or an alias is called so.
            StoreError, PrefixMismatch: what was uploaded is no prefix, not what its manifest says, or for another backbone.
        """
        self._check_writable()
        if self.ledger.alias(tenant.name, name) is not None:
            raise BadRequest(f"an alias is called {name!r} already. Drop it, or choose another name.")
        with self._adding:  # one at a time, or several together would take more than each may
            self.check_room(tenant, len(manifest) + len(tensors))
            entry = Entry.of(self.shelf(tenant.name).store.receive(name, manifest, tensors, self.backbone))
        self.shelf(tenant.name).index.find(name)  # so that a list has it at once
        self._remember(entry, tenant.name)
        return entry

    def check_room(self, tenant: Tenant, more: int) -> None:
        """
        Raises:
            BadRequest: so many bytes more would be more than a tenant's share of the disk.
        """
        most = tenant.limits.stored_bytes
        taken = self.stored_bytes(tenant.name) if most else 0
        if most and taken + more > most:
            raise BadRequest(
                f"this key's prefixes may take {most} bytes and take {taken} already, so that {more} more are too many. "
                "Remove a version first."
            )

    def refresh(self, tenant: str, older_than_s: float = 0.0) -> None:
        """Read what others have changed in a tenant's folder, so that `entries` knows it; unless that was done just now."""
        with self._lock:
            if time.monotonic() - self._refreshed.get(tenant, -older_than_s) < older_than_s:
                return
            self._refreshed[tenant] = time.monotonic()
        self.shelf(tenant).index.refresh()

    def entries(self, tenants: Sequence[str], after: str = "", limit: int = 1000, contains: str = "") -> list[Entry]:
        """The newest version of each prefix of these tenants, in alphabetical order; where two have one name, the first one's.
        What cannot be read, or is for another backbone, is left out."""
        owners: dict[str, str] = {}
        for tenant in reversed(tenants):
            owners.update(dict.fromkeys(self.shelf(tenant).index.names(after, limit, contains), tenant))
        found = []
        for name in sorted(owners)[:limit]:
            with suppress(UnknownName, StoreError, BadRequest):
                entry = self.shelf(owners[name]).index.find(name)
                self._check(entry)
                found.append(entry)
        return found

    def pin(self, tenant: Tenant, reference: str) -> Entry:
        """Remember that one of a tenant's own prefixes is to be at hand from the start on.

        Raises:
            UnknownName, StoreError: he has none of this name.
            BadRequest: he may pin no more, or it is for another backbone.
        """
        entry = self.shelf(tenant.name).find(reference)
        self._check(entry)
        pinned, most = self.ledger.pins_of(tenant.name), tenant.limits.pinned_prefixes
        if most and entry.reference not in pinned and len(pinned) >= most:
            raise BadRequest(f"this key may keep {most} prefixes at hand and does already. Unpin another first.")
        self._remember(entry, tenant.name)
        self.ledger.pin(tenant.name, entry.reference, entry.sha256)
        return entry

    def unpin(self, tenant: str, reference: str) -> list[str]:
        """One of a tenant's own need not be at hand any more, be it there still or not; without a version, none of its name.

        Returns:
            content hashes that nobody wants to be at hand any more.
        """
        return self.ledger.unpin(tenant, reference)

    def pinned(self) -> list[str]:
        """Content hashes of what is to be at hand, as far as it is still there."""
        found = []
        for tenant, reference in self.ledger.pins():
            with suppress(UnknownName, StoreError, BadRequest):
                entry = self.shelf(tenant).find(reference)
                self._check(entry)
                self._remember(entry, tenant)
                found.append(entry.sha256)
        return found

    def stored_bytes(self, tenant: str) -> int:
        """What a tenant's prefixes take on the disk."""
        folder, taken = self.shelf(tenant).store.folder, 0
        for path in folder.glob("[!.]*/*/*"):
            with suppress(FileNotFoundError):  # it is being removed just now
                taken += path.stat().st_size
        return taken

    @property
    def num_fetched(self) -> int:
        """Prefixes that were brought from where they come from."""
        with self._lock:
            return sum(shelf.remote.num_fetched for shelf in self._shelves.values() if shelf.remote is not None)

    def _check_writable(self) -> None:
        if self.url:
            raise BadRequest("this server's prefixes come from elsewhere. Add and remove them there.")

    def _check(self, entry: Entry) -> None:
        if (entry.fingerprint, entry.tokenizer_hash) != (self.backbone.fingerprint, self.backbone.tokenizer_hash):
            raise BadRequest(
                f"prefix {entry.reference!r} was trained for another model than this server's, {self.backbone.name}: it is for "
                f"{entry.backbone} with fingerprint {entry.fingerprint}."
            )

    def _remember(self, entry: Entry, owner: str) -> None:
        with self._lock:
            place, places = (owner, entry.reference), self._places.setdefault(entry.sha256, [])
            if place in places:
                places.remove(place)
            self._places[entry.sha256] = [*places, place][-MOST_PLACES:]
            self._places.move_to_end(entry.sha256)
            if len(self._places) > REMEMBERED:
                self._places.popitem(last=False)
