"""Whatever happens to a stored prefix afterwards is found, named and refused; and stops no other prefix."""

import hashlib
import json
import re
import shutil

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from tests.store.stored import BACKBONE, add

from foreword.errors import StoreError, UnknownName
from foreword.store import Store, checks, registry
from foreword.store.manifest import SEAL, seal

MEND = r"Restore the file from a copy, or remove this version and add the prefix again\."
SOUND = ["manifest", "file", "size", "sha256", "tensors", "finite"]


@pytest.fixture
def store(tmp_path):
    """e2e@1 is for the tests to break, e2e@2 must survive it."""
    store = Store(tmp_path)
    for _ in range(2):
        add(store)
    return store


@pytest.fixture
def tensors(store):
    return store.folder / "e2e" / "1" / "prefix.safetensors"


@pytest.fixture
def manifest(store):
    return store.folder / "e2e" / "1" / "manifest.json"


def overwrite(path, content):
    """As somebody would who ignores that it is read-only."""
    path.unlink()
    path.write_bytes(content)


def rewrite(manifest, change):
    """Change a manifest's facts and seal it again, as another program would that writes them wrongly."""
    facts = json.loads(manifest.read_text())
    del facts[SEAL]
    change(facts)
    overwrite(manifest, json.dumps(facts | {SEAL: seal(facts)}).encode())


def replace_tensors(tensors, manifest, change):
    """Change the tensors and let the manifest say that this is how they were meant."""
    named = load(tensors.read_bytes())
    content = save(change(named) or named)
    overwrite(tensors, content)
    rewrite(manifest, lambda facts: facts.update(size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest()))


def assert_refused(store, check, message):
    """`load` and `verify` agree on what is wrong, and the other version is not drawn into it."""
    with pytest.raises(StoreError, match=rf"^prefix 'e2e@1': {message}\. {MEND}$"):
        store.load("e2e@1", BACKBONE)
    *passed, failed = store.verify("e2e@1")
    assert [c.name for c in passed] == SOUND[: SOUND.index(check)]
    assert all(c.ok for c in passed)
    assert (failed.name, failed.ok) == (check, False)
    assert re.fullmatch(message, failed.why)
    store.load("e2e@2", BACKBONE)


def test_a_sound_prefix_passes_every_check(store):
    assert [(check.name, check.ok) for check in store.verify("e2e")] == [(name, True) for name in SOUND]


@pytest.mark.parametrize("share", [0, 0.1, 0.9])
def test_a_truncated_file_is_refused(store, tensors, share):
    content = tensors.read_bytes()
    overwrite(tensors, content[: int(share * len(content))])
    assert_refused(store, "size", r"prefix\.safetensors was truncated: it has \d+ bytes, its manifest says \d+")


def test_a_longer_file_is_refused(store, tensors):
    overwrite(tensors, tensors.read_bytes() + b"\0")
    assert_refused(store, "size", r"prefix\.safetensors was changed: it has \d+ bytes, its manifest says \d+")


def test_a_missing_file_is_refused(store, tensors):
    tensors.unlink()
    assert_refused(store, "file", r"prefix\.safetensors is missing")


def test_a_file_that_cannot_be_opened_is_refused(store, tensors):
    tensors.unlink()
    tensors.mkdir()
    assert_refused(store, "file", r"prefix\.safetensors cannot be read: Is a directory")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_flipped_in_the_tensors_is_found(store, tensors, data):
    content = tensors.read_bytes()
    flipped = bytearray(content)
    flipped[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    overwrite(tensors, bytes(flipped))
    assert_refused(store, "sha256", r"prefix\.safetensors was changed: its SHA-256 is \w{64}, its manifest says \w{64}")
    overwrite(tensors, content)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_bit_flipped_in_the_manifest_is_found_or_changes_nothing(store, manifest, data):
    content, sound = manifest.read_bytes(), store.show("e2e@1")
    flipped = bytearray(content)
    flipped[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    overwrite(manifest, bytes(flipped))
    try:
        read = store.show("e2e@1")
    except StoreError as error:
        told = str(error)
    else:
        told = "prefix 'e2e@1': manifest.json " if read == sound else ""  # e.g. another kind of white space
    assert told.startswith("prefix 'e2e@1': manifest.json ")
    overwrite(manifest, content)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -3e38, 1.1e6])
def test_numbers_that_are_none_are_refused_though_the_hash_is_right(store, tensors, manifest, value):
    def spoil(named):
        named["decoder.keys"][1, 0, 2, :2] = value

    replace_tensors(tensors, manifest, spoil)
    many, where = r"2 of decoder\.keys's 120 numbers", "layer 1, head 0, position 2"
    message = rf"{many} are not finite, or beyond 1e\+06, the first is {re.escape(str(torch.tensor(value).item()))} at {where}"
    assert_refused(store, "finite", rf"prefix\.safetensors holds numbers that are none: {message}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {**t, "decoder.keys": t["decoder.keys"][:1]}, r"for decoder\.keys float32 \[1, 3, 4, 5\], .* \[2, 3, 4, 5\]"),
        (lambda t: {**t, "decoder.keys": t["decoder.keys"][0]}, r"for decoder\.keys float32 \[3, 4, 5\], its manifest says"),
        (lambda t: {k: v.bfloat16() for k, v in t.items()}, r"for decoder\.keys bfloat16 \[.*\], its manifest says float32"),
        (lambda t: {"decoder.keys": t["decoder.keys"]}, r"for decoder\.values nothing, its manifest says float32 \[2, 3, 4, 5\]"),
        (lambda t: {**t, "cross.keys": torch.ones(1)}, r"for cross\.keys float32 \[1\], its manifest says nothing"),
    ],
)  # fmt: skip
def test_tensors_other_than_the_manifest_says_are_refused(store, tensors, manifest, change, message):
    replace_tensors(tensors, manifest, change)
    assert_refused(store, "tensors", rf"prefix\.safetensors has {message}.*")


def test_bytes_that_are_no_tensors_are_refused_though_the_hash_is_right(store, tensors, manifest):
    content = b"not tensors at all"
    overwrite(tensors, content)
    rewrite(manifest, lambda facts: facts.update(size_bytes=18, sha256=hashlib.sha256(content).hexdigest()))
    assert_refused(store, "tensors", r"prefix\.safetensors is not a safetensors file \(.*\)")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"manifest\.json is not JSON \(Expecting value.*\)"),
        (b'{"name": "e2e"', r"manifest\.json is not JSON \(Expecting.*\)"),
        (b"\xff\xfe\xfd", r"manifest\.json is not JSON \(.*decode.*\)"),
        (b"[" * 100_000, r"manifest\.json is not JSON \(maximum recursion depth exceeded.*\)"),
        (b"[]", r"manifest\.json must be a JSON object"),
        (b"{}", r"manifest\.json cannot be used: 'format_version' is missing; 'name' is missing; .*"),
    ],
)
def test_a_manifest_that_is_none_is_refused(store, manifest, content, message):
    overwrite(manifest, content)
    assert_refused(store, "manifest", message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: facts.update(notes="mine"), r"'notes' is not a key of a manifest"),
        (lambda facts: facts["backbone"].update(size=1), r"'backbone\.size' is not a key of a manifest"),
        (lambda facts: facts["backbone"].pop("fingerprint"), r"'backbone\.fingerprint' is missing"),
        (lambda facts: facts.update(sites={}), r"'sites': dictionary should have at least 1 item.*, got \{\}"),
        (lambda facts: facts.update(prefix_len=0), r"'prefix_len': input should be greater than 0, got 0"),
        (
            lambda facts: facts.update(dtype="float64"),
            r"'dtype': input should be 'float32' or 'bfloat16', got 'float64'",
        ),
        (lambda facts: facts.update(sha256="AB"), r"'sha256': string should match pattern .*, got 'AB'"),
        (
            lambda facts: facts.update(created="2026-01-31T12:00:00"),
            r"'created': input should have timezone info, got .*",
        ),
        (
            lambda facts: facts.update(method=["x" * 99]),
            r"'method': input should be a valid string, got \['x{55}\.\.\.",
        ),
    ],
)
def test_a_manifest_with_a_wrong_key_names_the_key(store, manifest, change, message):
    rewrite(manifest, change)
    assert_refused(store, "manifest", rf"manifest\.json cannot be used: {message}")


def test_a_number_in_the_manifest_that_is_none_is_refused(store, manifest):
    overwrite(manifest, manifest.read_bytes().replace(b"8e-05", b"NaN"))
    assert_refused(
        store,
        "manifest",
        r"manifest\.json cannot be used: 'recipe\.train\.lr': input should be a finite number, got nan",
    )


@pytest.mark.parametrize(("old", "new"), [(b"69.7", b"96.7"), (b"ab12ab12", b"cd34cd34"), (b"6dcaa7a9", b"6dcaa7a8")])
def test_a_manifest_changed_by_hand_is_refused(store, manifest, old, new):
    overwrite(manifest, manifest.read_bytes().replace(old, new))
    assert_refused(
        store, "manifest", r"manifest\.json was changed: its manifest_sha256 is \w{64}, its content gives \w{64}"
    )


def test_a_manifest_without_its_seal_is_refused(store, manifest):
    facts = json.loads(manifest.read_text())
    del facts[SEAL]
    overwrite(manifest, json.dumps(facts).encode())
    assert_refused(
        store, "manifest", r"manifest\.json was changed: its manifest_sha256 is None, its content gives \w{64}"
    )


def test_a_manifest_laid_out_otherwise_is_the_same_manifest(store, manifest):
    before, facts = store.show("e2e@1"), json.loads(manifest.read_text())
    overwrite(manifest, json.dumps(dict(reversed(facts.items()))).encode())
    assert store.show("e2e@1") == before


@pytest.mark.parametrize("version", [2, "1", None])
def test_another_format_is_refused_with_other_advice(store, manifest, version):
    rewrite(manifest, lambda facts: facts.update(format_version=version))
    message = rf"has format_version {version!r}, and this foreword reads 1\. Use a foreword that reads it\."
    with pytest.raises(StoreError, match=message):
        store.show("e2e@1")


def test_a_missing_manifest_is_refused(store, manifest):
    manifest.unlink()
    assert_refused(store, "manifest", r"manifest\.json is missing")


def test_a_manifest_that_cannot_be_opened_is_refused(store, manifest):
    manifest.unlink()
    manifest.mkdir()
    assert_refused(store, "manifest", r"manifest\.json cannot be read: Is a directory")


def test_a_folder_renamed_by_hand_is_refused(store):
    shutil.copytree(store.folder / "e2e" / "2", store.folder / "e2e" / "9")
    shutil.copytree(store.folder / "e2e", store.folder / "poet")
    for copied in ("e2e@9", "poet@9"):
        with pytest.raises(
            StoreError,
            match=rf"prefix '{copied}': the folder was renamed or copied: its manifest\.json is that of 'e2e@2'\. "
            r"Put it back in its place, or load that one and add it under the new name\.",
        ):
            store.show(copied)
    assert add(store).version == 10


def test_the_newest_version_is_not_passed_over_when_it_is_broken(store, manifest):
    (store.folder / "e2e" / "2" / "manifest.json").unlink()
    with pytest.raises(StoreError, match=r"prefix 'e2e@2': manifest\.json is missing"):
        store.load("e2e", BACKBONE)


def test_what_cannot_be_read_is_listed_as_such_beside_the_rest(store, manifest):
    overwrite(manifest, b"{")
    listing = store.list()
    assert [m.reference for m in listing.prefixes] == ["e2e@2"]
    assert [u.reference for u in listing.unreadable] == ["e2e@1"]
    assert listing.unreadable[0].why.startswith("manifest.json is not JSON")


def test_a_name_whose_folder_cannot_be_read_is_listed_as_such_beside_the_rest(store, monkeypatch):
    add(store, "locked")
    is_removed = registry.is_removed

    def deny(folder):
        if folder.parent.name == "locked":
            raise PermissionError(13, "Permission denied")
        return is_removed(folder)

    monkeypatch.setattr(registry, "is_removed", deny)
    listing = store.list()
    assert [m.reference for m in listing.prefixes] == ["e2e@2", "e2e@1"]
    assert [u.reference for u in listing.unreadable] == ["locked"]
    with pytest.raises(
        StoreError, match=r"'locked': its folder .*locked cannot be read: Permission denied\. Get permission"
    ):
        store.show("locked@1")
    with pytest.raises(UnknownName, match=r"Did you mean 'e2e'\? Known: e2e\."):
        store.show("e2")


def test_a_broken_prefix_can_be_removed(store, manifest, tensors):
    overwrite(manifest, b"{")
    store.remove("e2e@1")
    add(store)
    (store.folder / "e2e" / "3" / "manifest.json").unlink()
    store.remove("e2e@3")
    assert [m.reference for m in store.list().prefixes] == ["e2e@2"]
    assert store.list().unreadable == ()
    assert not tensors.exists()
    assert add(store).version == 4


def test_bytes_are_checked_and_used_from_one_reading(store, tensors, monkeypatch):
    """Else a file that changes between the check and the use would be believed."""
    sound, _ = store.load("e2e@1", BACKBONE)
    hash_fault = checks.hash_fault

    def check_then_spoil(manifest, content):
        why = hash_fault(manifest, content)
        overwrite(tensors, b"\0" * len(content))
        return why

    monkeypatch.setattr(checks, "hash_fault", check_then_spoil)
    loaded, _ = store.load("e2e@1", BACKBONE)
    assert torch.equal(loaded.keys["decoder"], sound.keys["decoder"])
