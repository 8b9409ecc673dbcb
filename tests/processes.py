"""Processes of their own, to be killed or interrupted: forked from one that has imported everything, so each starts at once."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil

HEAVY = [
    "foreword.keeping",
    "transformers.models.gpt2.modeling_gpt2",
    "transformers.generation",
    "torch.distributed.run",
]
LIMIT_S = 120

os.environ.setdefault("OMP_NUM_THREADS", "1")
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(HEAVY)


def begun(target: Callable[..., None], *arguments: Any, environment: dict[str, str] | None = None) -> ForkServerProcess:
    """A process that does this; whoever began it joins it."""
    process = CONTEXT.Process(target=child, args=(target, arguments, environment or {}))
    process.start()
    return process


def ended(process: ForkServerProcess) -> int:
    """Its exit code; -9 for one that was killed."""
    process.join(LIMIT_S)
    assert process.exitcode is not None, "it hangs"
    return process.exitcode


def kill(process: ForkServerProcess) -> None:
    """kill -9, unless it has ended by itself; over when all that it had begun is gone too."""
    with suppress(psutil.NoSuchProcess):
        victim = psutil.Process(process.pid)
        victim.suspend()  # it begins nobody while we look whom it has begun
        begun_by_it = victim.children(recursive=True)
        victim.kill()
        limit = time.monotonic() + LIMIT_S
        while left := [one for one in begun_by_it if not gone(one)]:
            assert time.monotonic() < limit, f"{left} outlive it"
            time.sleep(0.02)
    assert ended(process) in (0, -signal.SIGKILL)


def gone(process: psutil.Process) -> bool:
    """Dead, though nobody may have asked after it yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def child(target: Callable[..., None], arguments: tuple, environment: dict[str, str]) -> None:
    import torch

    os.environ.update(environment)
    torch.set_num_threads(1)
    target(*arguments)


def command_line(arguments: list[str], out: Path, folder: Path) -> None:
    """`foreword ARGUMENTS` in a folder, its stdout and stderr in OUT.out and OUT.err."""
    from foreword.cli import main

    os.chdir(folder)
    sys.argv = ["foreword", *arguments]
    for stream, suffix in ((sys.stdout, "out"), (sys.stderr, "err")):
        file = os.open(out.with_suffix(f".{suffix}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        stream.flush()
        os.dup2(file, stream.fileno())
    main()


def run_foreword(folder: Path, *arguments: str, path: str | None = None) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command in a process of its own, where programs are looked for in `path`."""
    out = folder / f"command-{time.monotonic_ns()}"
    environment = {} if path is None else {"PATH": path}
    code = ended(begun(command_line, list(arguments), out, folder, environment=environment))
    return code, out.with_suffix(".out").read_text(), out.with_suffix(".err").read_text()


def told(code: int, place: Path, *arguments: str) -> str:
    """What a failing command says: nothing on stdout, one message, no traceback."""
    found, out, err = run_foreword(place, *arguments)
    assert (found, out) == (code, ""), err
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if line.startswith("foreword: ")]
    assert len(lines) == 1, err
    return err.strip()
