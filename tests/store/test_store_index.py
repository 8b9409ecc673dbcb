"""The index says what the folders say, whoever changes them, and may be lost at any time."""

import os
import shutil
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.store.stored import add

from foreword.errors import StoreError, UnknownName
from foreword.store import Store, StoreIndex, index, registry


def aged(folder: Path) -> None:
    """As if nothing in it had changed for a minute: what the index reads now, it believes."""
    then = time.time_ns() - 60 * 10**9
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            os.utime(path, ns=(then, then))


def test_an_entry_is_what_the_manifest_says(tmp_path):
    manifest = add(Store(tmp_path), recipe={"generate": {"beams": 5}, "method": {"name": "prefix-tuning"}})
    entry = StoreIndex(tmp_path).find("e2e")
    assert (entry.reference, entry.sha256, entry.prefix_len) == ("e2e@1", manifest.sha256, manifest.prefix_len)
    assert (entry.fingerprint, entry.sites, entry.decoding) == (
        manifest.backbone.fingerprint,
        ("decoder",),
        {"beams": 5},
    )
    assert StoreIndex(tmp_path).find("e2e@1") == entry


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "look", "age"]), st.sampled_from("ab"), st.integers(1, 3)),
        max_size=14,
    )
)
def test_whatever_was_done_to_the_store_the_index_says_what_the_folders_say(tmp_path, steps):
    folder = tmp_path / str(time.time_ns())
    folder.mkdir()
    store, looked = Store(folder), StoreIndex(folder)
    for what, name, version in steps:
        if what == "add":
            add(store, name, seed=version)
        elif what == "remove" and version in registry.versions(folder, name):
            store.remove(f"{name}@{version}")
        elif what == "age":
            aged(folder)
        for reference in (name, f"{name}@{version}"):
            left = registry.versions(folder, name)
            wanted = max(left, default=0) if reference == name else version
            if wanted in left:
                assert looked.find(reference).reference == f"{name}@{wanted}"
                assert looked.find(reference).sha256 == store.show(f"{name}@{wanted}").sha256
            else:
                with pytest.raises(UnknownName):
                    looked.find(reference)
    shutil.rmtree(folder)


def test_what_is_believed_is_not_read_again(tmp_path, monkeypatch):
    add(Store(tmp_path))
    aged(tmp_path)
    looked = StoreIndex(tmp_path)
    first = looked.find("e2e")

    def read_again(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(index, "read_manifest", read_again)
    monkeypatch.setattr(index, "versions", read_again)
    assert looked.find("e2e") == looked.find("e2e@1") == first
    assert StoreIndex(tmp_path).find("e2e") == first, "the file keeps it"


@pytest.mark.parametrize("damage", ["garbage", "later pages", "another version", "gone"])
def test_an_index_that_cannot_be_used_is_made_again(tmp_path, damage):
    add(Store(tmp_path))
    aged(tmp_path)
    first = StoreIndex(tmp_path)
    entry = first.find("e2e")
    first.close()
    file = tmp_path / index.FILE
    if damage == "garbage":
        file.write_bytes(b"no database" * 500)
    elif damage == "later pages":
        content = file.read_bytes()
        file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    elif damage == "gone":
        file.unlink()
    else:
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    assert StoreIndex(tmp_path).find("e2e") == entry


def test_where_nothing_can_be_written_it_is_kept_in_memory(tmp_path):
    add(Store(tmp_path / "store"))
    assert StoreIndex(tmp_path / "store", tmp_path / "nowhere" / "index").find("e2e").version == 1


def test_names_come_in_order_a_page_at_a_time(tmp_path):
    for name in ("c", "a", "b"):
        add(Store(tmp_path), name)
    Store(tmp_path).remove("b@1")
    looked = StoreIndex(tmp_path)
    assert looked.refresh() == 3
    assert looked.names() == ["a", "c"]
    assert looked.names(limit=1) == ["a"]
    assert looked.names(after="a") == ["c"]
    shutil.rmtree(tmp_path / "a")
    looked.refresh()
    assert looked.names() == ["c"]


def test_a_broken_manifest_is_told(tmp_path):
    add(Store(tmp_path))
    path = tmp_path / "e2e" / "1" / "manifest.json"
    path.chmod(0o644)
    path.write_text("{}")
    with pytest.raises(StoreError, match="prefix 'e2e': manifest.json cannot be used"):
        StoreIndex(tmp_path).find("e2e")


@pytest.mark.parametrize("name", ["../e2e", "/etc/passwd", "e2e/1", ".hidden", "a" * 65, "e2e@0", "e2e@x", "", "é"])
def test_no_name_leaves_the_store(tmp_path, name):
    add(Store(tmp_path / "store"))
    with pytest.raises(StoreError):
        StoreIndex(tmp_path / "store").find(name)


def test_names_that_nobody_has_leave_nothing(tmp_path):
    """Anybody may ask for them, as often as he likes."""
    index = StoreIndex(tmp_path)
    for number in range(5):
        with pytest.raises(UnknownName):
            index.find(f"nobody{number}")
    assert index._db.execute("SELECT count(*) FROM names").fetchone() == (0,)


def test_an_unknown_name_does_not_make_it_list_the_store(tmp_path, monkeypatch):
    add(Store(tmp_path))
    monkeypatch.setattr(index, "names", None)
    with pytest.raises(UnknownName, match="unknown stored prefix 'e2f'"):
        StoreIndex(tmp_path).find("e2f")
