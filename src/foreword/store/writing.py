"""Writing a version so that it is there whole or not at all, whatever stops the process or the disk.

Comes in:  a store's folder and the bytes of the files.      Goes out: a new numbered folder, synced to the disk.
A version is written out of sight, in `.adding-...`, and renamed to the next free number of its name. The rename is
the only claim to a number: it fails when somebody else was faster, and then the next number is tried.
Numbers are not reused because a removed version leaves its folder behind. It knows neither tensors nor manifests.
"""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from foreword.store.reference import VERSION

TEMPORARY = ".adding-"
LOCK = ".lock"

Numbered = Callable[[int], Mapping[str, bytes]]


@contextmanager
def staging(store: Path) -> Iterator[Path]:
    """An empty folder to write a version in, out of sight; what is still in it afterwards is deleted."""
    create_folder(store)
    with writing_in(store):
        temporary = store / f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            temporary.mkdir()
            yield temporary
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def writing_in(store: Path) -> Iterator[None]:
    """Let others know that this process writes; if nobody else does, clear away what killed ones left.

    The system drops the lock of a killed process, so it tells the dead from the living, where a process id or an age
    could be mistaken. It guards leftovers only: that versions are told apart never depends on it.
    """
    with open(store / LOCK, "ab") as lock:
        if locked(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB):
            for leftover in store.glob(f"{TEMPORARY}*"):
                shutil.rmtree(leftover, ignore_errors=True)
        locked(lock.fileno(), fcntl.LOCK_SH)  # shared: others may add meanwhile, but nobody clears away
        yield


def locked(descriptor: int, kind: int) -> bool:
    """Whether the lock was had; some file systems have none, and there leftovers stay."""
    try:
        fcntl.flock(descriptor, kind)
    except OSError:
        return False
    return True


def write_version(store: Path, name: str, content: Mapping[str, bytes], numbered: Numbered) -> int:
    """All files of a new version, or none.

    Args:
        content: files that do not depend on the version, by name.
        numbered: gives the others; asked again when another process takes the number first.

    Returns:
        the version. It is in the store, and on the disk for certain after `sync_folder` of the name's folder.

    Raises:
        OSError: the disk refuses; no version was added.
    """
    folder = store / name
    with staging(store) as temporary:
        for file, data in content.items():
            write_synced(temporary / file, data)
        create_folder(folder)
        while True:
            version = next_version(folder)
            for file, data in numbered(version).items():
                write_synced(temporary / file, data)
            sync_folder(temporary)
            if renamed(temporary, folder / str(version)):
                return version


def renamed(temporary: Path, final: Path) -> bool:
    """Whether the folder has the name now; False: the name is taken."""
    try:
        os.rename(temporary, final)
    except OSError as error:
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
            return False
        raise
    return True


def next_version(folder: Path) -> int:
    """One more than the highest number ever given here; removed versions keep their folders."""
    return 1 + max((int(entry) for entry in os.listdir(folder) if VERSION.fullmatch(entry)), default=0)


def write_synced(path: Path, content: bytes) -> None:
    """A file in a temporary folder, on the disk when this returns; an earlier one is replaced.

    It is read-only: a version does not change once it is written.
    """
    with suppress(FileNotFoundError):
        path.unlink()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def create_folder(folder: Path) -> None:
    """A folder with those above it, each on the disk before anything is put in it."""
    if not folder.is_dir():
        create_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring a folder's list of names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
