"""A version is there whole or not at all: full disks, Ctrl-C, kill -9, and several writers at once."""

import errno
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.store.stored import BACKBONE, add, make_prefix

from foreword.errors import StoreError
from foreword.store import Store, writing
from foreword.store import store as store_module

ROOT = Path(__file__).parents[2]
PROCESS = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    add(store)
    return store


def tree(store):
    """Every file of the store with its content."""
    return {path.relative_to(store.folder): path.read_bytes() for path in store.folder.rglob("*") if path.is_file()}


def leftovers(store):
    return list(store.folder.glob(".adding-*"))


class FailingCall:
    """A system call whose n-th use fails, counted from 0."""

    def __init__(self, call, n, fault):
        self.call, self.left, self.fault = call, n, fault

    def __call__(self, *args, **options):
        self.left -= 1
        if self.left == -1:
            raise self.fault
        return self.call(*args, **options)


@pytest.mark.parametrize("fault", [FULL, KeyboardInterrupt()], ids=["full-disk", "ctrl-c"])
@pytest.mark.parametrize("call", ["fsync", "open", "rename"])
def test_a_write_stopped_anywhere_is_there_whole_or_not_at_all(store, monkeypatch, call, fault):
    """Each use of the call in turn is the one that fails, until the write goes through."""
    before, outcomes = tree(store), []
    while outcomes[-1:] != ["done"]:
        with monkeypatch.context() as patch:
            patch.setattr(os, call, FailingCall(getattr(os, call), len(outcomes), fault))
            try:
                add(store, seed=1)
                outcomes.append("done")
            except StoreError as error:
                outcomes.append("stored" if "is stored, but" in str(error) else "refused")
            except KeyboardInterrupt:
                outcomes.append("stopped")
        assert leftovers(store) == []
        versions = [m.version for m in store.list().prefixes]
        if outcomes[-1] == "refused" or versions == [1]:
            assert tree(store) == before
        else:
            assert [check.ok for check in store.verify(f"e2e@{versions[0]}")] == [True] * 6
            before = tree(store)
    uses = {"fsync": 4, "open": 4, "rename": 1}[call]
    assert len(outcomes) == uses + 1
    after_the_rename = {"fsync": ["stored"], "open": ["stored"], "rename": []}[call]
    if fault is FULL:
        assert outcomes == ["refused"] * (uses - len(after_the_rename)) + after_the_rename + ["done"]
    store.load("e2e@1", BACKBONE)


def test_files_are_on_the_disk_before_the_rename_and_the_rename_before_the_end(store, monkeypatch):
    fsync, rename, acts = os.fsync, os.rename, []

    def named_fsync(descriptor):
        inode = os.fstat(descriptor).st_ino
        acts.extend(path.name for path in store.folder.rglob("*") if path.stat().st_ino == inode)
        fsync(descriptor)

    def named_rename(old, new):
        acts.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", named_fsync)
    monkeypatch.setattr(os, "rename", named_rename)
    monkeypatch.setattr(writing.secrets, "token_hex", lambda count: "x")
    add(store)
    assert acts == ["prefix.safetensors", "manifest.json", ".adding-x", "rename", "e2e"]


def test_a_full_disk_is_told_and_the_next_add_works(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "write_version", FailingCall(None, 0, FULL))
        with pytest.raises(
            StoreError,
            match=r"prefix 'e2e' is not stored in .*store: No space left on device\. No version was added; make room",
        ):
            add(store)
    assert add(store).version == 2


def test_a_disk_that_does_not_confirm_is_told_as_such(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "sync_folder", FailingCall(None, 0, OSError(errno.EIO, "Input/output error")))
        message = r"'e2e@2' is stored, but the disk did not confirm it: Input/output error\. Verify it before relying"
        with pytest.raises(StoreError, match=message):
            add(store)
    assert store.show("e2e").version == 2


def test_a_store_where_nothing_can_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"prefix 'e2e' is not stored in .*file: (File exists|Not a directory)\."):
        add(Store(tmp_path / "file"))


LIMITED = """
import resource, sys
from tests.store.stored import *
store = Store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # the tensors are longer
try:
    add(store)
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_file_that_the_system_cuts_short_is_never_seen(store):
    """The same as a full disk, with a write that really stops half-way."""
    before = tree(store)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, store.folder], capture_output=True, text=True, env=PROCESS, check=True
    )
    assert done.stdout.startswith("StoreError prefix 'e2e' is not stored in")
    assert "File too large. No version was added" in done.stdout
    assert tree(store) == before
    assert leftovers(store) == []


KILLED = """
import os, signal, sys
from foreword.store import writing
from tests.store.stored import *
writing.renamed = lambda *paths: os.kill(os.getpid(), signal.SIGKILL)
add(Store(sys.argv[1]))
"""


def test_what_a_killed_write_leaves_is_not_seen_and_cleared_by_the_next(store):
    before = tree(store)
    done = subprocess.run([sys.executable, "-c", KILLED, store.folder], env=PROCESS)
    assert done.returncode == -9
    assert [sorted(path.name for path in folder.iterdir()) for folder in leftovers(store)] == [
        ["manifest.json", "prefix.safetensors"]
    ]
    listing = store.list()
    assert ([m.reference for m in listing.prefixes], listing.unreadable) == (["e2e@1"], ())
    assert add(store).version == 2
    assert leftovers(store) == []
    assert {path: content for path, content in tree(store).items() if path in before} == before


def test_what_others_are_writing_is_not_cleared_away(store):
    with writing.staging(store.folder) as theirs:
        (theirs / "half").write_bytes(b"of it")
        assert add(store).version == 2
        assert (theirs / "half").read_bytes() == b"of it"


def test_a_file_system_without_locks_keeps_leftovers_and_loses_nothing(store, monkeypatch):
    def refuse(*args):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(writing.fcntl, "flock", refuse)
    (store.folder / ".adding-dead").mkdir()
    assert add(store).version == 2
    assert [path.name for path in leftovers(store)] == [".adding-dead"]


def test_a_number_taken_meanwhile_is_passed_over(store, monkeypatch):
    """Two writers see the same free number; the second to rename must take the next, and say so in its manifest."""
    seen = iter([1, 1, 2])
    monkeypatch.setattr(writing, "next_version", lambda folder: next(seen))
    before = (store.folder / "e2e" / "1" / "manifest.json").read_bytes()
    assert add(store, seed=1).version == 2
    assert (store.folder / "e2e" / "1" / "manifest.json").read_bytes() == before
    assert store.load("e2e", BACKBONE)[1].version == 2


def test_a_number_removed_meanwhile_is_not_taken(store, monkeypatch):
    """The free number is read, then given to another and removed by it: it must still count as given."""
    seen = iter([1, 2])
    monkeypatch.setattr(writing, "next_version", lambda folder: next(seen))
    store.remove("e2e@1")
    assert add(store).version == 2


ADDING = """
import sys
from tests.store.stored import *
store = Store(sys.argv[1])
prefixes = {seed: make_prefix(seed) for seed in map(int, sys.argv[2:])}
sys.stdin.read(1)  # both start here
for seed, prefix in prefixes.items():
    print(seed, add(store, prefix=prefix).version)
"""


def test_processes_adding_one_name_at_once_lose_nothing(tmp_path):
    store, seeds = Store(tmp_path / "new"), [range(20), range(20, 40)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", ADDING, store.folder, *map(str, mine)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=PROCESS,
        )
        for mine in seeds
    ]  # fmt: skip
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in processes]
    added = {int(seed): int(version) for line in "".join(outputs).splitlines() for seed, version in [line.split()]}
    assert sorted(added) == list(range(40))
    assert sorted(added.values()) == list(range(1, 41))
    assert_each_is_its_own(store, added)


def test_threads_adding_one_name_at_once_lose_nothing(store):
    with ThreadPoolExecutor(8) as pool:
        added = dict(zip(range(40), pool.map(lambda seed: add(store, seed=seed).version, range(40)), strict=True))
    assert sorted(added.values()) == list(range(2, 42))
    assert_each_is_its_own(store, added)


def assert_each_is_its_own(store, added):
    """Every version holds the prefix that was told it has that number."""
    for seed, version in added.items():
        loaded, _ = store.load(f"e2e@{version}", BACKBONE)
        assert loaded.keys["decoder"].equal(make_prefix(seed).keys["decoder"])
    assert leftovers(store) == []


def test_removing_needs_no_room_and_can_be_finished_later(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(store_module, "sync_folder", FailingCall(None, 0, FULL))
        message = r"prefix 'e2e@1' is not wholly removed: No space left on device\. Mend that and remove it again\."
        with pytest.raises(StoreError, match=message):
            store.remove("e2e@1")
    assert store.list().prefixes == ()
    assert (store.folder / "e2e" / "1" / "prefix.safetensors").exists()
    store.remove("e2e@1")
    assert not (store.folder / "e2e" / "1" / "prefix.safetensors").exists()
    with pytest.raises(StoreError, match="'e2e@1' was removed"):
        store.remove("e2e@1")
