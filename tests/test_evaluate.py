"""Scores of a split, and a result file that says what they are scores of."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, model_folder, tiny_recipe

import foreword
from foreword import provenance
from foreword.errors import BadRecipe, RunError, UnknownName
from foreword.evaluate import Result, evaluate, settings_hash, signature
from foreword.generation import Decoding


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    data_folder(folder / "data", group=True)
    train = {"lr": 0.05, "max_steps": 80, "eval_every": 80, "save_every": 0, "seed": 3}
    recipe = tiny_recipe(
        model_folder(folder / "model"), folder / "data", train=train, eval={"metrics": ["chrf", "ter"]}
    )
    foreword.train(recipe, folder / "run").evaluate()
    return folder


def test_a_result_says_everything_that_its_scores_are_of(place):
    tuned = foreword.open_run(place / "run")
    content = json.loads((place / "run" / "result-test.json").read_text())
    pairs = "".join(json.dumps(pair) + "\n" for pair in TEXTS[:4])
    data_hash = hashlib.sha256(pairs.encode()).hexdigest()
    references = json.dumps([[[t], "seen" if i % 2 else "unseen", ""] for i, (_, t) in enumerate(TEXTS[:4])])
    references_hash = hashlib.sha256(references.encode()).hexdigest()
    told = {"task": "jsonl", "split": "test", "hash": data_hash, "references_hash": references_hash, "num_examples": 4}
    assert content["data"] == told
    assert content["backbone"]["fingerprint"] == tuned.backbone.fingerprint
    assert content["method"]["name"] == "prefix-tuning"
    assert content["recipe"] == tuned.recipe.to_dict()
    assert content["versions"]["torch"]
    assert content["versions"]["foreword"] == provenance.versions()["foreword"]
    assert content["machine"]["device"] == "cpu"
    assert content["machine"]["threads"] == torch.get_num_threads()
    assert content["code_commit"] == provenance.code_commit()
    signed = dict(part.split(":", 1) for part in content["signature"].split("|"))
    assert signed | {"code": "", "settings": ""} == {
        "task": "jsonl",
        "split": "test",
        "n": "4",
        "data": data_hash[:12],
        "backbone": str(place / "model"),
        "weights": tuned.backbone.fingerprint[:12],
        "dtype": "float32",
        "method": "prefix-tuning",
        "prefix_len": "3",
        "mlp_dim": "8",
        "init": "random",
        "dropout": "0.0",
        "seed": "3",
        "decoding": "greedy",
        "beams": "1",
        "settings": "",
        "code": "",
        "v": provenance.versions()["foreword"],
    }
    assert signed["code"]
    assert len(signed["settings"]) == 12


def test_a_signature_names_what_the_method_was_told_and_stays_one_line_of_fields(place):
    tuned = foreword.open_run(place / "run")
    content = json.loads((place / "run" / "result-test.json").read_text())
    told = {"name": "prefix-tuning", "init": "words", "init_words": "red | blue", "init_prefix": ""}
    recipe = content["recipe"] | {"method": told}
    result = Result({}, [], [], 0, 0.0)
    line = signature(result, tuned.backbone, tuned.task, "test", recipe, content["method"], "")
    assert "|method:prefix-tuning|init:words|init_words:red / blue|seed:" in line


def test_scores_under_other_settings_stand_beside_the_runs_own(place):
    """The bug: `eval --set` wrote over the result that the run's own recipe had given."""
    own = (place / "run" / "result-test.json").read_bytes()
    other = foreword.open_run(place / "run", ["generate.max_new_tokens=3"])
    result = other.evaluate("test")
    assert (place / "run" / "result-test.json").read_bytes() == own
    settings = dict(p.split(":", 1) for p in other.record("test", result)["signature"].split("|"))["settings"]
    assert json.loads((place / "run" / f"result-test-{settings}.json").read_text())["recipe"] == other.recipe.to_dict()
    assert len((place / "run" / f"texts-test-{settings}.txt").read_text().splitlines()) == 4


def test_where_a_model_lies_and_what_computes_it_is_no_other_setting(place, tmp_path):
    moved = shutil.copytree(place / "model", tmp_path / "moved")
    tuned = foreword.open_run(place / "run", [f"backbone.name={moved}", "backbone.threads=1", "backbone.device=cpu"])
    assert tuned.backbone.name == str(moved)
    assert tuned.result_path("test").name == "result-test.json"
    assert tuned.generate(["a1"]) == foreword.open_run(place / "run").generate(["a1"])
    recipe = tuned.recipe.to_dict()
    elsewhere = {**recipe["task"], "path": "elsewhere", "train": "a.jsonl", "dev": "b.jsonl", "test": "c.jsonl"}
    pinned = {**recipe["backbone"], "revision": "f" * 40}
    assert settings_hash({**recipe, "task": elsewhere, "backbone": pinned}) == settings_hash(recipe)
    assert settings_hash({**recipe, "task": {**elsewhere, "max_source_len": 9}}) != settings_hash(recipe)


def test_a_preset_given_to_generate_fills_in_as_in_a_recipe(place):
    """The bug: the run's own values, all of them written down, drowned what the preset would have set."""
    tuned = foreword.open_run(place / "run")
    assert tuned.recipe.generate.beams == 1
    told = ["generate.preset=li-liang", "generate.batch_size=2"]
    expected = foreword.open_run(place / "run", told).generate(["a1", "b2"])
    greedy = tuned.generate(["a1", "b2"])
    assert tuned.generate(["a1", "b2"], preset="li-liang", batch_size=2) == expected != greedy


def test_what_was_trained_cannot_be_set_later(place):
    with pytest.raises(
        BadRecipe, match=r"--set backbone\.dtype=bfloat16 would change what was trained; here generate\., "
    ):
        foreword.open_run(place / "run", ["backbone.dtype=bfloat16"])


def test_progress_is_told_after_each_batch(place):
    told: list[tuple[int, int]] = []
    tuned = foreword.open_run(place / "run", ["generate.batch_size=3"])
    tuned.evaluate("test", progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 4), (4, 4)]


def test_any_other_setting_gives_another_signature(place):
    tuned = foreword.open_run(place / "run")
    result = tuned.evaluate("dev")
    first = tuned.record("dev", result)["signature"]
    assert tuned.record("dev", result)["signature"] == first
    changed = tuned.recipe.generate.model_copy(update={"length_penalty": 2.0})
    tuned.recipe = tuned.recipe.model_copy(update={"generate": changed})
    assert tuned.record("dev", result)["signature"] != first


def test_groups_are_scored_apart_and_together(place):
    result = foreword.open_run(place / "run").evaluate("test")
    assert list(result.scores) == ["all", "unseen", "seen"]
    assert [result.scores[group].scores["chrf"].num_examples for group in result.scores] == [4, 2, 2]
    assert set(result.scores["seen"].scores) == {"chrf", "ter"}
    halves = [result.value("chrf", group) for group in ("seen", "unseen")]
    assert min(halves) <= result.value("chrf") <= max(halves)


def test_one_group_is_not_scored_twice():
    task = foreword.load_task("bulletins", voice="poet")
    examples = task.examples("test")[:3]
    result = evaluate(tiny_backbone("t5"), examples, Decoding(max_new_tokens=3), None, ["chrf"], resamples=5)
    assert list(result.scores) == ["all"]
    assert len(result.texts) == 3


def test_the_texts_stand_one_to_a_line_in_their_order(place):
    tuned = foreword.open_run(place / "run")
    result = tuned.evaluate("test")
    lines = (place / "run" / "texts-test.txt").read_text().splitlines()
    assert lines == [" ".join(text.split()) for text in result.texts]
    assert lines == tuned.generate([s for s, _ in TEXTS[:4]])


def test_a_trained_prefix_scores_above_the_untouched_backbone_which_signs_as_such(place, tmp_path):
    run = foreword.open_run(place / "run")
    plain = foreword.untouched(run.recipe, tmp_path / "plain")
    result = plain.evaluate()
    assert run.evaluate().value("chrf") > result.value("chrf")
    content = json.loads((tmp_path / "plain" / "result-test.json").read_text())
    assert content["method"] == {
        "name": "untouched",
        "trained_parameters": 0,
        "stored_parameters": 0,
        "share_of_backbone": 0.0,
    }
    signed = dict(part.split(":", 1) for part in content["signature"].split("|"))
    assert signed["method"] == "untouched"
    assert not {"prefix_len", "mlp_dim", "init", "seed"} & set(signed), "nothing of a training that never was"


def test_the_untouched_results_never_go_into_a_run(place):
    """The bug: they took the place of the run's own, and went into the store as the prefix's scores."""
    with pytest.raises(RunError, match=r"holds a run\. Choose another --out for the untouched backbone's results"):
        foreword.untouched(foreword.open_run(place / "run").recipe, place / "run")


def test_an_unknown_metric_or_split_is_told_before_anything_is_written(place, monkeypatch):
    tuned = foreword.open_run(place / "run")
    monkeypatch.setattr("foreword.evaluate.answers", lambda *_: pytest.fail("texts were generated"))
    with pytest.raises(UnknownName, match=r"unknown split of task 'jsonl' 'tset'\. Did you mean 'test'\?"):
        tuned.evaluate("tset")
    with pytest.raises(UnknownName, match="unknown metric 'blue'"):
        evaluate(tuned.backbone, tuned.task.examples("test"), Decoding(), None, ["blue"])


def test_a_metric_whose_tool_is_missing_is_skipped_with_its_reason(place, monkeypatch):
    tuned = foreword.open_run(place / "run")
    scored = tuned.recipe.eval.model_copy(update={"metrics": ("chrf", "meteor")})
    tuned.recipe = tuned.recipe.model_copy(update={"eval": scored})
    monkeypatch.setenv("PATH", "")
    result = tuned.evaluate("dev")
    content = tuned.record("dev", result)
    assert list(content["scores"]["all"]) == ["chrf"]
    assert "Java" in content["skipped"]["meteor"]


def test_outside_a_checkout_there_is_no_commit(monkeypatch, tmp_path):
    assert provenance.git(tmp_path, "rev-parse", "HEAD") == ""
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    assert provenance.code_commit() == ""


@pytest.mark.parametrize(("changes", "mark"), [(" M src/foreword/x.py", "abc+changes"), ("", "abc")])
def test_a_commit_is_marked_where_files_differ_from_it(monkeypatch, tmp_path, changes, mark):
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "src" / "foreword" / "provenance.py"))
    monkeypatch.setattr(provenance, "git", lambda root, verb, *_: "abc" if verb == "rev-parse" else changes)
    assert provenance.code_commit() == mark
