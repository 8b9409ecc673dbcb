"""Stopping a training from the keyboard: between two steps, with everything saved.

Comes in:  Ctrl-C.      Goes out: Interrupted, once the state is on disk.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Interrupted(Exception):
    """The user asked to stop (Ctrl-C); the state is saved."""

    def __init__(self, step: int):
        super().__init__(f"stopped after step {step}")
        self.step = step


@contextmanager
def stop_at_next_step() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C is noted, to be acted on between two steps; a second one stops at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set  # a thread gets no signals
        return

    def note(signum: int, frame: object) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
