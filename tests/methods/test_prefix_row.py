"""Prefixes in a row: one that was trained before stands in front, as it was, and another is trained behind it."""

import json
from contextlib import suppress

import pytest
import torch
from tests.tiny_models import close, tiny_backbone
from tests.tiny_runs import data_folder, model_folder, pairs_of, prefix_method, tiny_recipe, tiny_training

import foreword
from foreword.errors import BadRecipe, Interrupted, PrefixMismatch, RunError
from foreword.methods.prefix_tuning import PrefixTuning
from foreword.prefix import Injection, Prefix, PrefixBank, in_a_row
from foreword.training import Training


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5"])
def test_words_in_a_row_are_prefixes_in_a_row(family):
    """Exact where prefixes are words of one text, cut in two: both halves' keys and values are those of the whole."""
    backbone = tiny_backbone(family)
    prefixes = [prefix_method(backbone, prefix_len=length, seed=length).prefix() for length in (2, 3)]
    row, texts = in_a_row(prefixes), backbone.texts_of([5, 6, 7])
    assert row.prefix_len == 5
    for site in row.keys:
        assert torch.equal(row.keys[site][:, :, :2], prefixes[0].keys[site])
        assert torch.equal(row.values[site][:, :, 2:], prefixes[1].values[site])
    close(backbone.logits(texts, Injection.of(row)), backbone.logits(texts, Injection.of(in_a_row(prefixes[::-1]))))
    if backbone.kind == "decoder-only":
        words = backbone.activations([9, 8, 7, 6, 5])
        halves = [
            Prefix(
                {site: keys[:, :, part] for site, keys in words.keys.items()},
                {site: values[:, :, part] for site, values in words.values.items()},
            )
            for part in (slice(0, 2), slice(2, 5))
        ]
        whole = backbone.logits(backbone.texts_of([9, 8, 7, 6, 5, 5, 6, 7]))[:, 5:]
        close(backbone.logits(texts, Injection.of(in_a_row(halves))), whole)


def test_what_cannot_stand_in_a_row_is_told():
    prefix = prefix_method(tiny_backbone("gpt2")).prefix()
    with pytest.raises(PrefixMismatch, match="must be for the same sites of one model"):
        in_a_row([prefix, prefix_method(tiny_backbone("gpt2", seed=5)).prefix()])
    with pytest.raises(PrefixMismatch, match="must be for the same sites of one model"):
        in_a_row([prefix, prefix_method(tiny_backbone("bart")).prefix()])
    with pytest.raises(PrefixMismatch, match="whose layers differ in length cannot stand in a row"):
        in_a_row([prefix, prefix_method(tiny_backbone("gpt2"), layers="0").prefix()])


def test_the_one_in_front_stays_and_both_are_kept(tmp_path):
    backbone = tiny_backbone("gpt2")
    task = prefix_method(backbone, prefix_len=3, seed=1).prefix()
    method = PrefixTuning(backbone, 2, mlp_dim=8, behind=task, seed=2)
    pairs = pairs_of(backbone)
    before = method.prefix()
    tiny_training(backbone, method, tmp_path, pairs=pairs, dev=pairs, total_steps=5).run()
    after = method.prefix()
    assert (before.prefix_len, after.prefix_len) == (5, 5)
    assert torch.equal(after.values["decoder"][:, :, :3], task.values["decoder"])
    assert not torch.equal(after.values["decoder"][:, :, 3:], before.values["decoder"][:, :, 3:])
    assert {name.split(".")[0] for name in method.trained_parameters()} == {"chains"}
    restored = PrefixTuning.restored(tiny_backbone("gpt2"), method.export())
    assert all(torch.equal(tensor, restored.prefix().tensors()[name]) for name, tensor in after.tensors().items())
    method.load(method.export())
    close(method.prefix().keys["decoder"], after.keys["decoder"])
    assert PrefixBank([after]).rows([0]).prefix_len == 5


def test_a_style_is_trained_behind_a_stored_task(tmp_path):
    model, data = model_folder(tmp_path / "model"), data_folder(tmp_path / "data")
    first = foreword.train(tiny_recipe(model, data, method={"prefix_len": 3, "mlp_dim": 0}), tmp_path / "task")
    foreword.keep(first, "task", tmp_path / "store")
    method = {"prefix_len": 2, "mlp_dim": 0, "behind": f"{tmp_path}/store/task@1"}
    style = foreword.train(tiny_recipe(model, data, method=method), tmp_path / "style")
    facts = json.loads((tmp_path / "style" / "run.json").read_text())["method"]
    assert facts["stored_parameters"] == facts["trained_parameters"] // 2 * 5
    assert style.prefix is not None
    assert style.prefix.prefix_len == 5
    opened = foreword.open_run(tmp_path / "style")
    assert opened.generate(["a b"]) == style.generate(["a b"])
    foreword.keep(opened, "both", tmp_path / "store")
    assert foreword.take("both", tmp_path / "store").generate(["a b"]) == style.generate(["a b"])
    model = model_folder(tmp_path / "bart", "bart")
    method = {"prefix_len": 2, "mlp_dim": 0, "sites": ["encoder"]}
    foreword.train(tiny_recipe(model, data, method=method), tmp_path / "sited")
    for key, more in (("behind", {}), ("init_prefix", {"init": "prefix"})):
        told = {"prefix_len": 2, "mlp_dim": 0, key: f"{tmp_path}/sited/method.safetensors", **more}
        message = rf"method\.{key}: that prefix is attended to at encoder, not at decoder, cross\. Set method\.sites"
        with pytest.raises(BadRecipe, match=message):
            foreword.train(tiny_recipe(model, data, method=told), tmp_path / "bad")
    foreword.train(tiny_recipe(model, data, method={"prefix_len": 2, "mlp_dim": 0}), tmp_path / "everywhere")
    told = {**method, "behind": f"{tmp_path}/everywhere/method.safetensors"}
    with pytest.raises(
        BadRecipe, match=r"method\.sites leaves out cross, decoder, where the prefix that method\.behind names"
    ):
        foreword.train(tiny_recipe(model, data, method=told), tmp_path / "bad")
    with pytest.raises(BadRecipe, match=r"method\.behind: .*none\.safetensors cannot be read as a run's prefix"):
        foreword.train(tiny_recipe(model, data, method={**method, "behind": "none.safetensors"}), tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def test_a_run_is_not_gone_on_with_behind_another_prefix(tmp_path, monkeypatch):
    """A name without a version is the newest, and there may be a newer one by now."""
    model, data, store = model_folder(tmp_path / "model"), data_folder(tmp_path / "data"), tmp_path / "store"
    for seed in (0, 1):
        recipe = tiny_recipe(model, data, method={"prefix_len": 3, "mlp_dim": 0}, train={"seed": seed, "max_steps": 2})
        foreword.keep(foreword.train(recipe, tmp_path / f"front-{seed}"), f"front-{seed}", store)
    foreword.keep(foreword.open_run(tmp_path / "front-0"), "front", store)
    recipe = tiny_recipe(model, data, method={"prefix_len": 2, "mlp_dim": 0, "behind": f"{store}/front"})
    step, steps = Training.step, []

    def stops(self):
        steps.append(1)
        if len(steps) == 4:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Training, "step", stops)
    with suppress(KeyboardInterrupt, Interrupted):
        foreword.train(recipe, tmp_path / "run")
    monkeypatch.undo()
    foreword.keep(foreword.open_run(tmp_path / "front-1"), "front", store)
    with pytest.raises(RunError, match="holds a run with other prefix in front"):
        foreword.train(recipe, tmp_path / "run")
