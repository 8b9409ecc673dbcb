"""What a person sees of a training: a bar on a terminal, plain lines elsewhere; always on stderr.

Comes in:  one line of numbers per log step.      Goes out: text for people. The run's own log is written by the loop.
"""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Reporter:
    """Shows a training's progress; `silent` shows nothing (other processes of one training)."""

    def __init__(self, total_steps: int, first_step: int = 0, silent: bool = False):
        self.console = Console(stderr=True)
        self.silent, self.total_steps, self.first_step = silent, total_steps, first_step
        self.began, self.tokens = time.monotonic(), 0
        self.bar: Progress | None = None

    def __enter__(self) -> Self:
        if not self.silent and self.console.is_terminal:
            columns = ("step", MofNCompleteColumn(), BarColumn(), TextColumn("loss {task.fields[loss]}"))
            speed = (TextColumn("{task.fields[speed]} tokens/s"), TimeElapsedColumn(), "left", TimeRemainingColumn())
            self.bar = Progress(*columns, *speed, console=self.console)
            self.bar.start()
            self.task = self.bar.add_task(
                "train", total=self.total_steps, completed=self.first_step, loss="-", speed="-"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.bar is not None:
            self.bar.stop()

    @property
    def tokens_per_s(self) -> int:
        return round(self.tokens / max(time.monotonic() - self.began, 1e-9))

    def step(self, step: int, num_tokens: int) -> None:
        self.tokens += num_tokens
        if self.bar is not None:
            self.bar.update(self.task, completed=step)

    def logged(self, step: int, loss: float) -> None:
        if self.bar is not None:
            self.bar.update(self.task, loss=f"{loss:.3f}", speed=self.tokens_per_s)
        elif not self.silent:
            done = max(step - self.first_step, 1)
            left_s = (time.monotonic() - self.began) / done * (self.total_steps - step)
            self.say(
                f"step {step}/{self.total_steps}  loss {loss:.3f}  {self.tokens_per_s} tokens/s  {left_s:.0f} s left"
            )

    def say(self, text: str) -> None:
        if not self.silent:
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)
            sys.stderr.flush()
