"""What a command is given, opened: runs, stored prefixes, files of lines.

Comes in:  what the user typed.      Goes out: a Tuned, or texts.
"""

import sys
from pathlib import Path

from foreword.errors import BadData, RunError
from foreword.keeping import take
from foreword.tuned import Tuned, open_run


def opened(name: str, overrides: list[str]) -> Tuned:
    """A run folder, or STORE/NAME@VERSION, with overrides of where it runs, how it decodes and is scored.

    Raises:
        BadRecipe: an override that cannot be read or would change what was trained.
        RunError: there is neither.
    """
    path = Path(name)
    if path.is_dir() and not any(path.glob("[0-9]*/manifest.json")):
        return open_run(path, overrides)
    if "@" in path.name or path.is_dir():
        return take(path.name, path.parent, overrides)
    raise RunError(f"{name} is neither a run's folder nor a stored prefix (STORE/NAME or STORE/NAME@VERSION).")


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
