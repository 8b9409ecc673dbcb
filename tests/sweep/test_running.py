"""Running a sweep: what is done is not done again, killed at any moment it ends in the same figures, one failure stops nobody."""

import json
import random
import shutil
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.processes import begun, command_line, kill
from tests.sweep.swept import NAMES, plan_of

from foreword.errors import RunError
from foreword.report import read_results, write_report
from foreword.sweep import Journal, Plan, read_sweep, running
from foreword.sweep.crews import Crew
from foreword.sweep.points import is_done
from foreword.sweep.running import run_sweep, settled


def scores(out: Path, names: Sequence[str] = NAMES) -> dict[str, object]:
    """The runs' scores, and the losses of what was kept."""
    found = {}
    for name in names:
        folder = out / "runs" / name
        run = json.loads((folder / "run.json").read_text())["losses"] if (folder / "run.json").is_file() else None
        found[name] = (json.loads((folder / "result-test.json").read_text())["scores"], run)
    return found


def tables(out: Path) -> list[str]:
    """The lines of the report's table, without the minutes."""
    write_report(read_results(out))
    report = (out / "report.md").read_text().splitlines()
    return [line.rsplit("|", 2)[0] for line in report if line.startswith("|")]


def test_two_processes_give_the_same_tables_as_one(house, whole, tmp_path):
    ended = run_sweep(plan_of(house, tmp_path), tmp_path, processes=2)
    assert not ended.failed
    assert scores(tmp_path) == scores(whole)
    assert tables(tmp_path) == tables(whole)


def test_what_is_done_is_not_done_again(house, whole):
    at = whole / "runs" / "plain-seed=0" / "result-test.json"
    before, said = at.stat().st_mtime_ns, []
    ended = run_sweep(plan_of(house, whole), whole, processes=1, say=said.append)
    assert (at.stat().st_mtime_ns, len(ended.done)) == (before, 7)
    assert said == [f"7 runs, 7 of them done; they are written to {whole}"]


def test_a_run_that_is_done_keeps_what_it_trained_and_not_what_it_would_have_gone_on_from(whole):
    """A hundred runs would fill the disk with optimizers' states."""
    for name in ("before-first", "plain-seed=0", "on-seed=1"):
        kept = {path.name for path in (whole / "runs" / name).glob("*.safetensors")}
        assert {name for name in kept if not name.startswith("resamples")} == {"method.safetensors"}


def test_one_precision_is_settled_for_the_runs_that_leave_it_open_and_kept(house, tmp_path, monkeypatch):
    """What is faster here may be another by the next start; a run of another precision would be another run."""
    (tmp_path / "open.toml").write_text(
        (house / "sweep.toml").read_text().split("[sweep]")[0]
        + '[sweep]\n[sweep.grid]\nbackbone.dtype = ["float32", "auto"]\n'
    )
    for faster in ("bfloat16", "float32"):
        monkeypatch.setattr("foreword.assembly.choose_dtype", lambda *_, faster=faster: faster)
        points, dtype = settled(read_sweep(tmp_path / "open.toml", tmp_path).points, tmp_path)
        assert (dtype, [point.recipe.backbone.dtype for point in points]) == ("bfloat16", ["float32", "bfloat16"])
        (tmp_path / "sweep.json").write_text(json.dumps({"dtype": dtype}))


def test_results_are_enough_to_know_what_is_done(house, whole, tmp_path):
    """A folder that was passed on has neither journal nor weights; only what is missing is made, and what that starts from."""
    for path in whole.rglob("*"):
        if path.name in ("result-test.json", "run.json", "sweep.json"):
            target = tmp_path / "passed" / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.rmtree(tmp_path / "passed" / "runs" / "on-seed=1")
    said = []
    ended = run_sweep(plan_of(house, tmp_path / "passed"), tmp_path / "passed", processes=1, say=said.append)
    assert not ended.failed
    assert [line.split("  ")[0] for line in said[1:]] == ["[1/2] before-first", "[2/2] on-seed=1"]
    assert scores(tmp_path / "passed") == scores(whole)


def test_a_run_whose_result_is_gone_is_scored_again_and_not_trained_again(house, whole, tmp_path):
    shutil.copytree(whole, tmp_path / "out")
    run = tmp_path / "out" / "runs" / "plain-seed=0"
    before = (run / "method.safetensors").stat().st_mtime_ns, (run / "run.json").read_text()
    (run / "result-test.json").unlink()
    assert not run_sweep(plan_of(house, tmp_path / "out"), tmp_path / "out", processes=1).failed
    assert ((run / "method.safetensors").stat().st_mtime_ns, (run / "run.json").read_text()) == before
    assert scores(tmp_path / "out") == scores(whole)


def test_a_run_that_is_trained_again_from_its_beginning_has_a_record_of_that(house, whole, tmp_path):
    """Not that of weights that are gone."""
    shutil.copytree(whole, tmp_path / "out")
    run = tmp_path / "out" / "runs" / "plain-seed=0"
    (run / "method.safetensors").unlink()
    (run / "result-test.json").unlink()
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "code_commit": "of long ago"}))
    assert not run_sweep(plan_of(house, tmp_path / "out"), tmp_path / "out", processes=1).failed
    assert json.loads((run / "run.json").read_text())["code_commit"] == record["code_commit"]
    assert scores(tmp_path / "out") == scores(whole)


def test_what_was_trained_is_not_scored_for_other_settings(house, whole, tmp_path):
    shutil.copytree(whole / "runs" / "plain-seed=0", tmp_path / "runs" / "plain-seed=0")
    (tmp_path / "runs" / "plain-seed=0" / "result-test.json").unlink()
    ended = run_sweep(plan_of(house, tmp_path, "train.weight_decay=0.5"), tmp_path, processes=1)
    told = "is of other settings than the sweep asks for there (it differs in train.weight_decay)"
    assert told in ended.failed["plain-seed=0"]


def test_a_vote_of_other_runs_is_held_again(house, whole, tmp_path):
    """Its settings are those of its first run, whoever else votes."""
    shutil.copytree(whole, tmp_path / "out")
    (tmp_path / "sweep.toml").write_text(
        (house / "sweep.toml").read_text().replace("seeds = [0, 1]", "seeds = [0, 1, 2]")
    )
    said = []
    ended = run_sweep(
        read_sweep(tmp_path / "sweep.toml", tmp_path / "out"), tmp_path / "out", processes=1, say=said.append
    )
    assert not ended.failed
    assert [line.split("  ")[0].split("] ")[1] for line in said[1:]] == ["plain-seed=2", "on-seed=2", "vote"]
    voted = json.loads((tmp_path / "out" / "runs" / "vote" / "result-test.json").read_text())["method"]["runs"]
    assert [Path(run).name for run in voted] == ["plain-seed=0", "plain-seed=1", "plain-seed=2"]


def test_killed_at_random_moments_it_ends_in_the_same_tables(house, whole, tmp_path):
    """kill -9 of the one that drives, three times, at whatever it is doing then; its processes die with it."""
    out, chance = tmp_path / "killed", random.Random(0)
    arguments = ["sweep", str(house / "sweep.toml"), "--out", str(out), "--processes", "2"]
    at_work_s = max(when(whole, "result-*.json")) - min(when(whole, "recipe.json"))
    for _ in range(3):
        since = time.time()
        driver = begun(command_line, arguments, tmp_path / "said", house)
        while driver.is_alive() and max(when(out, "output.log"), default=0.0) < since:  # it loads libraries first
            time.sleep(0.02)
        time.sleep(chance.uniform(0, at_work_s))
        kill(driver)
    last = run_sweep(plan_of(house, out), out, processes=1)
    assert not last.failed
    assert scores(out) == scores(whole)
    assert tables(out) == tables(whole)


def when(out: Path, pattern: str) -> list[float]:
    """When files of a sweep's runs were written, in seconds."""
    return [path.stat().st_mtime for path in out.glob(f"runs/*/{pattern}")]


def test_a_run_that_left_its_result_elsewhere_has_failed(house, tmp_path, monkeypatch):
    """As one on another machine does, whose disk this is not."""
    monkeypatch.setattr(running, "crew_of", lambda *_: Elsewhere())
    ended = run_sweep(plan_of(house, tmp_path), tmp_path)
    told = f"its result is not in {tmp_path}: the folder must lie on a disk that all machines share"
    assert {ended.failed[name] for name in ("plain-seed=0", "untouched")} == {told}


class Elsewhere(Crew):
    size = 1

    def start(self, point):
        self.name = point.name

    def wait(self):
        return self.name, ""

    def stop(self):
        pass


def test_what_is_left_out_for_want_of_data_is_told(house, tmp_path):
    grid = '[sweep]\noptional = { data = ["more"] }\n[sweep.grid.data]\nhere.task.dev_size = 2\nmore.task.path = "nowhere"\n'
    (tmp_path / "two.toml").write_text((house / "sweep.toml").read_text().split("[sweep]")[0] + grid)
    said = []
    assert not run_sweep(read_sweep(tmp_path / "two.toml", tmp_path / "out"), tmp_path / "out", say=said.append).failed
    assert said[0] == "note: data more is left out: there is nothing to train on in nowhere"


def test_one_failure_stops_nobody_but_those_that_need_it(house, tmp_path):
    (tmp_path / "sweep.toml").write_text(
        (house / "sweep.toml")
        .read_text()
        .replace("train.max_steps = 3", "method.prefix_len = 900")
        .replace("seeds = [0, 1]", "")
    )
    text = (tmp_path / "sweep.toml").read_text()
    (tmp_path / "sweep.toml").write_text(text[: text.index("[sweep.vote]")])
    said = []
    ended = run_sweep(
        read_sweep(tmp_path / "sweep.toml", tmp_path / "out"), tmp_path / "out", processes=1, say=said.append
    )
    assert sorted(ended.done) == ["plain-seed=0", "untouched"]
    assert "positions" in ended.failed["before-first"]
    assert ended.failed["on-seed=0"] == "what it starts from failed: before-first"
    assert any("before-first" in line and "failed: " in line for line in said)


def test_a_journal_that_is_refused_leaves_no_plan_behind(house, tmp_path):
    Journal(tmp_path / "journal.sqlite").close()
    with sqlite3.connect(tmp_path / "journal.sqlite") as db:
        db.execute("PRAGMA user_version = 7")
    db.close()
    with pytest.raises(RunError, match="is of version 7"):
        run_sweep(plan_of(house, tmp_path), tmp_path)
    assert not (tmp_path / "sweep.json").exists()


def test_results_of_other_settings_are_not_taken_for_these(house, whole):
    with pytest.raises(
        RunError, match=r"is of other settings than the sweep asks for there \(it differs in eval.resamples\)"
    ):
        run_sweep(plan_of(house, whole, "eval.resamples=30"), whole)


def test_where_data_lies_and_what_computes_it_decides_nothing(house, whole):
    for point in plan_of(house, whole, "backbone.threads=2").points:
        assert is_done(whole, point)


def test_two_sweeps_in_one_folder_do_not_meet(house, whole):
    from foreword.writing import held_alone

    with held_alone(whole, "another sweep"), pytest.raises(RunError, match="another sweep is at work in"):
        run_sweep(plan_of(house, whole), whole)


def test_a_begun_run_goes_on_in_a_folder_that_was_moved(house, tmp_path):
    """What it starts from lies there under another path, and is the same."""
    (tmp_path / "sweep.toml").write_text(
        (house / "sweep.toml").read_text().replace("seeds = [0, 1]", "").split("[sweep.vote]")[0]
    )
    plan = read_sweep(tmp_path / "sweep.toml", tmp_path / "here")
    assert not run_sweep(plan, tmp_path / "here", processes=1).failed
    shutil.move(tmp_path / "here", tmp_path / "there")
    for name in ("result-test.json", "run.json"):
        (tmp_path / "there" / "runs" / "on-seed=0" / name).unlink()
    ended = run_sweep(read_sweep(tmp_path / "sweep.toml", tmp_path / "there"), tmp_path / "there", processes=1)
    assert not ended.failed


def test_ray_runs_a_sweep_with_the_same_figures(house, whole, tmp_path, monkeypatch):
    pytest.importorskip("ray")
    monkeypatch.setenv(
        "RAY_worker_niceness", "0"
    )  # it gives way to every other process, and beside busy ones hardly runs
    plan = plan_of(house, tmp_path)
    few = Plan(
        plan.sweep, plan.axes, [point for point in plan.points if point.name in ("plain-seed=0", "untouched")], False
    )
    ended = run_sweep(few, tmp_path, ray="local")
    assert sorted(ended.done) == ["plain-seed=0", "untouched"]
    assert {name: scores(tmp_path, [name]) for name in ended.done} == {
        name: scores(whole, [name]) for name in ended.done
    }
