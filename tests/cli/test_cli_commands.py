"""Every command, on a tiny model: what it prints where, and what it leaves behind."""

import json
import os
import shutil
import sys
from importlib.metadata import version

import pytest
from tests.processes import run_foreword, told
from tests.tiny_runs import TEXTS

from foreword.catalogue import EXPERIMENTS, shipped_recipes
from foreword.cli import main
from foreword.tasks import load_task

KNOWN = {
    "methods": {"prefix-tuning", "full-finetuning"},
    "tasks": {"bulletins", "csv", "dart", "e2e", "hub", "jsonl", "webnlg"},
    "metrics": {"bleu", "nist", "meteor", "rouge-l", "cider", "ter", "chrf"},
    "recipes": {"embedded/demo", "embedded/e2e", "embedded/webnlg", "paper/e2e-gpt2-medium-prefix"},
    "backbones": {"editor", "reader", "scribe", "minilm"},
}


@pytest.mark.parametrize("what", KNOWN)
def test_list_gives_names_with_a_line_each(place, what):
    code, out, err = run_foreword(place, "list", what)
    listed = json.loads(out)
    assert (code, err) == (0, "")
    assert all(listed.values()), "each says what it is"
    assert KNOWN[what] <= set(listed)


def test_list_settings_gives_every_setting_with_its_default_and_meaning(place):
    code, out, err = run_foreword(place, "list", "settings")
    assert (code, err) == (0, "")
    listed = json.loads(out)
    assert listed["method.prefix_len"] == {
        "default": 10,
        "meaning": "trained positions per layer (P) (of prefix-tuning)",
    }
    assert listed["method.prefix_len (infix-tuning)"]["default"] == 0
    assert listed["method.name"]["default"] == "prefix-tuning"
    assert listed["method.mlp_dim"]["meaning"].endswith("(of prefix-tuning, infix-tuning)")
    assert listed["task.voice"]["meaning"].endswith("captain or poet (of bulletins)")
    assert listed["task.train"]["meaning"].endswith("rte, sst2, tags, webnlg; hub: 'train')")
    assert all(setting["meaning"] for setting in listed.values())
    _, shown, _ = run_foreword(place, "check", "tiny.toml")
    resolved = {f"{section}.{key}" for section, keys in json.loads(shown).items() for key in keys}
    assert resolved <= set(listed)


def test_the_version_is_told(place):
    assert run_foreword(place, "--version") == (0, f"{version('foreword')}\n", "")


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_recipe_that_ships_is_found_right(name, capsys, monkeypatch):
    for way in (name, str(shipped_recipes()[name])):
        monkeypatch.setattr(sys, "argv", ["foreword", "check", way])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 0
        shown = json.loads(capsys.readouterr().out)
        runs = shown.values() if name.startswith(EXPERIMENTS) else [{"method.name": shown["method"]["name"]}]
        assert all(run["method.name"] for run in runs)


def test_check_shows_every_setting_with_overrides_in_place(place):
    code, out, err = run_foreword(
        place, "check", "tiny.toml", "--set", "method.prefix_len=7", "--set", "generate.preset=lora"
    )
    resolved = json.loads(out)
    assert (code, err) == (0, "")
    assert resolved["method"]["prefix_len"] == 7
    assert resolved["generate"]["beams"] == 10
    assert set(resolved) == {"backbone", "task", "method", "train", "generate", "eval"}


def test_train_shows_progress_on_stderr_and_facts_on_stdout(place):
    code, out, err = run_foreword(
        place, "train", "tiny.toml", "--out", "seeded", "--seed", "4", "--set", "train.max_steps=4"
    )
    assert code == 0
    facts = json.loads(out)
    assert facts["run"] == "seeded"
    assert facts["name"] == "prefix-tuning"
    assert "step 4/4  loss" in err
    assert "dev loss" in err
    assert "Loading weights" not in err, "the libraries' own bars stand between ours"
    assert json.loads((place / "seeded" / "recipe.json").read_text())["train"]["seed"] == 4
    run = json.loads((place / "seeded" / "run.json").read_text())
    assert run["command"] == "foreword train tiny.toml --set train.max_steps=4"


def test_eval_prints_the_scores_and_writes_them(place):
    code, out, err = run_foreword(place, "eval", "run", "--split", "dev")
    assert (code, err) == (0, "written to run/result-dev.json\n")
    assert json.loads(out) == json.loads((place / "run" / "result-dev.json").read_text())
    assert len((place / "run" / "texts-dev.txt").read_text().splitlines()) == 3
    code, out, err = run_foreword(place, "eval", "run", "--split", "dev", "--set", "eval.size=2")
    assert json.loads(out)["data"]["num_examples"] == 2
    assert (place / err.removeprefix("written to ").strip()).is_file()
    assert "run/result-dev.json" not in err


def test_eval_says_what_was_cut_and_skipped(place):
    code, out, err = run_foreword(place, "eval", "run", "--set", "task.max_source_len=2")
    assert code == 0
    assert "note: 4 of 4 sources were too long and were cut." in err
    short = ("--set", "task.max_source_len=3")
    assert "note: 1 of 2 sources were too long" in run_foreword(place, "generate", "run", "a", "a1b", *short)[2]
    assert json.loads(out)["num_cut_sources"] == 4


def test_nothing_scored_is_no_success(place):
    code, out, err = run_foreword(place, "eval", "run", "--set", 'eval.metrics=["meteor"]', path="")
    assert code == 2
    assert "note: meteor was not scored: " in err
    assert "foreword: none of the metrics could be scored. Install what the notes name" in err
    (place / "hyp.txt").write_text("a text\n")
    code, out, err = run_foreword(place, "score", "hyp.txt", "--references", "hyp.txt", "--metrics", "meteor", path="")
    assert (code, json.loads(out)) == (2, {})
    assert "none of the metrics could be scored" in err


def test_eval_of_the_untouched_backbone(place):
    code, out, _ = run_foreword(place, "eval", "tiny.toml", "--untouched", "--out", "plain")
    assert code == 0
    assert json.loads(out)["method"]["name"] == "untouched"
    assert (place / "plain" / "result-test.json").is_file()


def test_vote_scores_the_answers_of_several_runs(place):
    assert run_foreword(place, "train", "tiny.toml", "--seed", "1", "--out", "second")[0] == 0
    code, out, err = run_foreword(place, "vote", "run", "second", "--split", "dev", "--out", "vote")
    assert (code, err) == (0, "written to vote/result-dev.json\n")
    assert json.loads(out)["method"]["runs"] == ["run", "second"]
    code, _, err = run_foreword(place, "vote", "run", "--out", "vote")
    assert (code, err) == (2, "foreword: a vote needs at least two runs, got 1. Give their folders.\n")


def test_eval_and_generate_take_a_stored_prefix(place):
    code, out, _ = run_foreword(place, "eval", "store/first@1")
    assert code == 0
    assert json.loads(out)["method"]["name"] == "prefix-tuning"
    from_store = run_foreword(place, "generate", "store/first", "a1", "b2")
    assert from_store[0] == 0
    assert from_store[1] == run_foreword(place, "generate", "run", "a1", "b2")[1]
    for name in ("first", "first@1"):  # of the store in this folder
        assert run_foreword(place, "generate", name, "a1", "b2") == from_store


def test_generate_answers_each_source_on_a_line_of_its_own(place):
    code, out, err = run_foreword(place, "generate", "run", "--input", "texts.txt")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(TEXTS)
    assert run_foreword(place, "generate", "run", *[s for s, _ in TEXTS])[1] == out
    code, lines, _ = run_foreword(place, "generate", "run", "--input", "texts.txt", "--records")
    told = [json.loads(line) for line in lines.splitlines()]
    assert [record["source"] for record in told] == [s for s, _ in TEXTS]
    assert [" ".join(record["references"][0].split()) for record in told] == out.splitlines()
    (place / "made").mkdir()
    said = [line for line in lines.splitlines() if json.loads(line)["references"][0].strip()]
    (place / "made" / "train.jsonl").write_text("\n".join(said), encoding="utf-8")
    assert len(load_task("jsonl", place / "made").pairs("train")) == len(said) > 0, "another can be trained on them"
    one = run_foreword(
        place, "generate", "run", "a1", "--set", "generate.max_new_tokens=2", "--set", "generate.min_new_tokens=2"
    )
    assert len(one[1].strip()) <= 2


def test_generate_reads_stdin(place, monkeypatch, capsys):
    read, write = os.pipe()
    os.write(write, b"a1\nb2\n")
    os.close(write)
    monkeypatch.chdir(place)
    with os.fdopen(read) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        monkeypatch.setattr(sys, "argv", ["foreword", "generate", "run"])
        with pytest.raises(SystemExit) as end:
            main()
    assert end.value.code == 0
    assert capsys.readouterr().out == run_foreword(place, "generate", "run", "a1", "b2")[1]


def test_score_scores_any_systems_texts(place):
    (place / "hyp.txt").write_text("the red\none cat\n")
    (place / "ref.txt").write_text("the red\n\none dog\na dog\n")
    code, out, _ = run_foreword(
        place, "score", "hyp.txt", "--references", "ref.txt", "--metrics", "chrf, bleu", "--resamples", "10"
    )
    assert code == 0
    assert set(json.loads(out)) == {"chrf", "bleu"}
    assert json.loads(out)["chrf"]["num_examples"] == 2


def test_the_store_is_filled_shown_checked_and_emptied(place):
    code, out, _ = run_foreword(place, "store", "add", "run", "--name", "second", "--dtype", "bfloat16")
    assert code == 0
    assert json.loads(out)["reference"] == "second@1"
    assert "would change what was trained" in told(
        2, place, "store", "add", "run", "--name", "x", "--set", "train.lr=1"
    )
    moved = shutil.copytree(place / "model", place / "moved")
    code, out, _ = run_foreword(place, "store", "add", "run", "--name", "third", "--set", f"backbone.name={moved}")
    assert (code, json.loads(out)["reference"]) == (0, "third@1")
    code, out, err = run_foreword(place, "store", "list")
    assert (code, err) == (0, "")
    assert {"first", "second"} <= {prefix["name"] for prefix in json.loads(out)}
    code, out, _ = run_foreword(place, "store", "show", "second")
    assert run_foreword(place, "store", "show", "store/second@1")[1] == out
    assert json.loads(out)["dtype"] == "bfloat16"
    code, out, _ = run_foreword(place, "store", "verify", "second@1", "--run-canary")
    assert code == 0
    checks = {check["check"]: check["ok"] for check in json.loads(out)}
    assert checks == {
        "manifest": True,
        "file": True,
        "size": True,
        "sha256": True,
        "tensors": True,
        "finite": True,
        "canary": True,
    }
    stored = place / "store" / "second" / "1" / "prefix.safetensors"
    stored.chmod(0o644)
    stored.write_bytes(stored.read_bytes()[:-1])
    code, out, _ = run_foreword(place, "store", "verify", "second@1", "--run-canary")
    assert code == 1
    assert json.loads(out)[-1]["check"] == "size"
    assert "truncated" in json.loads(out)[-1]["why"]
    code, out, err = run_foreword(place, "store", "remove", "second@1")
    assert (code, out, err) == (0, "", "removed second@1\n")
    assert "second@1" in told(2, place, "store", "show", "second@1")


def test_the_demo_trains_every_voice_and_shows_them_side_by_side(place):
    sets = [
        f"backbone.name={place / 'model'}", "method.init=random", "backbone.dtype=float32", "backbone.device=cpu",
        "train.max_steps=2", "task.dev_size=2",
        "task.train_size=20", "task.max_source_len=40", "task.max_target_len=40", "generate.max_new_tokens=30",
        "eval.size=2", "eval.resamples=5", 'eval.metrics=["chrf"]',
    ]  # fmt: skip
    code, out, err = run_foreword(place, "demo", "--out", "demo", *[part for s in sets for part in ("--set", s)])
    assert code == 0, err
    shown = json.loads(out)
    assert [row["voice"] for row in shown["voices"]] == ["captain", "poet", "radio"]
    assert all(set(row["scores"]) == {"chrf"} for row in shown["voices"])
    assert all({"source", "untouched", "captain", "poet", "radio"} == set(text) for text in shown["texts"])
    assert "a prefix for the voice of the poet" in err
    assert (place / "demo" / "radio" / "run.json").is_file()
