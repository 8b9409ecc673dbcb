"""Reading files that people wrote: every fault named with file, place and reason, and all of a file's faults at once.

Comes in:  paths.      Goes out: text, parsed JSON, numbered rows, or one BadData.
The readers of this room share it; it knows no task.
"""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from foreword.errors import BadData, BadRecipe

Record = TypeVar("Record")

FAULTS_SHOWN = 10
HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")


class Fault(Exception):
    """The reason why one line or entry cannot be used; `Faults` adds where it stands."""


class Faults:
    """The faults of one file, gathered so that the user mends the file in one go."""

    def __init__(self, path: object, unit: str = "line"):
        self.path, self.unit = path, unit
        self.found: list[tuple[object, str]] = []

    def note(self, place: object, reason: str) -> None:
        """One more fault, at this line or entry."""
        self.found.append((place, reason))

    @contextmanager
    def at(self, place: object) -> Iterator[None]:
        """Note a Fault raised inside as standing at this place, and go on."""
        try:
            yield
        except Fault as fault:
            self.note(place, str(fault))

    def checked(self, records: list[Record]) -> list[Record]:
        """The records, when the file has no fault and at least one record.

        Raises:
            BadData: otherwise; the first ten faults in full, and how many there are.
        """
        if len(self.found) > 1:
            shown = [f"  {self.unit} {place}: {reason}" for place, reason in self.found[:FAULTS_SHOWN]]
            more = f", the first {FAULTS_SHOWN}" if len(self.found) > FAULTS_SHOWN else ""
            raise BadData(self.path, "\n".join([f"{len(self.found)} faults{more}:", *shown]))
        for place, reason in self.found:
            raise BadData(f"{self.path}, {self.unit} {place}", reason)
        if not records:
            raise BadData(self.path, "no examples in it. Give a file with at least one.")
        return records


def show(value: object) -> str:
    """A value as the user wrote it, cut to fit in a message."""
    text = json.dumps(value, ensure_ascii=False, default=repr).encode(errors="backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "..."


def is_text(value: object) -> bool:
    """Whether it is a string with something in it that can be written as UTF-8 (JSON can hold half a character)."""
    return isinstance(value, str) and bool(value.strip()) and not HALF_A_CHARACTER.search(value)


def wanted_text(value: object, what: str) -> str:
    """The value, if it is a string with something in it."""
    if not isinstance(value, str) or not is_text(value):
        raise Fault(f"{what} must be a non-empty string, got {show(value)}. Drop it or give it a text.")
    return value


def wanted_references(value: object, what: str) -> tuple[str, ...]:
    """The values, if they are a list of strings with something in each."""
    texts = value if isinstance(value, list) else []
    if not texts or not all(map(is_text, texts)):
        raise Fault(
            f"{what} must be a non-empty list of strings, got {show(value)}. Drop the line or give it a reference."
        )
    return tuple(texts)


def read_text(path: Path) -> str:
    """A UTF-8 file as it is, or packed (.gz), line ends included; a byte-order mark is passed over.

    Raises:
        BadData: no such file, unreadable, empty, or not UTF-8.
    """
    try:
        raw = path.read_bytes()
        if path.suffix == ".gz":
            raw = gzip.decompress(raw)
    except FileNotFoundError:
        raise BadData(path, "no such file. Check the path.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise BadData(path, "it ends in .gz, but cannot be unpacked. Check that it is whole.") from None
    except OSError as error:
        raise BadData(
            path, f"cannot be read ({error.strerror}). Check that it is a file and that you may read it."
        ) from None
    if not raw.strip():
        raise BadData(path, "the file is empty. Give a file with at least one example.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        reason = f"not UTF-8 (byte 0x{error.object[error.start]:02x}). Save the file as UTF-8."
        raise BadData(path, reason, line=line) from None


def read_json(path: Path) -> object:
    """A whole file of JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise BadData(path, f"not JSON ({error.msg}, column {error.colno}).", line=error.lineno) from None
    except RecursionError:
        raise BadData(path, "JSON that is nested too deeply to be data. Check what wrote the file.") from None
    except ValueError as error:  # a number of thousands of digits
        raise BadData(path, f"not JSON that can be read ({error}).") from None


def read_json_lines(path: Path, faults: Faults) -> Iterator[tuple[int, object]]:
    """(line number, value) for each line that is not blank; lines that are no JSON go to `faults`."""
    # Not splitlines(): a JSON string may hold U+2028 and its like unescaped, which splitlines() would cut.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            faults.note(number, f"not JSON ({error.msg}, column {error.colno}). Write one JSON object a line.")
            continue
        except RecursionError:
            faults.note(number, "JSON that is nested too deeply to be data. Write one JSON object a line.")
            continue
        except ValueError as error:  # a number of thousands of digits
            faults.note(number, f"not JSON that can be read ({error}). Write one JSON object a line.")
            continue
        yield number, value


def read_csv(path: Path, columns: Sequence[str], hint: str, faults: Faults) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row by column name) for each row that is not blank; rows of another width go to `faults`.

    Args:
        columns: those that must be there, once each.
        hint: what to do about one that is not.
    """
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    header: list[str] = []
    for number, row in numbered_rows(path, reader):
        if not row:
            continue
        if not header:
            header = row
            _check_columns(path, header, columns, hint, number)
        elif len(row) != len(header):
            reason = f"{len(row)} fields where the header has {len(header)}. Put texts that hold commas in quotes."
            faults.note(number, reason)
        else:
            yield number, dict(zip(header, row, strict=True))


def numbered_rows(path: Path, reader: Any) -> Iterator[tuple[int, list[str]]]:
    """(line number, row) of what a `csv.reader` reads from the file; a row whose quoted text spans lines is named by its first.

    Raises:
        BadData: it is no such file.
    """
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        reason = f"not CSV ({error}). Look for a quote that is not closed."
        if "field limit" in str(error):
            reason = f"a text of more than {csv.field_size_limit():,} characters. Look for a quote that is not closed, or cut it."
        raise BadData(path, reason, line=start) from None


def _check_columns(path: Path, header: list[str], columns: Sequence[str], hint: str, line: int) -> None:
    """Each of the columns stands in the header, once."""
    for column in columns:
        if header.count(column) != 1:
            state = "no" if column not in header else "more than one"
            raise BadData(path, f"{state} column {column!r}; the columns are {', '.join(header)}. {hint}", line=line)


def split_files(
    task: str, path: str | Path | None, names: dict[str, tuple[str, ...]], single: dict[str, str]
) -> dict[str, Path]:
    """Which file holds which split: a folder's files under their usual names, single files before them.

    Args:
        task: its name, for messages.
        path: the folder, or None when every file is given singly.
        names: split -> names the file may have in the folder, the first that exists being taken.
        single: split -> a file given by itself, "" for none.

    Raises:
        BadRecipe: neither a folder nor a file was given.
        BadData: no such folder or file, one that may not be looked into, or a folder with none of the files.
    """
    try:
        return _found(task, path, names, single)
    except OSError as error:
        raise BadData(
            error.filename, f"cannot be read ({error.strerror}). Check the path, and that you may read it."
        ) from None


def _found(
    task: str, path: str | Path | None, names: dict[str, tuple[str, ...]], single: dict[str, str]
) -> dict[str, Path]:
    """See `split_files`."""
    usual = ", ".join(name for options in names.values() for name in options)
    files = {split: Path(file) for split, file in single.items() if file}
    for file in files.values():
        if not file.exists():
            raise BadData(file, "no such file. Check the path.")
    if path is None and not files:
        raise BadRecipe(
            f"task {task!r} reads files: give path, a folder with {usual}, or single files with {', '.join(single)}."
        )
    if path is not None:
        folder = Path(path)
        if folder.is_file():
            raise BadData(
                folder, f"this is a file. Give path as a folder, or this file with one of {', '.join(single)}."
            )
        if not folder.is_dir():
            raise BadData(folder, f"no such folder. Give the folder with {usual}.")
        for split, options in names.items():
            present = [folder / name for name in options if (folder / name).exists()]
            if present:
                files.setdefault(split, present[0])
        if not files:
            raise BadData(folder, f"none of {usual} is in this folder. Put them there under these names.")
    return {split: files[split] for split in names if split in files}
