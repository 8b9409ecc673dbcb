"""Who runs a sweep's points: processes on this machine, or Ray's workers on any number of machines.

Comes in:  points, one at a time.      Goes out: names of those that ended, each with what went wrong ("" where nothing did).
"""

import os
import signal
import sys
import threading
import traceback
from abc import ABC, abstractmethod
from contextlib import redirect_stderr, redirect_stdout, suppress
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from foreword.cluster import join_ray
from foreword.errors import ForewordError
from foreword.sweep.plan import Point
from foreword.sweep.points import folder_of, run_point

OUTPUT = "output.log"  # in a point's folder: what its run printed


class Crew(ABC):
    """So many points at once; a point that fails takes nobody with it."""

    size: int

    @abstractmethod
    def start(self, point: Point) -> None:
        """Hand a point to somebody who is free; at most `size` may be under way."""

    @abstractmethod
    def wait(self) -> tuple[str, str]:
        """The name of the next point that ends, and its error."""

    @abstractmethod
    def stop(self) -> None:
        """Everybody stops at once; what was under way goes on from its checkpoint another time."""


def outcome(point: Point, out: Path, command: str) -> str:
    """Run a point; what went wrong, or ""."""
    from foreword.backbone.quiet import quiet_libraries

    quiet_libraries()
    folder = folder_of(out, point)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"{folder} cannot be made: {error}"
    with (folder / OUTPUT).open("a", encoding="utf-8") as log, redirect_stderr(log), redirect_stdout(log):
        try:
            run_point(point, out, command)
        except ForewordError as error:
            return str(error)
        except Exception as error:  # a bug in one run is told, and the others go on
            traceback.print_exc()
            return f"{type(error).__name__}: {error} (its traceback stands in {folder / OUTPUT})"
    return ""


class Processes(Crew):
    """Processes of this machine, kept from point to point: loading the libraries takes seconds."""

    def __init__(self, size: int, out: Path, command: str):
        self.size, self.out, self.command = size, out, command
        self.context = get_context("spawn")
        self.idle: list[tuple[Any, connection.Connection]] = []
        self.busy: dict[connection.Connection, tuple[Any, str]] = {}

    def start(self, point: Point) -> None:
        assert len(self.busy) < self.size, "more points than processes"
        living = [(process, pipe) for process, pipe in self.idle if process.is_alive()]
        process, pipe = living.pop() if living else self.another()
        self.idle = living
        with suppress(OSError):  # one that dies before it has read: `wait` tells of its death
            pipe.send(point)
        self.busy[pipe] = (process, point.name)

    def another(self) -> tuple[Any, connection.Connection]:
        """A process that waits for its first point."""
        pipe, theirs = self.context.Pipe()
        process = self.context.Process(target=work, args=(theirs, self.out, self.command), daemon=True)
        process.start()
        theirs.close()  # so that its death is heard here
        return process, pipe

    def wait(self) -> tuple[str, str]:
        pipe = connection.wait(list(self.busy))[0]
        assert isinstance(pipe, connection.Connection)
        process, name = self.busy.pop(pipe)
        try:
            error = pipe.recv()
        except (EOFError, OSError):
            process.join()
            return name, f"its process died (exit code {process.exitcode}); too little memory is the usual reason"
        self.idle.append((process, pipe))
        return name, error

    def stop(self) -> None:
        for process, _ in self.busy.values():
            process.terminate()
        for _, pipe in self.idle:
            pipe.close()  # at which it ends by itself
        for process, _ in [*self.idle, *self.busy.values()]:
            process.join()


def work(pipe: connection.Connection, out: Path, command: str) -> None:
    """A process: point after point, until the one that drives the sweep is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the driver decides what it means
    threading.Thread(target=die_with_parent, daemon=True).start()
    while True:
        try:
            point = pipe.recv()
        except EOFError:
            return
        pipe.send(outcome(point, out, command))


def die_with_parent() -> None:
    """A run that nobody waits for would hold its folder against the sweep that is started again."""
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


class OnRay(Crew):
    """Ray's workers; the sweep's folder must lie on a disk that all of its machines share."""

    def __init__(self, address: str, threads: int, out: Path, command: str, on_gpus: bool):
        """
        Args:
            on_gpus: where the machines have GPUs, each run has one of them to itself.

        Raises:
            MissingTool: ray is not installed.
            RunError: no Ray answers there.
        """
        self.ray = ray = join_ray(address)
        self.out, self.command = out.resolve(), command
        there = ray.cluster_resources()
        num_gpus, size = int(there.get("GPU", 0)) if on_gpus else 0, int(there.get("CPU", 1)) // threads
        self.size = max(1, min(size, num_gpus or size))
        self.run = ray.remote(num_cpus=threads, num_gpus=min(1, num_gpus), max_retries=0)(outcome)
        self.under_way: dict[Any, str] = {}

    def start(self, point: Point) -> None:
        self.under_way[self.run.remote(point, self.out, self.command)] = point.name

    def wait(self) -> tuple[str, str]:
        [ended], _ = self.ray.wait(list(self.under_way), num_returns=1)
        name = self.under_way.pop(ended)
        try:
            return name, self.ray.get(ended)
        except self.ray.exceptions.RayError as error:
            return name, f"its worker died: {str(error).splitlines()[0]}"

    def stop(self) -> None:
        for task in self.under_way:
            self.ray.cancel(task, force=True)
        self.ray.shutdown()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
