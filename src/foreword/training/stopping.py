"""Stopping a training from the keyboard: between two steps, with everything saved.

Comes in:  Ctrl-C.      Goes out: whether it was pressed; the loop asks after each step.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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
