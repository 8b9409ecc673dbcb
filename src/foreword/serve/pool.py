"""Which prefixes are at hand: so many places, counted uses, the longest unused gives way.

Comes in:  keys (content hashes) that are wanted, loaded, released, pinned.      Goes out: what to load, and what was loaded.
A prefix is never changed in its place: another version has another hash, and so a place of its own. One thread owns the pool; it
loads nothing itself, but says what is to be loaded, so that its owner may do so in the background. It imports no torch.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from foreword.errors import Busy

T = TypeVar("T")
State = Literal["ready", "loading", "no room"]


@dataclass
class PoolCounts:
    """Since the pool was made."""

    hits: int = 0
    loads: int = 0
    failures: int = 0
    evictions: int = 0


@dataclass
class _Place(Generic[T]):
    held: T | None = None  # None while it is being loaded
    uses: int = 0
    pinned: bool = False


@dataclass
class Pool(Generic[T]):
    """At most `size` prefixes."""

    size: int
    counts: PoolCounts = field(default_factory=PoolCounts)
    _places: OrderedDict[str, _Place[T]] = field(default_factory=OrderedDict)  # the longest unused first
    _to_load: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.size >= 1, self.size

    def reserve(self, key: str) -> State:
        """Ask for a prefix. "ready" or "loading": it stays until `release`. "no room": all places are in use; ask again later."""
        place = self._places.get(key)
        if place is None:
            if not self._make_room():
                return "no room"
            place = self._places[key] = _Place()
            self._to_load.append(key)
            self.counts.loads += 1
        elif place.held is not None:
            self.counts.hits += 1
        self._places.move_to_end(key)
        place.uses += 1
        return "loading" if place.held is None else "ready"

    def release(self, key: str) -> None:
        """One use has ended."""
        place = self._places[key]
        assert place.uses > 0, f"{key} is released more often than it was reserved"
        place.uses -= 1
        self._places.move_to_end(key)

    def take_loads(self) -> list[str]:
        """What is to be loaded now; each is said once."""
        keys, self._to_load = self._to_load, []
        return keys

    def loaded(self, key: str, held: T) -> None:
        """What `take_loads` asked for is here."""
        place = self._places[key]
        assert place.held is None, f"{key} was loaded already, and is never changed in its place"
        place.held = held

    def failed(self, key: str) -> None:
        """What `take_loads` asked for cannot be had: whoever waits for it waits no longer."""
        assert self._places[key].held is None, f"{key} was loaded"
        del self._places[key]
        self.counts.failures += 1

    def get(self, key: str) -> T:
        """A prefix that is ready, to somebody who has reserved it."""
        place = self._places[key]
        assert place.held is not None, key
        assert place.uses > 0, key
        return place.held

    def pin(self, key: str) -> State:
        """Keep a prefix whether it is used or not; loads it where it is not there.

        Raises:
            Busy: then no place would be left for any other.
        """
        if sum(place.pinned for other, place in self._places.items() if other != key) + 1 >= self.size:
            raise Busy(
                f"{self.size - 1} of the pool's {self.size} places can be pinned at most, so that one is left for all others. "
                "Unpin another prefix, or start with a larger pool."
            )
        state = self.reserve(key)
        if state != "no room":
            self._places[key].pinned = True
            self.release(key)
        return state

    def unpin(self, key: str) -> None:
        """It may give way again. Nothing happens to one that is not pinned."""
        if key in self._places:
            self._places[key].pinned = False

    def _make_room(self) -> bool:
        """Whether a place is free, after the longest unused has given way if need be."""
        if len(self._places) < self.size:
            return True
        for key, place in self._places.items():
            if not place.uses and not place.pinned and place.held is not None:
                del self._places[key]
                self.counts.evictions += 1
                return True
        return False

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def uses(self, key: str) -> int:
        return self._places[key].uses

    def pinned(self) -> list[str]:
        return [key for key, place in self._places.items() if place.pinned]
