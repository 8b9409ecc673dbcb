"""A training in a process of its own that is killed, as by `kill -9`, at a moment that is chosen beforehand."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.tiny_models import tiny_backbone
from tests.tiny_runs import pairs_of, prefix_method, tiny_training

from foreword import writing
from foreword.training import Training, checkpoint, loop


def killing(real: Callable[..., Any], number: int, late: bool = False) -> Callable[..., Any]:
    """The function, but its call of this number is the last thing the process does, or is not even done."""
    calls = 0

    def called(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and not late:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return called


def writes_half(real: Callable[..., Any]) -> Callable[..., Any]:
    def called(tensors: Any, path: Path, facts: Any) -> None:
        real(tensors, path, facts)
        os.truncate(path, os.path.getsize(path) // 2)

    return called


def killed_run(out: Path, optimizer: str, when: str) -> None:
    """Train; `when` is "never", or "WHAT:NUMBER", e.g. "step:3" for the moment before the third step."""
    what, _, count = when.partition(":")
    number = int(count or 0)
    if what == "step":
        Training.step = killing(Training.step, number)
    elif what == "logged":
        Training._log = killing(Training._log, number, late=True)
    elif what == "renaming":
        writing.os.replace = killing(os.replace, number)
    elif what == "saved":
        loop.checkpoint.save = killing(checkpoint.save, number, late=True)
    elif what == "writing":
        real, half = checkpoint.save_file, killing(writes_half(checkpoint.save_file), 1, late=True)
        calls = iter(range(1, 1000))
        checkpoint.save_file = lambda *args: (half if next(calls) == number else real)(*args)
    backbone = tiny_backbone("gpt2")
    pairs = pairs_of(backbone)
    tiny_training(
        backbone, prefix_method(backbone), out, dev=pairs[:2], total_steps=9, save_every=2, eval_every=4, log_every=2,
        optimizer=optimizer, lm_dropout=True,
    ).run()  # fmt: skip
