"""The engine's thread: it alone touches the engine, and everybody else speaks to it here.

Comes in:  Requests from any thread.      Goes out: Events, called by the engine's thread; a handle to cancel by.
If a step raises what no row is to blame for, all rows are told, and a fresh engine takes over. While none can be made, requests
are refused, and it is tried again.
"""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

from foreword.errors import Busy, ForewordError
from foreword.serve.engine import Engine
from foreword.serve.request import Event, Failed, Finished, Listener, Request
from foreword.serve.scheduler import has_room

log = logging.getLogger(__name__)

GOING_DOWN = "the server is going down. Try again in a moment."
BROKEN = "the server's engine broke and is being made again. Try again in a moment."
RETRY_S = 2.0  # between two tries to make one

T = TypeVar("T")


class Handle:
    """One request that was handed over."""

    def __init__(self) -> None:
        self.engine: Engine | None = None  # None until it has it
        self.number = -1  # there
        self.cancelled = False


class Runner:
    """A thread with an engine in it."""

    def __init__(self, make: Callable[[Callable[[], None]], Engine]):
        """
        Args:
            make: an engine, given what it must call when there is something to do; called again if one breaks.
        """
        self._make = make
        self._ready = threading.Condition()
        self._todo: deque[Callable[[], None]] = deque()
        self._woken, self._stopping = True, False  # it may have been made with something to do
        self._repair_at: float | None = None  # when another engine is to be made; None: there is one
        self.is_broken = False  # whether none could be made
        self.engine = make(self.wake)
        self.restarts = 0
        self.open_of: Counter[str] = Counter()  # tenant -> rows
        self.most_open = self.engine.sizes.max_waiting + self.engine.sizes.num_slots
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def num_open(self) -> int:
        """Rows that wait, read or write, whoever asked."""
        return self.open_of.total()

    def submit(self, asked: Sequence[tuple[Request, Listener]]) -> list[Handle]:
        """Hand requests over, all of them or none. A listener is called by the engine's thread, and must not wait.

        Raises:
            BadRequest: one of them cannot be served at all.
            Busy: too many wait already, or the engine is stopping.
        """
        for request, _ in asked:
            self.engine.check(request)
        with self._ready:
            if not self.takes_requests:
                raise Busy(BROKEN if self.is_alive and not self._stopping else GOING_DOWN)
            more = Counter(request.tenant for request, _ in asked)
            if not all(has_room(self.open_of, tenant, num, self.most_open) for tenant, num in more.items()):
                raise Busy(
                    f"{self.num_open} requests are open already, of at most {self.most_open}. Try again in a moment."
                )
            self.open_of += more
        return [self._hand_over(request, listener) for request, listener in asked]

    def _hand_over(self, request: Request, listener: Listener) -> Handle:
        handle = Handle()

        def heard(event: Event) -> None:
            if isinstance(event, Finished | Failed):
                with self._ready:
                    self.open_of[request.tenant] -= 1
                    self._ready.notify_all()
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed; its row is cancelled")
                self.cancel(handle)

        def begin() -> None:
            if handle.cancelled:
                heard(Finished("cancelled", 0))
                return
            if self._repair_at is not None:
                heard(Failed("shutdown", BROKEN))
                return
            try:
                handle.engine, handle.number = self.engine, self.engine.submit(request, heard)
            except ForewordError as error:
                heard(Failed("busy", str(error)))

        self._do(begin)
        return handle

    def cancel(self, handle: Handle) -> None:
        """End a request; its last event says so, unless it had ended already."""
        handle.cancelled = True

        def end() -> None:
            if handle.engine is self.engine:
                self.engine.cancel(handle.number)

        self._do(end)

    def call(self, what: Callable[[Engine], T]) -> "Future[T]":
        """Have something done by the engine's thread, between two steps; not at all, if the future is cancelled before."""
        done: Future[T] = Future()

        def do() -> None:
            if not done.set_running_or_notify_cancel():
                return
            try:
                done.set_result(what(self.engine))
            except Exception as error:
                done.set_exception(error)

        self._do(do)
        return done

    def wake(self) -> None:
        """There is something new to do."""
        with self._ready:
            self._woken = True
            self._ready.notify_all()

    def stop(self, drain_s: float = 0.0) -> bool:
        """Take nothing more, let open requests finish for so long, then end them; whether all finished."""
        with self._ready:
            self._stopping = True
            finished = self._ready.wait_for(lambda: not self.num_open or not self._thread.is_alive(), drain_s)
        self.call(lambda engine: engine.fail_all(Failed("shutdown", GOING_DOWN)))
        self._do(self._end)
        self._thread.join(60)
        return finished

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def takes_requests(self) -> bool:
        return self.is_alive and not self._stopping and not self.is_broken

    def _do(self, what: Callable[[], None]) -> None:
        with self._ready:
            self._todo.append(what)
            self._woken = True
            self._ready.notify_all()

    def _end(self) -> None:
        raise SystemExit

    def _run(self) -> None:
        busy = False
        while True:
            with self._ready:
                if not busy:
                    # Deadlines of rows that wait for a prefix pass without anybody waking us, and so does the time of a repair.
                    waits = self.engine.num_rows or self._repair_at is not None
                    self._ready.wait_for(lambda: self._woken, 0.05 if waits else None)
                self._woken = False
            try:
                if self._repair_at is not None and time.monotonic() >= self._repair_at:
                    self._repair()
                while self._todo:
                    self._todo.popleft()()
                busy = self._repair_at is None and self.engine.step()
            except SystemExit:
                return
            except Exception:
                log.exception("the engine broke; a new one takes over")
                self.engine.give_up(Failed("error", "the server's engine broke. Try again."))
                self._repair_at, busy = time.monotonic(), True

    def _repair(self) -> None:
        """Make an engine in place of the one that broke, whose memory is free by now."""
        try:
            self.engine = self._make(self.wake)
        except Exception:
            log.exception("no engine can be made; it is tried again in %s s", RETRY_S)
            self._repair_at, self.is_broken = time.monotonic() + RETRY_S, True
            return
        self._repair_at, self.is_broken, self.restarts = None, False, self.restarts + 1
