"""What a name means to whom, and the numbers it stands for."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from tests.store.stored import BACKBONE, LoadedBackbone, add, make_prefix

from foreword.errors import BadRequest, PrefixMismatch, StoreError, UnknownName
from foreword.serve.tenants import ledger as ledgers
from foreword.serve.tenants import library as libraries
from foreword.serve.tenants.ledger import Limits, Tenant
from foreword.serve.tenants.library import TENANTS, Library
from foreword.store import Store


def files_of(folder, reference: str = "e2e/1") -> tuple[bytes, bytes]:
    return (folder / reference / "manifest.json").read_bytes(), (folder / reference / "prefix.safetensors").read_bytes()


@pytest.fixture
def library(tmp_path):
    add(Store(tmp_path), "common")
    add(Store(tmp_path / TENANTS / "acme"), "own", seed=1)
    add(Store(tmp_path / TENANTS / "other"), "secret", seed=2)
    return Library(tmp_path, BACKBONE)


def test_a_tenant_finds_his_own_and_the_servers_and_nobody_elses(library):
    assert library.find("acme", "own").reference == "own@1"
    assert library.find("acme", "common@1").reference == "common@1"
    for tenant, name in [("acme", "secret"), ("", "own"), ("", "secret"), ("acme", "secret@1"), ("acme", "nothing")]:
        with pytest.raises(UnknownName, match=f"unknown prefix '{name}'"):
            library.find(tenant, name)


def test_a_tenants_own_name_comes_before_the_servers(library, tmp_path):
    mine = add(Store(tmp_path / TENANTS / "acme"), "common", seed=7)
    assert library.find("acme", "common").sha256 == mine.sha256
    assert library.find("", "common").sha256 != mine.sha256


def test_numbers_come_by_content_hash_alone(library, tmp_path):
    entry = library.find("acme", "own")
    add(Store(tmp_path / TENANTS / "acme"), "own", seed=3)
    assert library.find("acme", "own").reference == "own@2"
    assert torch.equal(library.load(entry.sha256).keys["decoder"], make_prefix(1).keys["decoder"])
    with pytest.raises(StoreError, match="nothing is known of a prefix with SHA-256 beef"):
        library.load("beef")


def test_numbers_that_are_not_those_that_were_asked_for_are_refused(library, tmp_path):
    """Somebody removes a version and puts another in its place, by hand."""
    entry = library.find("", "common")
    shutil.rmtree(tmp_path / "common")
    add(Store(tmp_path), "common", seed=5)
    with pytest.raises(StoreError, match="'common@1' is not the one that was asked for any more"):
        library.load(entry.sha256)


def test_what_one_tenant_removes_another_has_still(library, tmp_path, caplog):
    """Two have stored the same numbers: neither is told of the other's, and neither can take it from the other."""
    prefix = add(Store(tmp_path / TENANTS / "acme"), "ours", seed=9)
    add(Store(tmp_path / TENANTS / "other"), "theirs", seed=9)
    assert library.find("acme", "ours").sha256 == library.find("other", "theirs").sha256 == prefix.sha256
    library.remove("other", "theirs@1")
    assert torch.equal(library.load(prefix.sha256).keys["decoder"], make_prefix(9).keys["decoder"])
    library.remove("acme", "ours@1")
    with pytest.raises(StoreError) as caught:
        library.load(prefix.sha256)
    assert str(caught.value) == "the prefix was removed, or its file is not what was stored. Ask for it again."
    assert "'theirs@1' was removed" in caplog.text, "whoever runs the server is told"


def test_a_tenant_has_no_more_aliases_than_he_may(library, monkeypatch):
    monkeypatch.setattr(ledgers, "MOST_ALIASES", 2)
    for alias in ("one", "two", "one"):
        library.set_alias("acme", alias, "own")
    with pytest.raises(BadRequest, match=r"there are 2 aliases, of at most 2. Drop one first."):
        library.set_alias("acme", "three", "own")
    library.set_alias("other", "one", "secret")


def test_a_prefix_for_another_model_is_not_served(tmp_path):
    add(Store(tmp_path), "common")
    with pytest.raises(BadRequest, match="was trained for another model than this server's, gpt2-large"):
        Library(tmp_path, LoadedBackbone(name="gpt2-large", fingerprint="0" * 16)).find("", "common")


def test_an_alias_means_one_version_until_it_is_moved(library, tmp_path):
    shelf = Store(tmp_path / TENANTS / "acme")
    library.set_alias("acme", "prod", "own")
    add(shelf, "own", seed=3)
    assert library.find("acme", "prod").reference == "own@1"
    library.set_alias("acme", "prod", "own@2")
    assert library.find("acme", "prod").reference == "own@2"
    with pytest.raises(UnknownName):
        library.find("other", "prod")
    with pytest.raises(UnknownName):
        library.set_alias("acme", "next", "nothing")
    with pytest.raises(BadRequest, match="a prefix is called 'own' already"):
        library.set_alias("acme", "own", "own@1")


def test_an_upload_becomes_the_next_version(library, tmp_path):
    manifest, tensors = files_of(tmp_path / TENANTS / "other", "secret/1")
    entry = library.add(Tenant("acme"), "own", manifest, tensors)
    assert (entry.reference, library.find("acme", "own").reference) == ("own@2", "own@2")
    assert torch.equal(library.load(entry.sha256).keys["decoder"], make_prefix(2).keys["decoder"])
    assert library.stored_bytes("acme") > 2 * len(tensors)
    library.set_alias("acme", "prod", "own@1")
    with pytest.raises(BadRequest, match="an alias is called 'prod' already"):
        library.add(Tenant("acme"), "prod", manifest, tensors)


def test_a_tenants_share_of_the_disk_is_all_he_gets(library, tmp_path):
    manifest, tensors = files_of(tmp_path / TENANTS / "acme", "own/1")
    whole = len(manifest) + len(tensors)
    assert library.stored_bytes("acme") == whole
    library.add(Tenant("acme", Limits(stored_bytes=2 * whole + 100)), "own", manifest, tensors)
    with pytest.raises(BadRequest, match=f"may take {2 * whole + 100} bytes and take .* already, so that {whole} more"):
        library.add(Tenant("acme", Limits(stored_bytes=2 * whole + 100)), "own", manifest, tensors)


@pytest.mark.parametrize(
    ("what", "error", "why"),
    [
        ("truncated", StoreError, "prefix.safetensors was truncated"),
        ("flipped", StoreError, "its SHA-256 is"),
        ("manifest", StoreError, "manifest.json is not JSON"),
        ("seal", StoreError, "manifest.json was changed"),
        ("model", PrefixMismatch, "was trained for gpt2-medium"),
        ("name", StoreError, "cannot be called '../own'"),
    ],
)
def test_a_bad_upload_is_refused_with_its_reason_and_leaves_nothing(library, tmp_path, what, error, why):
    manifest, tensors = files_of(tmp_path / TENANTS / "acme", "own/1")
    name = "../own" if what == "name" else "own"
    if what == "truncated":
        tensors = tensors[:-8]
    elif what == "flipped":
        tensors = tensors[:-1] + bytes([tensors[-1] ^ 1])
    elif what == "manifest":
        manifest = b"[" * 100_000
    elif what == "seal":
        manifest = manifest.replace(b'"prefix_len": 4', b'"prefix_len": 5')
    elif what == "model":
        library.backbone = LoadedBackbone(fingerprint="0" * 16)
    before = sorted(path for path in tmp_path.rglob("*") if "sqlite" not in path.name)
    with pytest.raises(error, match=why):
        library.add(Tenant("acme"), name, manifest, tensors)
    assert sorted(path for path in tmp_path.rglob("*") if "sqlite" not in path.name) == before


def test_a_removed_version_is_gone_at_once(library):
    library.find("acme", "own")
    with pytest.raises(StoreError, match="which version of 'own'"):
        library.remove("acme", "own")
    with pytest.raises(UnknownName):
        library.remove("acme", "secret@1")
    library.remove("acme", "own@1")
    with pytest.raises(UnknownName):
        library.find("acme", "own")


@pytest.mark.parametrize("tenant", ["../x", "", "a/b"])
def test_no_tenants_folder_is_outside_the_store(library, tenant, tmp_path):
    if tenant:
        with pytest.raises(StoreError):
            library.shelf(tenant)
    else:
        assert library.shelf("").store.folder == tmp_path


def test_thousands_of_tenants_do_not_use_up_the_files_that_may_be_open(tmp_path, monkeypatch):
    monkeypatch.setattr(libraries, "MOST_OPEN", 3)
    add(Store(tmp_path), "common")
    for number in range(8):
        add(Store(tmp_path / TENANTS / f"t{number}"), "own", seed=number)
    library = Library(tmp_path, BACKBONE)
    for _ in range(2):
        for number in range(8):
            assert library.find(f"t{number}", "own").reference == "own@1"
            assert library.find(f"t{number}", "common").reference == "common@1"
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda number: library.find(f"t{number % 8}", "own").version, range(40)))
        assert found == [1] * 40
        open_files = [os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert sum(str(tmp_path / TENANTS) in file for file in open_files) <= 3 * 3


def test_uploads_side_by_side_do_not_pass_a_limit_that_each_alone_keeps(library, tmp_path):
    manifest, tensors = files_of(tmp_path, "common/1")
    one = len(manifest) + len(tensors)
    tenant = Tenant("new", Limits(stored_bytes=2 * one + one // 2))

    def add_one(_: int) -> str:
        try:
            return library.add(tenant, "mine", manifest, tensors).reference
        except BadRequest as error:
            return str(error)[:30]

    with ThreadPoolExecutor(8) as threads:
        got = sorted(threads.map(add_one, range(8)))
    assert got[:2] == ["mine@1", "mine@2"]
    assert all(text.startswith("this key's prefixes may take") for text in got[2:])
    assert library.stored_bytes("new") <= tenant.limits.stored_bytes


def test_a_tenant_pins_his_own_alone_and_no_more_than_he_may(library, tmp_path):
    tenant = Tenant("acme", Limits(pinned_prefixes=1))
    add(Store(tmp_path / TENANTS / "acme"), "own", seed=3)
    with pytest.raises(UnknownName, match="unknown stored prefix 'common'"):
        library.pin(tenant, "common")
    assert library.pin(tenant, "own@1").reference == "own@1"
    assert library.pin(tenant, "own@1").reference == "own@1"
    with pytest.raises(BadRequest, match="this key may keep 1 prefixes at hand and does already. Unpin another first"):
        library.pin(tenant, "own@2")
    library.pin(Tenant(), "common")
    assert library.unpin("acme", "common") == []
    assert len(library.pinned()) == 2
    (released,) = library.remove("acme", "own@1")
    assert (library.pinned(), library.unpin("acme", "own@1")) == ([library.find("", "common").sha256], [])
    assert released not in library.pinned()


def test_a_list_is_of_everything_a_tenant_could_use_page_by_page(library, tmp_path):
    for name in ("a1", "b1", "d1"):
        add(Store(tmp_path), name)
    add(Store(tmp_path / TENANTS / "acme"), "d1", seed=4)
    for owner in ("acme", ""):
        library.refresh(owner)
    names, after = [], ""
    while page := library.entries(["acme", ""], after, limit=2):
        names += [entry.name for entry in page]
        after = names[-1]
    assert names == ["a1", "b1", "common", "d1", "own"]
    assert library.entries(["acme", ""], contains="d1")[0].sha256 == library.find("acme", "d1").sha256
    assert [entry.name for entry in library.entries(["acme", ""], contains="1", limit=2)] == ["a1", "b1"]
    assert Library(tmp_path, LoadedBackbone(name="gpt2-large", fingerprint="0" * 16)).entries(["acme", ""]) == []


@pytest.mark.parametrize("damage", ["no tensors", "no manifest", "another bit", "half removed"])
def test_what_is_damaged_here_is_brought_again(tmp_path, damage):
    add(Store(tmp_path / "there"), "common")
    library = Library(tmp_path / "here", BACKBONE, url=f"file://{tmp_path / 'there'}")
    entry = library.find("", "common")
    folder = tmp_path / "here" / "common" / "1"
    tensors = folder / "prefix.safetensors"
    if damage == "no tensors":
        tensors.unlink()
    elif damage == "no manifest":
        (folder / "manifest.json").unlink()
    elif damage == "another bit":
        content = bytearray(tensors.read_bytes())
        content[-1] ^= 1
        tensors.unlink()
        tensors.write_bytes(bytes(content))
    else:
        shutil.rmtree(folder.parent)
    for again in (library, Library(tmp_path / "here", BACKBONE, url=f"file://{tmp_path / 'there'}")):
        found = again.find("", "common")
        assert torch.equal(again.load(found.sha256).keys["decoder"], make_prefix(0).keys["decoder"])
    assert found == entry


def test_what_all_tenants_prefixes_take_here_is_bounded_together(tmp_path):
    for number in range(4):
        add(Store(tmp_path / "there" / TENANTS / f"t{number}"), "own", seed=number)
    size = sum(len(part) for part in files_of(tmp_path / "there" / TENANTS / "t0", "own/1"))
    library = Library(tmp_path / "here", BACKBONE, url=f"file://{tmp_path / 'there'}", max_bytes=2 * size + size // 2)
    for number in range(4):
        library.find(f"t{number}", "own")
    held = sorted(path.parts[-4] for path in (tmp_path / "here").rglob("prefix.safetensors"))
    assert held == ["t2", "t3"]


def test_prefixes_come_from_elsewhere_as_they_are_asked_for(tmp_path):
    add(Store(tmp_path / "there"), "common")
    add(Store(tmp_path / "there" / TENANTS / "acme"), "own", seed=1)
    library = Library(tmp_path / "here", BACKBONE, url=f"file://{tmp_path / 'there'}")
    entry = library.find("acme", "own")
    assert library.find("acme", "common").reference == "common@1"
    with pytest.raises(UnknownName):
        library.find("", "own")
    assert library.num_fetched == 2
    shutil.rmtree(tmp_path / "here" / TENANTS)  # it gave way to others
    assert torch.equal(library.load(entry.sha256).keys["decoder"], make_prefix(1).keys["decoder"])
    assert library.num_fetched == 3
    manifest, tensors = files_of(tmp_path / "there", "common/1")
    for change in (
        lambda: library.add(Tenant("acme"), "own", manifest, tensors),
        lambda: library.remove("acme", "own@1"),
    ):
        with pytest.raises(BadRequest, match="this server's prefixes come from elsewhere. Add and remove them there"):
            change()
