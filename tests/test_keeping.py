"""Into the store and out again: the same texts, or a reason why not."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tests.tiny_models import spacing_tokenizer
from tests.tiny_runs import TEXTS, data_folder, model_folder, tiny_recipe

import foreword
from foreword import keeping
from foreword.errors import PrefixMismatch, StoreError, UnknownName
from foreword.keeping import canary_fault
from foreword.marks import MASK
from foreword.methods import method_class
from foreword.recipe import Recipe, method_names
from foreword.tasks import load_task

SOURCES = [s for s, _ in TEXTS]


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    recipe = tiny_recipe(
        model_folder(folder / "model"), data_folder(folder / "data"), train={"lr": 0.05, "max_steps": 40}
    )
    foreword.train(recipe, folder / "run").evaluate("test")
    return folder


def test_out_of_the_store_comes_what_went_in(place, tmp_path):
    run = foreword.open_run(place / "run")
    manifest = foreword.keep(run, "tiny", tmp_path)
    taken = foreword.take("tiny@1", tmp_path)
    assert taken.generate(SOURCES) == run.generate(SOURCES)
    assert taken.recipe == run.recipe
    assert taken.method["stored_parameters"] == run.method["stored_parameters"]
    assert taken.method["share_of_backbone"] == run.method["share_of_backbone"]
    assert "trained_parameters" not in taken.method, "a store does not know it"
    assert canary_fault("tiny", tmp_path) == ""
    assert (manifest.method, manifest.data_hash) == ("prefix-tuning", run.task.data_hash("train"))
    (score,) = manifest.scores
    assert score.metric == "chrf"
    assert "split:test" in score.signature
    assert "group:all|chrf|refs:1" in score.signature
    assert taken.evaluate("dev").value("chrf") == run.evaluate("dev").value("chrf")


@pytest.mark.parametrize(
    "method",
    [
        {"name": "prompt-tuning", "prompt_len": 3},
        {"name": "p-tuning", "template": "{soft:2} so {soft:1} {source}"},
        {"name": "autoprompt", "template": "{soft:2} {source}", "num_candidates": 3},
        {"name": "prompting", "template": "so {source}", "num_examples": 1},
        {"name": "prompt-tuning", "prompt_len": 2, "mlp_dim": 8},
    ],
    ids=["prompt", "template", "found words", "words and an example", "prompt behind an MLP"],
)
def test_what_stands_in_front_of_a_decoders_text_is_stored_as_a_prefix_is(place, tmp_path, method):
    recipe = tiny_recipe(place / "model", place / "data", method=method, train={"lr": 0.05, "max_steps": 4})
    run = foreword.train(recipe, tmp_path / "run")
    assert foreword.keep(run, "prompt", tmp_path / "store").method == method["name"]
    taken = foreword.take("prompt", tmp_path / "store")
    assert taken.generate(SOURCES) == run.generate(SOURCES)
    assert canary_fault("prompt", tmp_path / "store") == ""


@pytest.mark.parametrize("family", ["gpt2", "bert"])
def test_a_stored_prefix_asks_and_answers_as_its_run_did(tmp_path, family):
    """Without the task's data: plain texts in its template, answers among its words; a masked model writes nothing else."""
    lines = "".join(f'{{"text": "a{i}", "label": "{"gb"[i % 2]}"}}\n' for i in range(6))
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").write_text(lines)
    task = {
        "name": "classes",
        "path": str(tmp_path),
        "classes": "g, b",
        "template": "{text} is {mask}",
        "max_target_len": 4,
    }
    model = model_folder(tmp_path / "model", family)
    spacing_tokenizer().save_pretrained(model)
    recipe = tiny_recipe(
        model, tmp_path, task=task, train={"lr": 0.1, "max_steps": 60, "batch_size": 6}, eval={"metrics": ["accuracy"]}
    )
    run = foreword.train(recipe, tmp_path / "run")
    manifest = foreword.keep(run, "label", tmp_path / "store")
    assert (manifest.form.words, manifest.form.question) == (("g", "b"), f"{{source}} is {MASK}")
    for split in ("train", "dev", "test"):
        (tmp_path / f"{split}.jsonl").unlink()
    taken, texts = foreword.take("label", tmp_path / "store"), ["a0", "a1", "one hat", f"a hat is {MASK}"]
    assert taken.generate(texts) == run.generate(texts)
    labels = taken.generate(texts, one_of_words=True)
    assert set(labels) <= {"g", "b"}
    labelled = "".join(f"{taken.as_record(text, label)}\n" for text, label in zip(texts[:3], labels, strict=False))
    (tmp_path / "train.jsonl").write_text(labelled)
    made = load_task("classes", tmp_path, classes="g, b", template="{text} {mask}").pairs("train")
    assert made == [(f"{text} {MASK}", label) for text, label in zip(texts[:3], labels, strict=False)]
    assert canary_fault("label", tmp_path / "store") == ""
    assert len(manifest.canary.tokens) == 3 if family == "bert" else manifest.canary.tokens


def test_in_half_precision_the_canary_is_that_of_what_is_stored(place, tmp_path, monkeypatch):
    """The bug: the canary was made before rounding, so a store could hold a prefix that never gives its canary."""
    seen = []
    real = keeping.canary_ids
    monkeypatch.setattr(
        keeping, "canary_ids", lambda backbone, prefix, source: seen.append(prefix) or real(backbone, prefix, source)
    )
    foreword.keep(foreword.open_run(place / "run"), "half", tmp_path, dtype="bfloat16")
    stored, _ = foreword.Store(tmp_path).load("half", None)
    assert all(torch.equal(t, seen[0].tensors()[name]) for name, t in stored.tensors().items())
    assert {t.dtype for t in stored.tensors().values()} == {torch.bfloat16}
    assert canary_fault("half", tmp_path) == ""


def test_another_precision_is_refused_and_not_taken_for_float32(place, tmp_path):
    with pytest.raises(StoreError, match="dtype must be float32 or bfloat16, got 'float16'"):
        foreword.keep(foreword.open_run(place / "run"), "x", tmp_path / "store", dtype="float16")
    assert not (tmp_path / "store").exists()


def test_what_is_no_prefix_is_not_kept(place, tmp_path):
    run = foreword.open_run(place / "run")
    with pytest.raises(StoreError, match="what untouched yields is not a prefix, and a store keeps only prefixes"):
        foreword.keep(foreword.untouched(run.recipe), "x", tmp_path)
    foreword.keep(run, "tiny", tmp_path)
    with pytest.raises(
        StoreError, match=r"comes out of a store, where it is kept already\. Keep one from a run's folder"
    ):
        foreword.keep(foreword.take("tiny", tmp_path), "x", tmp_path)


@pytest.mark.parametrize("method", sorted({*method_names()} - {"p-tuning-v2", "warp"}))
def test_a_trained_method_is_kept_if_it_ends_as_a_prefix_and_refused_by_its_name_if_not(place, tmp_path, method):
    recipe = tiny_recipe(place / "model", place / "data", train={"max_steps": 1}).to_dict()
    small = {
        "autoprompt": {"num_candidates": 3},
        "prompting": {"template": "so {source}"},
        "top-layers": {"num_layers": 1},
    }
    run = foreword.train(
        Recipe.from_dict({**recipe, "method": {"name": method, **small.get(method, {})}}), tmp_path / "run"
    )
    if run.prefix is not None:
        assert foreword.keep(run, "kept", tmp_path / "store").method == method
        assert method_class(method).gives_prefix or method == "p-tuning"
        return
    assert not method_class(method).gives_prefix
    with pytest.raises(StoreError, match=f"what {method} yields is not a prefix, and a store keeps only prefixes"):
        foreword.keep(run, "kept", tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_a_changed_backbone_is_refused_before_any_compute(place, tmp_path):
    model = shutil.copytree(place / "model", tmp_path / "model")
    recipe = tiny_recipe(model, place / "data", train={"max_steps": 1})
    foreword.keep(foreword.train(recipe, tmp_path / "run"), "tiny", tmp_path / "store")
    shutil.rmtree(model)
    model_folder(model, seed=5)
    with pytest.raises(PrefixMismatch, match=r"prefix 'tiny@1' was trained for .*fingerprint \w+ there, \w+ here"):
        foreword.take("tiny", tmp_path / "store")
    shutil.rmtree(model)
    with pytest.raises(foreword.ForewordError, match="neither a folder here nor a name on the hub"):
        foreword.take("tiny", tmp_path / "store")


def test_a_manifest_tells_the_training_whatever_the_run_was_opened_with(place, tmp_path):
    """The bug: overrides of how a run decodes went into the manifest as the recipe of its training."""
    opened = foreword.open_run(place / "run", ["generate.max_new_tokens=3"])
    manifest = foreword.keep(opened, "tiny", tmp_path)
    assert manifest.recipe == foreword.open_run(place / "run").recipe.to_dict()


def test_a_run_whose_model_and_data_moved_can_be_kept(place, tmp_path):
    """The bug: `store add` looked where they were in training, and could be told no other place."""
    model = shutil.copytree(place / "model", tmp_path / "model")
    data = shutil.copytree(place / "data", tmp_path / "data")
    foreword.train(tiny_recipe(model, data), tmp_path / "run")
    now = [f"backbone.name={model.rename(tmp_path / 'm')}", f"task.path={data.rename(tmp_path / 'd')}"]
    manifest = foreword.keep(foreword.open_run(tmp_path / "run", now), "moved", tmp_path / "store")
    kept = foreword.Recipe.from_dict(manifest.recipe)
    assert (kept.backbone.name, kept.task.path) == (str(tmp_path / "m"), str(tmp_path / "d"))
    assert canary_fault("moved", tmp_path / "store") == ""


def test_the_canary_runs_where_the_model_is_now(place, tmp_path):
    model = shutil.copytree(place / "model", tmp_path / "model")
    foreword.train(tiny_recipe(model, place / "data"), tmp_path / "run")
    foreword.keep(foreword.open_run(tmp_path / "run"), "tiny", tmp_path / "store")
    moved = model.rename(tmp_path / "moved")
    assert canary_fault("tiny", tmp_path / "store", [f"backbone.name={moved}"]) == ""
    assert foreword.take("tiny", tmp_path / "store", [f"backbone.name={moved}"]).generate(["a1"])


def test_what_is_not_there_is_told(tmp_path, place):
    with pytest.raises(StoreError, match="there is no store at"):
        foreword.take("tiny", tmp_path / "nowhere")
    foreword.keep(foreword.open_run(place / "run"), "tiny", tmp_path)
    with pytest.raises(UnknownName, match=r"unknown stored prefix 'tyny'\. Did you mean 'tiny'\?"):
        foreword.take("tyny", tmp_path)


def test_a_canary_that_does_not_come_is_told(place, tmp_path, monkeypatch):
    foreword.keep(foreword.open_run(place / "run"), "tiny", tmp_path)
    expected = foreword.Store(tmp_path).show("tiny").canary.text
    monkeypatch.setattr(keeping, "canary_ids", lambda *_: [4, 5, 6])
    assert canary_fault("tiny", tmp_path) == f"expected {expected!r}, got 'abc'"


def test_a_model_that_ends_at_once_still_has_a_canary(place, tmp_path):
    """The bug: an end marker as the first token made a canary of no tokens, which no manifest can hold."""
    run = foreword.open_run(place / "run")
    run.backbone.model.register_forward_hook(ends_at_once)
    assert run.generate(["a1"]) == [""]
    assert len(foreword.keep(run, "tiny", tmp_path).canary.tokens) >= 1


def ends_at_once(module, args, output):
    output.logits[..., 1] += 1e6


def test_every_result_of_a_run_goes_along(place, tmp_path):
    shutil.copytree(place / "run", tmp_path / "run")
    result = json.loads((tmp_path / "run" / "result-test.json").read_text())
    result["scores"]["seen"] = result["scores"]["all"]
    (tmp_path / "run" / "result-dev.json").write_text(json.dumps(result))
    scores = foreword.keep(foreword.open_run(tmp_path / "run"), "tiny", tmp_path / "store").scores
    assert [score.signature.split("group:")[1].split("|")[0] for score in scores] == ["all", "seen", "all"]
