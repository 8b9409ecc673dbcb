"""What the output layer is asked for: logits at some positions only, and what goes in there.

Comes in:  the layer's input, in a hook.      Goes out: the positions asked for, as one row.
"""

import threading

from torch import Tensor, nn


class Wanted(threading.local):
    """Of this thread's forward pass: which flat positions the output layer is asked for, and where its input is noted."""

    at: Tensor | None = None  # None: all
    inputs: list[Tensor] | None = None

    def keep(self, module: nn.Module, args: tuple) -> tuple | None:
        """Before the output layer: only the positions asked for, as one row."""
        if self.at is None:
            return None
        return (args[0].flatten(0, 1)[self.at][None],)

    def note(self, module: nn.Module, args: tuple, logits: Tensor) -> None:
        """Behind the output layer: what it was given in the end, whatever a method has put before it."""
        if self.inputs is not None:
            self.inputs.append(args[0])
