"""Results for whoever reads them: tables on a terminal, JSON in a pipe. Progress and messages go to stderr elsewhere.

Comes in:  plain data.      Goes out: text on stdout.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

SECONDS_BETWEEN_LINES = 10.0


def is_first_process() -> bool:
    """Of a training over several processes (torchrun, accelerate launch) one speaks for all."""
    return os.environ.get("RANK", "0") == "0"


def to_terminal() -> bool:
    return sys.stdout.isatty()


def show(data: Any, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """The rows as a table on a terminal, the data as JSON elsewhere."""
    if not is_first_process():
        return
    if not to_terminal():
        print(json.dumps(data, indent=1, ensure_ascii=False))
        return
    table = Table()
    for head in header:
        table.add_column(Text(head))
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # as it stands: brackets are markup to Rich otherwise
    Console().print(table)


def show_described(described: Mapping[str, str]) -> None:
    """Names with one line each."""
    show(dict(described), ("name", "what it is"), list(described.items()))


def show_settings(settings: Mapping[str, tuple[Any, str]]) -> None:
    """Settings with their defaults and meanings."""
    data = {name: {"default": default, "meaning": meaning} for name, (default, meaning) in settings.items()}
    rows = [
        (name, "" if default == "" else json.dumps(default), meaning) for name, (default, meaning) in settings.items()
    ]
    show(data, ("setting", "default", "meaning"), rows)


def show_facts(facts: Mapping[str, Any]) -> None:
    """One thing's facts."""
    rows = [(k, json.dumps(v, ensure_ascii=False) if isinstance(v, dict | list) else v) for k, v in facts.items()]
    show(facts, ("", ""), rows)


def show_scores(scores: Mapping[str, Mapping[str, Mapping[str, Any]]], data: Any) -> None:
    """Scores by group and metric, with their intervals."""
    rows = [
        (group, metric, f"{s['value']:.4f}", f"{s['low']:.4f} .. {s['high']:.4f}", s["num_examples"])
        for group, metrics in scores.items()
        for metric, s in metrics.items()
    ]
    show(data, ("examples", "metric", "score", "95 % interval", "n"), rows)


def say(text: str) -> None:
    """A line for people, on stderr."""
    print(text, file=sys.stderr, flush=True)


def say_cut(num_cut: int, num_sources: int) -> None:
    """What was cut is told, never done in silence."""
    if num_cut:
        say(f"note: {num_cut} of {num_sources} sources were too long and were cut.")


def say_skipped(skipped: Mapping[str, str]) -> None:
    """A metric that cannot be counted here, with the reason."""
    for metric, reason in skipped.items():
        say(f"note: {metric} was not scored: {reason}")


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """What to call with (done, total): a bar on a terminal that goes when all is done, a line every ten seconds elsewhere."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

    columns = (what, MofNCompleteColumn(), BarColumn(), TimeElapsedColumn(), "left", TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    began = spoke = time.monotonic()

    def lines(done: int, total: int) -> None:
        nonlocal spoke
        now = time.monotonic()
        if now - spoke >= SECONDS_BETWEEN_LINES and done < total:
            say(f"{what} {done}/{total}  {(now - began) / done * (total - done):.0f} s left")
            spoke = now

    if not bar.console.is_terminal:
        yield lines
        return
    with bar:
        row = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(row, completed=done, total=total)
