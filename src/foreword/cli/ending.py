"""How a command ends: 0 done, 1 a check failed, 2 the user can mend it, 130 stopped by Ctrl-C.

Comes in:  the work.      Goes out: an exit code, and one clear line on stderr where it is not 0.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from foreword.cli import output
from foreword.errors import Interrupted


@contextmanager
def stoppable(what_now: str = "Nothing was written.") -> Iterator[None]:
    """Within the block a Ctrl-C ends the command with exit code 130 and a line on how things stand."""
    try:
        yield
    except KeyboardInterrupt:
        if output.is_first_process():
            output.say(f"foreword: stopped. {what_now}")
        sys.exit(130)


@contextmanager
def resumable(command: str) -> Iterator[None]:
    """The same around a training, which saves its state before it stops."""
    with stoppable(f"{command} goes on from the last checkpoint."):
        try:
            yield
        except Interrupted as stopped:
            if output.is_first_process():
                output.say(f"foreword: {stopped}; everything up to it is saved. {command} goes on from there.")
            sys.exit(130)


def quiet_libraries() -> None:
    """As `backbone` has it; here for commands, which load that room only when they run."""
    from foreword.backbone.quiet import quiet_libraries as quiet

    quiet()
