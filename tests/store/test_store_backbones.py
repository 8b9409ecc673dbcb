"""A prefix never runs on a model it was not trained for."""

import re
from dataclasses import replace

import pytest
from tests.store.stored import BACKBONE, DECODER, LoadedBackbone, add

from foreword.errors import PrefixMismatch
from foreword.prefix import SiteShape
from foreword.store import Store, check_backbone
from foreword.store import store as store_module

LARGE = LoadedBackbone("gpt2-large", "32b71b12", "cd34" * 8, sites={"decoder": SiteShape(36, 20, 64)})


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    add(store)
    return store


def test_another_backbone_is_refused_with_all_that_differs(store):
    with pytest.raises(PrefixMismatch) as refused:
        store.load("e2e", LARGE)
    assert str(refused.value) == (
        "prefix 'e2e@1' was trained for gpt2-medium at revision 6dcaa7a9, but the loaded backbone is gpt2-large at "
        f"revision 32b71b12: decoder attention L=2 H=3 D=5 there, L=36 H=20 D=64 here; fingerprint {'ab12' * 8} there, "
        f"{'cd34' * 8} here. Load gpt2-medium at revision 6dcaa7a9, or train this prefix again for gpt2-large at "
        "revision 32b71b12."
    )


TOKENIZER = r"medium at revision 6dcaa7a9: tokenizer hash \w+ there, ffff here\. Load it with the tokenizer it had in training, or"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"fingerprint": "ffff"},
            r"fingerprint \w+ there, ffff here\. Load gpt2-medium at revision 6dcaa7a9 as it was in training, or",
        ),
        (
            {"fingerprint": "ffff", "name": "mine"},
            r"is mine at revision 6dcaa7a9: .* Load gpt2-medium at revision 6dcaa7a9, or",
        ),
        ({"fingerprint": "ffff", "revision": ""}, r"is gpt2-medium: .* or train this prefix again for gpt2-medium\.$"),
        ({"tokenizer_hash": "ffff"}, TOKENIZER),
        ({"sites": {"encoder": DECODER}}, r"decoder attention L=2 H=3 D=5 there, none here"),
        ({"sites": {"decoder": SiteShape(2, 3, 6)}}, r"decoder attention L=2 H=3 D=5 there, L=2 H=3 D=6 here"),
    ],
)
def test_whatever_differs_is_refused(store, changed, message):
    with pytest.raises(PrefixMismatch, match=message):
        store.load("e2e", replace(BACKBONE, **changed))


def test_a_copy_by_another_name_is_the_same_backbone(store):
    store.load("e2e", LoadedBackbone(name="models/medium", revision=""))


def test_a_backbone_may_have_sites_that_the_prefix_leaves_alone(tmp_path):
    both = LoadedBackbone(sites={"decoder": DECODER, "cross": DECODER})
    add(Store(tmp_path), backbone=both)
    loaded, _ = Store(tmp_path).load("e2e", both)
    assert set(loaded.sites) == {"decoder"}


def test_the_backbone_is_refused_before_a_tensor_is_read(store, monkeypatch):
    def fail(path):
        raise AssertionError(path)

    monkeypatch.setattr(store_module, "read_content", fail)
    with pytest.raises(PrefixMismatch):
        store.load("e2e", LARGE)


def test_looking_at_the_numbers_needs_no_backbone(store):
    assert store.load("e2e", None)[0].prefix_len == 4


def test_the_backbone_can_be_checked_without_loading(store):
    check_backbone(store.show("e2e"), BACKBONE)
    with pytest.raises(PrefixMismatch, match=re.escape("prefix 'e2e@1' was trained for gpt2-medium")):
        check_backbone(store.show("e2e"), LARGE)
