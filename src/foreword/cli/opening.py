"""What a command is given, opened: runs, stored prefixes, files of lines.

Comes in:  what the user typed.      Goes out: a Tuned, or texts.
"""

import sys
from pathlib import Path

from foreword.errors import BadData, BadRecipe, RunError
from foreword.experiment import Tuned, open_run
from foreword.keeping import take
from foreword.recipe import Recipe, parse_override, with_overrides
from foreword.vetting import vet


def opened(name: str, overrides: list[str]) -> Tuned:
    """A run folder, or STORE/NAME@VERSION, with overrides of how it decodes and is scored.

    Raises:
        BadRecipe: an override that cannot be read or would change what was trained.
        RunError: there is neither.
    """
    for override in overrides:
        if parse_override(override)[0] not in ("generate", "eval", "task"):
            raise BadRecipe(
                f"--set {override} would change what was trained; here generate., eval. and task. can be set."
            )
    path = Path(name)
    is_stored = "@" in path.name or any(path.glob("[0-9]*/manifest.json"))
    if not is_stored and not path.is_dir():
        raise RunError(f"{name} is neither a run's folder nor a stored prefix (STORE/NAME or STORE/NAME@VERSION).")
    tuned = take(path.name, path.parent) if is_stored else open_run(path)
    if overrides:
        tuned.recipe = Recipe.from_dict(with_overrides(tuned.recipe.to_dict(), overrides))
        vet(tuned.recipe)
    return tuned


def lines_of(path: Path | None) -> list[str]:
    """The lines of a file, or of stdin, split at line feeds only: other separators of Unicode may stand inside a text."""
    try:
        text = (sys.stdin.buffer.read() if path is None else path.read_bytes()).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(
            path or "stdin", f"cannot be read: {error}. Give a UTF-8 text file with a source per line."
        ) from None
    if not text.strip():
        raise BadData(path or "stdin", "is empty. Give at least one source, a line each.")
    return text.removesuffix("\n").split("\n")
