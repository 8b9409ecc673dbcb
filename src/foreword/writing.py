"""Files that are there whole or not at all, whatever stops the process or the disk; and records read back from them.

Comes in:  a path, and what writes it.      Goes out: the file, or the one that stood there before.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError

from foreword.errors import RunError

if TYPE_CHECKING:
    import numpy as np


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Write the file that the block is given; after the block, and only then, it takes the place of `path`.

    Raises:
        RunError: it cannot be written, e.g. on a full disk; what stood at `path` stays as it was.
    """
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield fresh
        with fresh.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException as error:  # Ctrl-C too leaves nothing half written
        drop(fresh)
        if isinstance(error, OSError | SafetensorError):
            raise RunError(unwritable(path, error, path.exists())) from error
        raise


def unwritable(path: Path, error: Exception, had_one: bool = False) -> str:
    kept = " The file that was there before is untouched." if had_one else ""
    return f"{path} could not be written: {error}.{kept} Free some space or get permission, and start the same command again."


@contextmanager
def held_alone(folder: Path, who: str) -> Iterator[None]:
    """Within the block nobody else is `who` in the folder ("another training", say); a killed process holds nothing.

    Raises:
        RunError: one is at work there, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("w")
    except (FileExistsError, NotADirectoryError) as error:
        raise RunError(f"{error.filename} is a file, and {folder} has to be a folder. Choose another --out.") from None
    except OSError as error:
        raise RunError(unwritable(folder / ".lock", error)) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{who} is at work in {folder}. Wait for it, or choose another --out.") from None
        except OSError:
            pass  # some file systems have no locks
        yield


def drop(fresh: Path) -> None:
    """Remove what was half written, as far as the disk lets us."""
    try:
        fresh.unlink(missing_ok=True)
    except OSError:
        return  # the folder itself is what is wrong; the first error tells


def read_json(
    path: Path, needed: Collection[str] = (), remedy: str = "Train again into another folder."
) -> dict[str, Any]:
    """What `write_json` wrote.

    Raises:
        RunError: the file is missing or damaged, or lacks one of the needed keys.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read ({error}). {remedy}") from None
    if not isinstance(content, dict):
        raise RunError(f"{path} holds no record but {type(content).__name__}. {remedy}")
    for key in needed:
        if key not in content:
            raise RunError(f"{path} is no whole record: it lacks {key!r}. {remedy}")
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Plain values as JSON. Raises RunError as `written_whole`."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_arrays(path: Path, arrays: Mapping[str, "np.ndarray"]) -> None:
    """Numbers as float32 in safetensors. Raises RunError as `written_whole`."""
    from safetensors.numpy import save_file

    with written_whole(path) as fresh:
        save_file({name: array.astype("float32") for name, array in arrays.items()}, fresh)


def read_arrays(path: Path) -> dict[str, "np.ndarray"]:
    """What `write_arrays` wrote. Raises RunError: the file is missing or damaged."""
    from safetensors.numpy import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} cannot be read ({error}). Remove it, and score the run again.") from None


def write_text(path: Path, text: str) -> None:
    """A text as UTF-8. Raises RunError as `written_whole`."""
    with written_whole(path) as fresh:
        fresh.write_text(text, encoding="utf-8")
