"""Texts to score, from the files people have: one text per line.

Comes in:  paths.      Goes out: hypotheses and references as lists. Errors name file, line and reason.
"""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from foreword.errors import BadData


def read_hypotheses(path: str | Path) -> list[str]:
    """One text per line; an empty line is an empty hypothesis."""
    return _lines(Path(path))


def read_references(paths: str | Path | Sequence[str | Path]) -> list[list[str]]:
    """References per example, from one file or from several.

    One file: as e2e-metrics takes it, the references of one example on consecutive lines, blank lines between
    examples; with no blank line in it, every line is an example's only reference.
    Several: line N of each is a reference of example N; an empty line means that there is none here.

    Raises:
        BadData: a file that cannot be read or is empty, files of different lengths, a line empty in all files.
    """
    files = [Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)]
    if not files:
        raise BadData("references", "no file was named; give one file, or one per reference")
    return _groups(files[0]) if len(files) == 1 else _aligned(files)


def _groups(path: Path) -> list[list[str]]:
    lines = _lines(path)
    if all(line.strip() for line in lines):
        return [[line] for line in lines]
    groups = [list(group) for has_text, group in groupby(lines, key=lambda line: bool(line.strip())) if has_text]
    if not groups:
        raise BadData(path, "has only blank lines; give each example at least one reference")
    return groups


def _aligned(files: list[Path]) -> list[list[str]]:
    columns = [_lines(path) for path in files]
    for path, column in zip(files, columns, strict=True):
        if len(column) != len(columns[0]):
            reason = f"{len(column)} lines, but {files[0]} has {len(columns[0])}; line N of each belongs to example N"
            raise BadData(path, reason)
    examples = [[text for text in texts if text.strip()] for texts in zip(*columns, strict=True)]
    for number, references in enumerate(examples, start=1):
        if not references:
            others = ", ".join(str(path) for path in files[1:])
            raise BadData(files[0], f"no reference: the line is empty here and in {others}", line=number)
    return examples


def _lines(path: Path) -> list[str]:
    """A file's lines, split at line feeds only: other separators of Unicode may stand inside a text."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise BadData(path, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise BadData(path, "is not UTF-8 text; convert it first", line=line) from error
    if not text:
        raise BadData(path, "is empty")
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    return lines[:-1] if lines[-1] == "" else lines
