"""Prefixes on their way to the engine, in the background.

Comes in:  content hashes that are wanted.      Goes out: prefixes in the form that rows attend to, or why they cannot be had.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue

from foreword.backbone import Backbone
from foreword.backbone.slots import AnySlots
from foreword.errors import BadRequest, ForewordError, StoreError
from foreword.prefix import Kept, Prefix

log = logging.getLogger(__name__)

KEPT_FROM = 256  # positions from which a prefix is kept once instead of copied into every row

Load = Callable[[str], Prefix]  # content hash -> prefix, checked; called in the background
Held = Prefix | Kept


def is_long(prefix_len: int) -> bool:
    return prefix_len >= KEPT_FROM


class Waiting:
    """Who waits for a prefix itself, not for a row with it. One thread owns it; whoever waits may be in any."""

    def __init__(self) -> None:
        self._waits: dict[str, list[Future[None]]] = {}

    def wait(self, key: str, is_there: bool) -> "Future[None]":
        come: Future[None] = Future()
        come.set_running_or_notify_cancel()  # whoever waits may give up; it comes all the same
        if is_there:
            come.set_result(None)
        else:
            self._waits.setdefault(key, []).append(come)
        return come

    def come(self, key: str, held: Held | ForewordError) -> None:
        for wait in self._waits.pop(key, ()):
            if isinstance(held, ForewordError):
                wait.set_exception(held)
            else:
                wait.set_result(None)

    def end(self, why: ForewordError) -> None:
        for key in list(self._waits):
            self.come(key, why)


class Fetcher:
    """Of one engine. Loads in any thread; what has come is taken by the engine's own."""

    def __init__(
        self, backbone: Backbone, slots: AnySlots, load: Load, executor: Executor | None, wake: Callable[[], None]
    ):
        """
        Args:
            executor: where prefixes are loaded; None: at once, by who wants them.
            wake: called, by any thread, when one has come.
        """
        self.backbone, self.slots, self.load, self.executor, self.wake = backbone, slots, load, executor, wake
        self._come: SimpleQueue[tuple[str, Held | ForewordError]] = SimpleQueue()

    def want(self, keys: Iterable[str]) -> None:
        for key in keys:
            if self.executor is None:
                self._fetch(key)
            else:
                self.executor.submit(self._fetch, key)

    def come(self) -> Iterator[tuple[str, Held | ForewordError]]:
        """What has come since somebody asked last."""
        while True:
            try:
                yield self._come.get_nowait()
            except Empty:
                return

    @property
    def is_empty(self) -> bool:
        return self._come.empty()

    def _fetch(self, key: str) -> None:
        try:
            come: Held | ForewordError = self._held(self.load(key))
        except ForewordError as error:
            come = error
        except Exception:
            log.exception("prefix %s could not be loaded", key)
            come = StoreError("its prefix could not be loaded.")
        self._come.put((key, come))
        self.wake()

    def _held(self, prefix: Prefix) -> Held:
        """The form of a prefix that rows attend to.

        Raises:
            PrefixMismatch, BadRequest: no row can.
        """
        prefix.check_fits(self.backbone.sites, self.backbone.name, self.backbone.fingerprint)
        if self.slots.lacks(prefix.prefix_len, 1, 1, is_long(prefix.prefix_len)):
            raise BadRequest(
                f"a prefix of {prefix.prefix_len} positions leaves no room in a row of {self.slots.slot_len}. Start the engine "
                "with longer slots."
            )
        prefix = prefix.to(self.backbone.device, self.backbone.dtype)
        is_uneven = bool(prefix.layer_lens) or set(prefix.keys) < set(self.backbone.sites)
        return Kept.of(prefix) if is_uneven or is_long(prefix.prefix_len) else prefix
