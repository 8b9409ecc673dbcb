"""Runs side by side, made from their result files."""

import json
import shutil

import pytest
from tests.processes import run_foreword
from tests.tiny_runs import data_folder, model_folder, tiny_recipe

import foreword
from foreword.errors import RunError
from foreword.recipe import Recipe
from foreword.table import counted, markdown, rows_of


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Two seeds of a prefix, one of a longer prefix, one of prompt tuning, and the untouched model."""
    folder = tmp_path_factory.mktemp("runs")
    model, data = model_folder(folder / "model"), data_folder(folder / "data")
    ways = {
        "p0": ({"prefix_len": 2, "mlp_dim": 0}, 0),
        "p1": ({"prefix_len": 2, "mlp_dim": 0}, 1),
        "long": ({"prefix_len": 4, "mlp_dim": 0}, 0),
        "prompt": ({"name": "prompt-tuning", "prompt_len": 3}, 0),
    }
    for name, (method, seed) in ways.items():
        recipe = tiny_recipe(model, data, method=method, train={"max_steps": 2, "seed": seed})
        foreword.train(recipe, folder / name, f"foreword train tiny --set a.b='{name}|'").evaluate("test")
    foreword.untouched(recipe, folder / "untouched").evaluate("test")
    return folder


def test_seeds_stand_together_and_only_what_differs_is_named(place):
    rows = rows_of([place / name for name in ("untouched", "p0", "p1", "long")], "test")
    assert [(row.name, dict(row.settings), len(row.runs)) for row in rows] == [
        ("untouched", {}, 1),
        ("prefix-tuning", {"method.prefix_len": 2}, 2),
        ("prefix-tuning", {"method.prefix_len": 4}, 1),
    ]
    assert (rows[0].trained, rows[0].train_s) == ([0], [])
    beside = rows_of([place / name for name in ("p0", "p1", "prompt")], "test")
    assert [dict(row.settings) for row in beside] == [{}, {}], "methods' names tell them apart"
    assert [dict(row.settings) for row in rows_of([place / "p0", place / "p1"], "test")] == [{}]


def test_how_it_was_trained_is_named_only_where_rows_would_read_alike(place, tmp_path):
    slow, long = place / "p0", place / "long"
    fast = tmp_path / "fast"
    shutil.copytree(place / "p1", fast)
    result = json.loads((fast / "result-test.json").read_text())
    result["recipe"]["train"]["lr"] = 0.5
    (fast / "result-test.json").write_text(json.dumps(result))
    result = json.loads((long / "result-test.json").read_text())
    result["recipe"]["train"]["eval_every"] = 7  # the method's rows differ in it, and these two do not
    longer = shutil.copytree(long, tmp_path / "long")
    (longer / "result-test.json").write_text(json.dumps(result))
    names = [line.split(" | ")[0] for line in markdown(rows_of([slow, fast, longer], "test")).splitlines()[2:]]
    assert names == [
        "| prefix-tuning prefix_len=2 lr=0.01",
        "| prefix-tuning prefix_len=2 lr=0.5",
        "| prefix-tuning prefix_len=4",
    ]


def test_the_figures_are_those_of_the_files(place):
    (row,) = rows_of([place / "p0", place / "p1"], "test")
    results = [json.loads((place / name / "result-test.json").read_text()) for name in ("p0", "p1")]
    values = [result["scores"]["all"]["chrf"]["value"] for result in results]
    assert list(row.scores["chrf"]) == values
    trained = results[0]["method"]["trained_parameters"]
    assert row.trained == [trained, trained]
    share = 100 * trained / results[0]["backbone"]["num_parameters"]
    mean, spread = sum(values) / 2, abs(values[0] - values[1]) / 2**0.5
    count = f"{trained:,} ({share:.2g} %)"
    assert (
        markdown([row])
        .splitlines()[2]
        .startswith(f"| prefix-tuning | {count} | {count} | {mean:.3f} ± {spread:.3f} | 2 | ")
    )


def test_the_command_prints_it(place):
    code, out, err = run_foreword(place, "table", "p0", "prompt", "--markdown")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "| method | trained | stored | chrf | seeds | minutes | command |"
    assert "| prompt-tuning | " in out
    assert out.splitlines()[2].endswith(r"| `foreword train tiny --set a.b='p0\|'` |")
    code, out, _ = run_foreword(place, "table", "p0", "p1")
    assert code == 0
    assert json.loads(out)[0]["runs"] == ["p0", "p1"]


def test_scores_of_other_numbers_of_examples_stand_apart(place, tmp_path):
    """Else they would be averaged as seeds."""
    shutil.copytree(place / "p0", tmp_path / "few")
    result = json.loads((tmp_path / "few" / "result-test.json").read_text())
    result["recipe"]["eval"]["size"] = 1
    (tmp_path / "few" / "result-test.json").write_text(json.dumps(result))
    rows = rows_of([place / "p0", tmp_path / "few"], "test")
    assert [(dict(row.settings), len(row.runs)) for row in rows] == [({"eval.size": 0}, 1), ({"eval.size": 1}, 1)]
    result["recipe"]["task"]["name"] = "another"
    (tmp_path / "few" / "result-test.json").write_text(json.dumps(result))
    shutil.copytree(tmp_path / "few", tmp_path / "more")
    result["recipe"]["eval"]["size"] = 2
    (tmp_path / "more" / "result-test.json").write_text(json.dumps(result))
    with pytest.raises(RunError, match=r"more was scored with eval\.size=2, and another run of the same row with 1"):
        rows_of([place / "p0", tmp_path / "few", tmp_path / "more"], "test")


def test_a_run_that_is_given_twice_is_one_seed(place):
    (row,) = rows_of([place / "p0", place / ".." / place.name / "p0"], "test")
    assert len(row.runs) == 1


def test_runs_of_several_tasks_share_a_row_and_each_task_has_its_columns(place, tmp_path):
    """A head has a row for each class, so that counts differ."""
    files = {
        "classes.jsonl": '{"text": "ann", "label": "no"}\n{"text": "sells", "label": "yes"}\n',
        "tags.txt": "ann B-X\nsells O\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    recipe = tiny_recipe(
        place / "model", place / "data", method={"prefix_len": 2, "mlp_dim": 0, "head": True}
    ).to_dict()
    folders = []
    for name, file, classes, seed in (
        ("classes", "classes.jsonl", "no, yes", 0),
        ("classes", "classes.jsonl", "no, yes", 1),
        ("tags", "tags.txt", "O, B-X, I-X", 0),
    ):
        task = {
            "name": name,
            "classes": classes,
            "max_target_len": 16,
            **dict.fromkeys(("train", "test"), str(tmp_path / file)),
        }
        given = recipe | {"task": task, "train": {"max_steps": 1, "seed": seed}, "eval": {"resamples": 20}}
        folders.append(tmp_path / f"{name}-{seed}")
        foreword.train(Recipe.from_dict(given), folders[-1], f"foreword train {name}").evaluate("test")
    (row,) = rows_of(folders, "test", ["accuracy", "tag-accuracy"])
    assert {name: len(values) for name, values in row.scores.items()} == {"classes accuracy": 2, "tags tag-accuracy": 1}
    assert row.trained[0] == row.trained[1] < row.trained[2]
    assert row.commands == ["foreword train classes", "foreword train tags"], "one for each task"
    assert f"| {row.trained[0]:,} to {row.trained[2]:,} (" in markdown([row])
    with pytest.raises(RunError, match=r"no run was scored by bleu\. Leave --metrics out to see what there is\."):
        rows_of(folders, "test", ["bleu"])


def test_what_trained_a_row_can_be_left_out(place):
    rows = rows_of([place / "p0", place / "long"], "test")
    whole, without = (markdown(rows, commands).splitlines() for commands in (True, False))
    assert [line.rsplit(" | ", 1)[0] for line in whole] == [line.removesuffix(" |") for line in without]
    printed = run_foreword(place, "table", "p0", "long", "--markdown", "--no-commands")
    assert printed == (0, "".join(f"{line}\n" for line in without), "")


def test_a_run_without_a_result_is_told(place):
    with pytest.raises(RunError, match=r"p0 has no result-dev\.json\. `foreword eval .*p0 --split dev` writes it"):
        rows_of([place / "p0"], "dev")


def test_a_share_is_of_the_backbone_that_it_was_trained_on():
    """A row of a sweep may go across backbones; of two fine-tuned ones each was trained to 100 %."""
    assert counted([200, 100], [200, 100]) == "100 to 200 (100 %)"
    assert counted([30, 20], [1000, 100]) == "20 to 30 (20 %)"
    assert counted([5], [1000]) == "5 (0.5 %)"
    assert counted([0, 0], [7, 9]) == "0"
