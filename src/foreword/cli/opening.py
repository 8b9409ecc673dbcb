"""What a command is given, opened: runs, stored prefixes, files of lines.

Comes in:  what the user typed.      Goes out: a Tuned, or texts.
"""

import sys
from pathlib import Path

from foreword.cli import output
from foreword.errors import BadData, RunError
from foreword.keeping import take
from foreword.tuned import Tuned, open_run


def opened(name: str, overrides: list[str]) -> Tuned:
    """A run folder, or a stored prefix, with overrides of where it runs, how it decodes and is scored.

    Args:
        name: a folder, STORE/NAME@VERSION, or STORE/NAME for the newest; without STORE/ the store in ./store.

    Raises:
        BadRecipe: an override that cannot be read or would change what was trained.
        RunError: there is neither.
    """
    path = Path(name)
    if "/" not in name and not path.is_dir():
        path = Path("store") / name
    stored = any(any(path.glob(f"[0-9]*/{file}")) for file in ("manifest.json", "removed.json"))
    if path.is_dir() and not stored:
        return open_run(path, overrides)
    if "@" in path.name or stored:
        return take(path.name, path.parent, overrides)
    raise RunError(f"{name} is neither a run's folder nor a stored prefix (STORE/NAME or STORE/NAME@VERSION).")


def lines_of(path: Path | None) -> list[str]:
    """The lines of a file, or of stdin, split at line feeds only: other separators of Unicode may stand inside a text."""
    if path is None and sys.stdin.isatty():
        output.say("reading a text per line from the keyboard; Ctrl-D ends")
    try:
        text = (sys.stdin.buffer.read() if path is None else path.read_bytes()).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(
            path or "stdin", f"cannot be read: {error}. Give a UTF-8 text file with a source per line."
        ) from None
    if not text.strip():
        raise BadData(path or "stdin", "is empty. Give at least one source, a line each.")
    return text.removesuffix("\n").split("\n")
