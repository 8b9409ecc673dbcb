"""A store elsewhere: brought here as it is asked for, checked before it is kept, bounded in size."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from tests.store.stored import BACKBONE, add

from foreword.errors import StoreAway, StoreError, UnknownName
from foreword.store import Store
from foreword.store import remote as remotes
from foreword.store.remote import RemoteStore, without_secret


@pytest.fixture
def there(tmp_path):
    """A store with two versions of one name and one of another."""
    store = Store(tmp_path / "there")
    for seed, name in enumerate(("e2e", "e2e", "dart")):
        add(store, name, seed=seed)
    return tmp_path / "there"


def remote_of(there: Path, here: Path, **told: float) -> RemoteStore:
    return RemoteStore(f"file://{there}", here, **{"fresh_s": 0.0, **told})  # type: ignore[arg-type]


def broken(remote: RemoteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("503 Service Unavailable")

    for name in ("ls", "cat_file", "exists"):
        monkeypatch.setattr(remote.files, name, fails)


def test_what_is_asked_for_comes_here_once(there, tmp_path):
    remote = remote_of(there, tmp_path / "here")
    assert [remote.bring(name) for name in ("e2e", "e2e@2", "e2e@1", "e2e")] == ["e2e@2", "e2e@2", "e2e@1", "e2e@2"]
    assert remote.num_fetched == 2
    assert Store(tmp_path / "here").load("e2e@2", BACKBONE)[1] == Store(there).show("e2e@2")
    assert not (tmp_path / "here" / "dart").exists()


def test_an_address_that_says_nothing_holds_nobody_up_for_long(there, tmp_path, monkeypatch):
    """It is asked once, and then not again for a while: what is here is served at once, whoever is asked for."""
    remote = remote_of(there, tmp_path / "here", fresh_s=1000, patience_s=0.1)
    remote.bring("e2e@1")
    remote._versions.clear()
    silent, asked = threading.Event(), []
    monkeypatch.setattr(remote.files, "ls", lambda *_, **__: asked.append(1) or silent.wait(60))
    with pytest.raises(StoreAway, match=r"file://.* does not answer: not within 0.1 s. Try again."):
        remote.bring("dart")
    for _ in range(3):
        assert remote.bring("e2e@1") == "e2e@1"
        with pytest.raises(StoreAway, match="does not answer: it was asked a moment ago"):
            remote.bring("dart")
    assert len(asked) == 1
    silent.set()


def test_a_file_that_never_comes_is_given_up(there, tmp_path, monkeypatch):
    remote, silent = remote_of(there, tmp_path / "here"), threading.Event()
    monkeypatch.setattr(remotes, "FILE_PATIENCE_S", 0.1)
    monkeypatch.setattr(remote.files, "cat_file", lambda *_, **__: silent.wait(60))
    with pytest.raises(StoreAway, match=r"prefix 'e2e@2' cannot be had from file://.*: not within 0.1 s. Try again."):
        remote.bring("e2e")
    silent.set()


def test_of_names_that_were_asked_for_the_last_ones_are_remembered(there, tmp_path, monkeypatch):
    monkeypatch.setattr(remotes, "REMEMBERED", 3)
    remote = remote_of(there, tmp_path / "here", fresh_s=1000)
    for name in ("n1", "n2", "n3", "n4"):
        assert remote.versions(name) == []
    assert list(remote._versions) == ["n2", "n3", "n4"]


def test_any_kind_of_address_will_do(there, tmp_path):
    memory = fsspec.filesystem("memory")
    for path in there.rglob("*"):
        if path.is_file() and ".lock" not in path.name:
            memory.pipe_file(f"/bucket/{path.relative_to(there)}", path.read_bytes())
    remote = RemoteStore("memory://bucket", tmp_path / "here", fresh_s=0.0)
    assert remote.bring("e2e") == "e2e@2"
    with pytest.raises(UnknownName):
        remote.bring("nope")
    with pytest.raises(StoreError, match="nowhere://x cannot be read: Protocol not known"):
        RemoteStore("nowhere://x", tmp_path / "here")


def test_a_new_version_shows_once_the_list_is_old(there, tmp_path):
    patient, eager = remote_of(there, tmp_path / "a", fresh_s=1000), remote_of(there, tmp_path / "b")
    assert patient.bring("e2e") == eager.bring("e2e") == "e2e@2"
    add(Store(there), "e2e", seed=9)
    assert (patient.bring("e2e"), eager.bring("e2e")) == ("e2e@2", "e2e@3")


def test_what_is_removed_there_is_gone_here(there, tmp_path):
    remote = remote_of(there, tmp_path / "here")
    remote.bring("e2e@2")
    Store(there).remove("e2e@2")
    with pytest.raises(UnknownName):
        remote.bring("e2e@2")
    assert remote.bring("e2e") == "e2e@1"
    assert not (tmp_path / "here" / "e2e" / "2").exists()


def test_what_is_here_is_served_while_nobody_answers(there, tmp_path, monkeypatch):
    remote = remote_of(there, tmp_path / "here")
    remote.bring("e2e@1")
    broken(remote, monkeypatch)
    assert remote.bring("e2e@1") == "e2e@1"
    with pytest.raises(StoreError, match="does not answer: 503 Service Unavailable. Try again"):
        remote.bring("dart")
    with pytest.raises(StoreAway, match="does not answer, and 'e2e@2' is not here. Try again"):  # it may well be there
        remote.bring("e2e@2")
    assert remote.bring("e2e@1") == "e2e@1", "it was not dropped"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://user:secret@host/prefixes", "ftp://host/prefixes"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("some/folder", "some/folder"),
    ],
)
def test_an_address_is_told_without_what_opens_it(url, told):
    assert without_secret(url) == told


def test_errors_do_not_tell_what_opens_an_address(tmp_path):
    with pytest.raises(StoreError, match=r"^nowhere://x cannot be read: [^@]*$"):
        RemoteStore("nowhere://user:secret@x", tmp_path / "here")


def test_a_fetch_that_breaks_off_leaves_nothing(there, tmp_path, monkeypatch):
    remote = remote_of(there, tmp_path / "here")
    really, calls = remote.files.cat_file, []

    def breaks(path: str) -> bytes:
        calls.append(path)
        if len(calls) == 2:
            raise ConnectionResetError("reset by peer")
        return really(path)

    monkeypatch.setattr(remote.files, "cat_file", breaks)
    with pytest.raises(StoreError, match="'e2e@2' cannot be had from .*: reset by peer. Try again"):
        remote.bring("e2e")
    assert not list((tmp_path / "here").glob("*/*"))
    assert remote.bring("e2e") == "e2e@2"


@pytest.mark.parametrize("damage", ["flipped", "manifest", "another's"])
def test_what_is_not_what_it_says_is_not_kept(there, tmp_path, damage):
    folder = there / "e2e" / "2"
    if damage == "another's":
        shutil.rmtree(folder)
        shutil.copytree(there / "dart" / "1", folder)
    else:
        path = folder / ("manifest.json" if damage == "manifest" else "prefix.safetensors")
        path.chmod(0o644)
        path.write_bytes(b"{" if damage == "manifest" else path.read_bytes()[:-1] + b"\1")
    with pytest.raises(StoreError, match="'e2e@2', where it comes from"):
        remote_of(there, tmp_path / "here").bring("e2e")
    assert not (tmp_path / "here" / "e2e").exists()


def test_the_longest_unasked_gives_way(there, tmp_path):
    one = sum(path.stat().st_size for path in (there / "e2e" / "1").iterdir())
    remote = remote_of(there, tmp_path / "here", max_bytes=2 * one + 100)
    for name in ("e2e@1", "e2e@2", "e2e@1", "dart@1"):
        remote.bring(name)
    kept = sorted(
        f"{path.parent.parent.name}@{path.parent.name}" for path in (tmp_path / "here").glob("*/*/prefix.safetensors")
    )
    assert kept == ["dart@1", "e2e@1"]
    assert remote.bring("e2e@2") == "e2e@2"


def test_many_who_ask_at_once_fetch_it_once(there, tmp_path):
    remote = remote_of(there, tmp_path / "here")
    gate = threading.Barrier(8)

    def bring(_: int) -> str:
        gate.wait(30)
        return remote.bring("e2e")

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(bring, range(8))) == {"e2e@2"}
    assert remote.num_fetched == 1


@pytest.mark.parametrize("name", ["../dart", "e2e/../dart", "/etc", "e2e@../1"])
def test_no_name_leaves_either_store(there, tmp_path, name):
    with pytest.raises(StoreError):
        remote_of(there, tmp_path / "here").bring(name)
