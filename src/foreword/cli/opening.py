"""What a command is given, opened: runs, stored prefixes, files of lines.

Comes in:  what the user typed.      Goes out: a Tuned, or texts.
"""

import sys
from pathlib import Path

from foreword.errors import BadData, RunError
from foreword.experiment import Tuned, open_run
from foreword.keeping import take
from foreword.recipe import Recipe, with_overrides


def opened(name: str, overrides: list[str]) -> Tuned:
    """A run folder, or STORE/NAME@VERSION, with overrides of how it decodes and is scored.

    Raises:
        RunError: an override would change what was trained.
    """
    path = Path(name)
    if (path / "recipe.json").is_file() or path.is_dir() and "@" not in path.name and not (path.parent / path.name / "1").is_dir():
        tuned = open_run(path)
    else:
        tuned = take(path.name, path.parent)
    for override in overrides:
        if override.split(".")[0].strip() not in ("generate", "eval", "task"):
            raise RunError(f"--set {override} would change what was trained; here generate., eval. and task. can be set.")
    tuned.recipe = Recipe.from_dict(with_overrides(tuned.recipe.to_dict(), overrides)) if overrides else tuned.recipe
    return tuned


def lines_of(path: Path | None) -> list[str]:
    """The lines of a file, or of stdin."""
    try:
        lines = (sys.stdin.read() if path is None else path.read_text(encoding="utf-8")).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(path or "stdin", f"cannot be read: {error}. Give a text file with a source per line.") from None
    if not lines:
        raise BadData(path or "stdin", "is empty. Give at least one source, a line each.")
    return lines
