"""What goes in comes out: adding, listing, showing, loading, removing; names and versions."""

import json
import re
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.stored import BACKBONE, DECODER, FACTS, LoadedBackbone, add, make_prefix

from foreword.errors import PrefixMismatch, StoreError, UnknownName
from foreword.prefix import Prefix, SiteShape
from foreword.store import Canary, Store, StoredScore


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


def references(store):
    return [manifest.reference for manifest in store.list().prefixes]


small = st.integers(1, 3)
shapes = st.builds(SiteShape, small, small, small)
site_shapes = st.dictionaries(st.sampled_from(["encoder", "decoder", "cross"]), shapes, min_size=1)
useful_floats = st.floats(-1e6, 1e6, width=32)


@st.composite
def prefixes(draw):
    """Any float32 prefix that a store takes: denormals, negative zeros and the largest numbers too."""
    prefix_len, parts = draw(small), {"keys": {}, "values": {}}
    for site, s in draw(site_shapes).items():
        for part in parts.values():
            size = (s.num_layers, s.num_kv_heads, prefix_len, s.head_dim)
            count = s.num_layers * s.num_kv_heads * prefix_len * s.head_dim
            part[site] = torch.tensor(draw(st.lists(useful_floats, min_size=count, max_size=count))).view(size)
    return Prefix(parts["keys"], parts["values"])


@settings(max_examples=60, deadline=None)
@given(prefixes())
def test_float32_comes_back_bit_by_bit(prefix):
    backbone = LoadedBackbone(sites=prefix.sites)
    with tempfile.TemporaryDirectory() as folder:
        add(Store(folder), prefix=prefix, backbone=backbone)
        loaded, manifest = Store(folder).load("e2e", backbone)
    assert (loaded.sites, loaded.prefix_len) == (prefix.sites, prefix.prefix_len)
    assert manifest.prefix_len == prefix.prefix_len
    for name, tensor in loaded.tensors().items():
        assert torch.equal(tensor.view(torch.int32), prefix.tensors()[name].view(torch.int32))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31))
def test_bfloat16_comes_back_rounded_once_and_half_as_large(seed):
    prefix = make_prefix(seed)
    with tempfile.TemporaryDirectory() as folder:
        full, half = add(Store(folder), prefix=prefix), add(Store(folder), prefix=prefix, dtype="bfloat16")
        loaded, _ = Store(folder).load("e2e@2", BACKBONE)
        again = add(Store(folder), prefix=loaded, dtype="bfloat16")
    for name, tensor in loaded.tensors().items():
        assert torch.equal(tensor, prefix.tensors()[name].bfloat16())
        torch.testing.assert_close(tensor.float(), prefix.tensors()[name], rtol=2**-8, atol=0)
    assert again.sha256 == half.sha256
    assert full.size_bytes - half.size_bytes == pytest.approx(2 * prefix.num_values, abs=64)


def test_tensors_that_share_memory_or_are_being_trained_are_stored_as_they_read(store):
    trained = torch.randn(5, 4, 3, 2, requires_grad=True).permute(3, 2, 1, 0)
    add(store, prefix=Prefix({"decoder": trained}, {"decoder": trained}))
    loaded, _ = store.load("e2e", BACKBONE)
    assert torch.equal(loaded.keys["decoder"], trained)
    assert torch.equal(loaded.values["decoder"], trained)
    assert not loaded.keys["decoder"].requires_grad


def test_the_manifest_says_all_there_is_to_know(store):
    before = datetime.now(UTC).replace(microsecond=0)
    added = add(store)
    assert added == store.show("e2e@1") == store.show("e2e") == store.load("e2e", BACKBONE)[1]
    assert added.reference == "e2e@1"
    assert before <= added.created <= datetime.now(UTC)
    assert (added.backbone.name, added.backbone.revision) == (BACKBONE.name, BACKBONE.revision)
    assert (added.backbone.fingerprint, added.backbone.tokenizer_hash) == (
        BACKBONE.fingerprint,
        BACKBONE.tokenizer_hash,
    )
    assert {site: str(shape) for site, shape in added.sites.items()} == {"decoder": str(DECODER)}
    assert (added.prefix_len, added.dtype, added.foreword_version) == (4, "float32", version("foreword"))
    assert added.scores == (StoredScore(metric="BLEU", value=69.7, signature="task:e2e|split:test|n:630"),)
    assert {key: getattr(added, key) for key in ("method", "recipe", "data_hash", "canary", "code_commit")} == {
        key: value for key, value in FACTS.items() if key != "scores"
    }


def test_a_version_is_two_read_only_files_and_nothing_else(store):
    added = add(store)
    folder = store.folder / "e2e" / "1"
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "prefix.safetensors"]
    assert {path.stat().st_mode & 0o222 for path in folder.iterdir()} == {0}
    assert (folder / "prefix.safetensors").stat().st_size == added.size_bytes
    assert sorted(path.name for path in store.folder.iterdir()) == [".lock", "e2e"]


def test_the_same_name_again_is_the_next_version_and_the_newest(store):
    assert [add(store, seed=seed).version for seed in range(3)] == [1, 2, 3]
    assert store.show("e2e").version == 3
    for seed in range(3):
        loaded, _ = store.load(f"e2e@{seed + 1}", BACKBONE)
        assert torch.equal(loaded.keys["decoder"], make_prefix(seed).keys["decoder"])


def test_versions_are_counted_not_spelled(store):
    for _ in range(11):
        add(store)
    assert store.show("e2e").version == 11


def test_the_newest_are_listed_first(store):
    for name in ("e2e", "webnlg", "e2e"):
        add(store, name)
    age(store.folder / "webnlg" / "1" / "manifest.json")
    assert references(store) == ["e2e@2", "e2e@1", "webnlg@1"]


def age(path):
    """Set a manifest's date back, and seal it again."""
    from foreword.store.manifest import SEAL, seal

    facts = json.loads(path.read_text())
    facts["created"] = "2020-02-29T12:00:00Z"
    del facts[SEAL]
    path.unlink()
    path.write_text(json.dumps(facts | {SEAL: seal(facts)}))


def test_what_is_no_prefix_is_passed_over(store):
    add(store)
    for folder in ("notes", ".git/1", "Old/1", "e2e/draft", "e2e/03"):
        (store.folder / folder).mkdir(parents=True)
    (store.folder / "readme.txt").touch()
    (store.folder / "e2e" / "notes.txt").touch()
    listing = store.list()
    assert (len(listing.prefixes), listing.unreadable) == (1, ())
    with pytest.raises(UnknownName, match=r"Known: e2e\.$"):
        store.show("notes")


def test_a_number_once_given_is_never_given_again(store):
    add(store)
    add(store)
    store.remove("e2e@2")
    assert add(store).version == 3
    for number in (1, 3):
        store.remove(f"e2e@{number}")
    assert add(store).version == 4
    assert references(store) == ["e2e@4"]


def test_removing_deletes_the_tensors_and_keeps_what_the_number_stood_for(store):
    add(store)
    add(store, seed=1)
    before = (store.folder / "e2e" / "1" / "manifest.json").read_bytes()
    store.remove("e2e@1")
    assert [path.name for path in (store.folder / "e2e" / "1").iterdir()] == ["removed.json"]
    assert (store.folder / "e2e" / "1" / "removed.json").read_bytes() == before
    assert references(store) == ["e2e@2"]
    for refused in (store.show, store.verify, store.remove, lambda r: store.load(r, BACKBONE)):
        with pytest.raises(StoreError, match=r"prefix 'e2e@1' was removed\. Versions left: 2\."):
            refused("e2e@1")


def test_the_newest_is_the_newest_that_is_left(store):
    add(store)
    add(store)
    store.remove("e2e@2")
    assert store.show("e2e").version == 1
    store.remove("e2e@1")
    assert store.list() == ((), ())
    with pytest.raises(UnknownName, match=r"unknown stored prefix 'e2e'\. Known: none\."):
        store.show("e2e")
    with pytest.raises(StoreError, match=r"'e2e@2' was removed\. Versions left: none\."):
        store.show("e2e@2")


def test_removing_wants_to_be_told_the_version(store):
    add(store)
    add(store)
    with pytest.raises(StoreError, match=r"which version of 'e2e' is to be removed\? Say it; the newest is 'e2e@2'\."):
        store.remove("e2e")
    assert references(store) == ["e2e@2", "e2e@1"]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("e3e", r"unknown stored prefix 'e3e'\. Did you mean 'e2e'\? Known: e2e, web\.nlg-5_5\."),
        ("e3e@1", r"unknown stored prefix 'e3e'\. Did you mean 'e2e'\?"),
        ("e2e@7", r"unknown stored prefix 'e2e@7'\. Did you mean 'e2e@1'\? Known: e2e@1\."),
    ],
)
def test_an_unknown_prefix_is_told_with_the_known_ones(store, reference, message):
    add(store)
    add(store, "web.nlg-5_5")
    for ask in (store.show, store.verify, store.remove, lambda r: store.load(r, BACKBONE)):
        with pytest.raises(UnknownName, match=message):
            ask(reference)


@pytest.mark.parametrize(
    "name", ["", "E2E", "..", ".e2e", "e2e.", "-e", "a/b", "../up", "a\\b", "é", "x" * 65, "e2e\n", "a b"]
)
def test_a_name_that_could_go_astray_is_refused(store, name):
    with pytest.raises(
        StoreError, match=r"a prefix cannot be called .*1 to 64 lower-case letters, digits, '-', '_' and"
    ):
        add(store, name)
    with pytest.raises(StoreError, match="a prefix cannot be called"):
        store.show(name)
    assert not store.folder.exists()


@pytest.mark.parametrize(
    "reference", ["e2e@", "e2e@0", "e2e@03", "e2e@-1", "e2e@new", "e2e@1/..", "e2e@１", "e2e@1234567890"]
)
def test_a_version_that_is_no_number_is_refused(store, reference):
    add(store)
    with pytest.raises(
        StoreError, match=r"names no version: after '@' comes a number from 1 on, as in 'e2e@3'\. Leave"
    ):
        store.show(reference)


def test_a_version_in_the_name_is_refused_because_the_store_counts(store):
    with pytest.raises(StoreError, match=r"cannot be called 'e2e@3'.*the store counts the versions itself"):
        add(store, "e2e@3")


def test_a_store_that_is_not_there_is_not_an_empty_one(store, tmp_path):
    (tmp_path / "file").touch()
    for missing in (store, Store(tmp_path / "file")):
        for ask in (missing.list, lambda missing=missing: missing.show("e2e")):
            with pytest.raises(
                StoreError, match=r"there is no store at .*\. Check the path; adding a prefix makes one\."
            ):
                ask()
    assert not store.folder.exists()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e30])
def test_numbers_that_are_none_are_not_stored(store, value):
    prefix = make_prefix()
    prefix.values["decoder"][1, 2, 3, 4] = value
    with pytest.raises(
        StoreError,
        match=rf"prefix 'e2e' is not stored: as float32, 1 of decoder\.values's 120 numbers are not finite, or beyond 1e\+06, "
        rf"the first is {re.escape(str(torch.tensor(value).item()))} at layer 1, head 2, position 3\. Train it again",
    ):
        add(store, prefix=prefix)
    assert not store.folder.exists()


def test_a_prefix_is_not_stored_for_a_backbone_it_does_not_fit(store):
    wider = LoadedBackbone(sites={"decoder": SiteShape(2, 3, 8)})
    with pytest.raises(
        PrefixMismatch, match=r"made for decoder attention with L=2 H=3 D=5, but gpt2-medium has L=2 H=3 D=8"
    ):
        add(store, backbone=wider)
    assert not store.folder.exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dtype": "float16"}, r"dtype must be float32 or bfloat16, got 'float16'"),
        ({"method": ""}, r"'method': string should have at least 1 character, got ''"),
        ({"recipe": {"train": {"lr": float("nan")}}}, r"'recipe\.train\.lr': input should be a finite number, got nan"),
        ({"recipe": {"path": object()}}, r"'recipe\.path': input was not a valid JSON value, got <object"),
        ({"recipe": {"words": "\ud800"}}, r"surrogates not allowed"),
        (
            {"scores": [{"metric": "BLEU", "value": float("inf"), "signature": "x"}]},
            r"'scores\.0\.value'.*finite number, got inf",
        ),
        ({"scores": [{"metric": "BLEU", "value": 69.7}]}, r"'scores\.0\.signature' is missing"),
        (
            {"canary": {"source": "a", "tokens": [], "text": "b", "notes": ""}},
            r"'canary\.notes' is not a key of a manifest",
        ),
        ({"backbone": LoadedBackbone(fingerprint="")}, r"'fingerprint': string should have at least 1 character"),
    ],
)
def test_a_fact_that_is_wrong_is_told_before_anything_is_written(store, changed, message):
    with pytest.raises(StoreError, match=rf"prefix 'e2e' is not stored: .*{message}"):
        add(store, **changed)
    assert not store.folder.exists()


def test_texts_of_every_script_and_unknown_facts_are_kept(store):
    canary = Canary(source="Tümpel : 20 £ 🌊", tokens=(1,), text="\u2028\x00")
    assert add(store, canary=canary, data_hash="", code_commit="", scores=(), recipe={}) == store.show("e2e")
    assert "Tümpel : 20 £ 🌊" in (store.folder / "e2e" / "1" / "manifest.json").read_text(encoding="utf-8")
