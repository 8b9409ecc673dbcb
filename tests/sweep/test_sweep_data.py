"""What a sweep needs is asked for before anything is trained: data, enough of it, packages; and what is done is of that data."""

import json
import shutil

import pytest
from tests.sweep.swept import plan_of
from tests.tiny_runs import TEXTS, data_folder

from foreword.catalogue import PACKAGED, Packaged
from foreword.errors import BadRecipe, MissingTool, RunError, UnsupportedBackbone
from foreword.report import read_results
from foreword.sweep import read_sweep, running
from foreword.sweep.running import run_sweep

SIZES = """
[sweep]
seeds = [0, 1]
[sweep.grid]
task.train_size = [3, 6, 8, 9]
task.subset_seed = [0, 1]
method.prefix_len = [2, 3]
[sweep.grid.data.here]
task = { dev_split = "train", dev_size = 2 }
[sweep.grid.data.elsewhere.task]
path = "nowhere"
"""


def test_too_little_data_is_told_once_for_each_size_before_anything_is_trained(house, tmp_path):
    """There are seven pairs. Data that is not there at all is for its own runs to tell."""
    (tmp_path / "sizes.toml").write_text((house / "sweep.toml").read_text().split("[sweep]")[0] + SIZES)
    out = tmp_path / "out"
    with pytest.raises(BadRecipe) as told:
        run_sweep(read_sweep(tmp_path / "sizes.toml", out), out, processes=1)
    at, most = (
        "subset_seed=0-prefix_len=2-here-seed=0: task",
        "task.train_size must be at most 7, the pairs in the train data",
    )
    assert str(told.value).splitlines() == [
        f"train_size=6-{at}.dev_split: beside the 6 of 7 training pairs that are trained on there are 1 examples of other sources, "
        "and task.dev_size is 2. Ask for fewer.",
        *(f"train_size={size}-{at.removesuffix('task')}{most}; got {size}." for size in (8, 9)),
    ]
    assert not out.exists()


def test_what_is_done_needs_no_data_any_more(house, whole, monkeypatch):
    asked = []
    monkeypatch.setattr(running, "check_data", asked.extend)
    run_sweep(plan_of(house, whole), whole)
    assert asked == []


def test_a_package_that_is_missing_is_told_once_before_anything_is_written(house, tmp_path, monkeypatch):
    """Whatever of the runs asks for it; planning needs none."""
    absent = Packaged("a_package_that_nobody_has", "model", "minilm", "")
    monkeypatch.setitem(PACKAGED, "minilm", absent)
    grid = '[sweep]\n[sweep.grid]\nbackbone.name = ["scribe", "minilm"]\n'
    (tmp_path / "two.toml").write_text((house / "sweep.toml").read_text().split("[sweep]")[0] + grid)
    plan = read_sweep(tmp_path / "two.toml", tmp_path / "out")
    with pytest.raises(
        UnsupportedBackbone, match=r"backbone 'minilm' comes in a package of its own.*pip install 'foreword\[minilm\]'"
    ):
        run_sweep(plan, tmp_path / "out")
    monkeypatch.setenv("PATH", "")
    plan = plan_of(house, tmp_path / "out", 'train.dev_metrics=["meteor"]')
    with pytest.raises(MissingTool, match=r"train\.dev_metrics asks for meteor, which cannot be counted here"):
        run_sweep(plan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_data_without_what_is_scored_on_is_told_before_anything_is_trained(house, tmp_path):
    data = data_folder(tmp_path / "data")
    (data / "test.jsonl").unlink()
    plan = plan_of(house, tmp_path / "out", f"task.path={data}")
    with pytest.raises(
        BadRecipe,
        match=r"plain-seed=0: task 'jsonl' has no test data in .*, which eval\.split asks for; it has train, dev\.",
    ):
        run_sweep(plan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_was_done_on_other_data_is_not_taken_for_this(house, whole, tmp_path):
    """The settings do not say which data it was: that lies now here, now there."""
    shutil.copytree(whole, tmp_path / "out")
    said = []
    moved = plan_of(house, tmp_path / "out", f"task.path={data_folder(tmp_path / 'moved')}")
    run_sweep(moved, tmp_path / "out", say=said.append)
    assert said == [f"7 runs, 7 of them done; they are written to {tmp_path / 'out'}"]
    gone = plan_of(house, tmp_path / "out", f"task.path={tmp_path / 'gone'}")
    run_sweep(gone, tmp_path / "out", say=said.append)
    assert said == said[:1] * 2
    other = data_folder(tmp_path / "other", [(source, text[::-1]) for source, text in TEXTS])
    with pytest.raises(
        RunError, match=r"result-test\.json was scored on other data than lies in .*other now\. Choose another"
    ):
        run_sweep(plan_of(house, tmp_path / "out", f"task.path={other}"), tmp_path / "out")


@pytest.mark.parametrize("what", ["scored", "trained"])
def test_a_report_is_of_one_data_set(house, whole, tmp_path, what):
    """Files that were changed while a sweep stood still part its runs."""
    shutil.copytree(whole, tmp_path / "out")
    run = tmp_path / "out" / "runs" / "on-seed=1"
    path = run / ("result-test.json" if what == "scored" else "run.json")
    record = json.loads(path.read_text())
    if what == "scored":
        record["signature"] = record["signature"].replace(record["data"]["hash"][:12], "0" * 12)
        record["data"]["hash"] = "0" * 64
    else:
        record["data_hash"] = "0" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(
        RunError, match=rf"on-seed=1 was {what} on other data than plain-seed=0, though both have it from "
    ):
        read_results(tmp_path / "out")
