"""`foreword sweep`, `reproduce` and `report` as a user types them."""

import json
import re
from pathlib import Path

import pytest
import typer
from tests.processes import run_foreword
from tests.test_docs import runs_told
from tests.tiny_sweeps import results_of, sweep_folder

from foreword.catalogue import PACKAGED, embedded_backbones, experiments
from foreword.cli import output, sweeps
from foreword.recipe import Recipe, read_recipe
from foreword.report.claims import judged
from foreword.sweep import read_sweep
from foreword.sweep.grid import matches
from foreword.sweep.running import Outcome

SWEEP = """
[sweep]
title = "Rates"
[sweep.grid]
train.lr = [0.01, 0.02]
[[sweep.claims]]
says = "High rates are better"
source = "nobody"
metric = "chrf"
a = { "train.lr" = "0.02" }
b = { "train.lr" = "0.01" }
"""


@pytest.fixture(scope="module")
def swept(place):
    (place / "rates.toml").write_text((place / "tiny.toml").read_text() + SWEEP)
    code, out, err = run_foreword(place, "sweep", "rates.toml", "--out", "rates", "--processes", "1")
    assert code == 0, err
    return place, out, err


def test_a_sweep_says_what_it_does_and_how_to_see_what_was_found(swept):
    _, out, err = swept
    assert out == ""
    assert "2 runs, 0 of them done; they are written to rates" in err
    assert "[2/2] lr=0.02-seed=0" in err
    assert "2 runs done, 0 failed; `foreword report rates` tells what they found." in err


def test_a_report_prints_verdicts_and_figures_as_json_in_a_pipe(swept):
    place, _, _ = swept
    code, out, err = run_foreword(place, "report", "rates")
    assert code == 0, err
    told = json.loads(out)
    [verdict] = told["claims"]
    assert (verdict["says"], verdict["verdict"]) == ("High rates are better", "cannot tell")
    assert [(figure["train.lr"], figure["metric"], figure["runs"]) for figure in told["figures"]] == [
        ("0.01", "chrf", 1),
        ("0.02", "chrf", 1),
    ]
    assert "written to rates/report.html" in err


def test_the_command_that_made_a_report_can_be_typed_again(swept):
    place, _, _ = swept
    page = (place / "rates" / "report.html").read_text()
    [command] = re.findall(r"Made by <code>foreword (.*?)</code>", page)
    assert command == "sweep rates.toml --out rates"
    code, _, err = run_foreword(place, *command.split())
    assert (code, "2 runs, 2 of them done" in err) == (0, True)


def test_on_a_terminal_a_sweep_without_claims_shows_its_figures(tmp_path, monkeypatch, capsys):
    sweep_folder(tmp_path, {"way": ("prefix", "bias"), "seed": ("0",)}, lambda at: 0.5)
    monkeypatch.setattr(output, "to_terminal", lambda: True)
    sweeps.report(tmp_path)
    shown = capsys.readouterr().out
    assert "bleu" in shown
    assert "prefix" in shown
    assert "verdict" not in shown


def test_of_an_axis_some_labels_can_be_kept(swept):
    place, _, _ = swept
    code, _, err = run_foreword(
        place, "sweep", "rates.toml", "--out", "kept", "--keep", "train.lr=0.02", "--processes", "1"
    )
    assert code == 0, err
    assert "1 runs, 0 of them done" in err
    assert json.loads((place / "kept" / "sweep.json").read_text())["command"].endswith(
        "--out kept --keep train.lr=0.02"
    )


def test_data_that_is_nowhere_is_told_once(place):
    lines = [
        'path = "gone"' if line.startswith("path = ") else line
        for line in (place / "tiny.toml").read_text().splitlines()
    ]
    (place / "gone.toml").write_text("\n".join(lines) + SWEEP)
    code, _, err = run_foreword(place, "sweep", "gone.toml", "--out", "x")
    assert (code, err.count("gone: no such folder")) == (2, 1), err
    assert not (place / "x").exists()


def test_a_report_can_look_inside_its_prefixes_too(swept):
    place, _, _ = swept
    code, _, err = run_foreword(place, "report", "rates", "--inspect")
    assert code == 0, err
    assert "looked into lr=0.01-seed=0" in err
    page = (place / "rates" / "report.html").read_text()
    for rate in ("0.01", "0.02"):
        assert f"<details><summary>{rate}</summary>" in page
        assert f"<a href='runs/lr={rate}-seed=0/inspect.html'>" in page
        assert (place / "rates" / "runs" / f"lr={rate}-seed=0" / "inspect.html").is_file()


def test_a_report_prints_itself_as_markdown(swept):
    place, _, _ = swept
    code, out, _ = run_foreword(place, "report", "rates", "--markdown")
    assert (code, out.splitlines()[0]) == (0, "# Rates")
    assert "Made by `foreword sweep rates.toml --out rates`" in out
    assert "- High rates are better: **cannot tell**." in out
    assert "| lr | chrf | trained | stored | runs | minutes |" in out.splitlines()


def test_what_is_missing_is_named_but_not_by_the_hundred(place):
    (place / "many").mkdir()
    sweep_folder(place / "many", {"seed": tuple(map(str, range(9)))}, lambda at: 0.5 if at["seed"] == "0" else None)
    code, _, err = run_foreword(place, "report", "many")
    assert code == 0
    assert "8 of 9 runs have no result; the report is of the others." in err
    assert "  1: not run yet" in err
    assert "... and 3 more; report.html names them all." in err


def test_a_failed_run_makes_exit_code_1(place):
    text = (place / "tiny.toml").read_text() + "[sweep.grid]\nmethod.prefix_len = [3, 900]\n"
    (place / "failing.toml").write_text(text)
    code, _, err = run_foreword(place, "sweep", "failing.toml", "--out", "failing", "--processes", "1")
    assert code == 1
    assert "failed: prefix_len=900-seed=0: " in err
    assert "1 runs done, 1 failed" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sweep tiny.toml --out x", "holds no [sweep]. `foreword train tiny.toml` runs it"),
        (
            "sweep rates.toml --out x --ray local --processes 2",
            "give --processes, for this machine, or --ray, not both.",
        ),
        ("train rates.toml --out x", "holds a sweep, many runs: `foreword sweep rates.toml` makes them"),
        (
            "sweep rates.toml --out rates.toml",
            "rates.toml is a file, and rates.toml has to be a folder. Choose another --out.",
        ),
        ("sweep rates.toml --out x --quick", "has no [sweep.quick]: nothing says what is left of it in minutes."),
        ("sweep rates.toml --out x --keep train.lr", "--keep wants AXIS=LABEL, got 'train.lr'."),
        ("sweep rates.toml --out x --keep rate=0.02", "unknown axis in --keep 'rate'."),
        (
            "sweep rates.toml --out x --keep train.lr=0.2",
            "unknown label of train.lr in --keep '0.2'. Did you mean '0.02'?",
        ),
        ("inspect nosuch", "nosuch is neither a run's folder nor a stored prefix"),
        ("reproduce lenght", "unknown experiment 'lenght'. Did you mean 'length'?"),
        ("report run", "holds no sweep"),
    ],
)
def test_what_cannot_be_is_one_line(swept, words, message):
    place, _, _ = swept
    code, _, err = run_foreword(place, *words.split())
    assert code == 2
    assert message in err
    assert not (place / "x").exists()


@pytest.mark.parametrize(("scored", "reported"), [(["a"], [Path("runs/reproduce/length")]), ([], [])])
def test_an_experiment_is_reported_though_runs_failed_but_not_where_nothing_has_scores(monkeypatch, scored, reported):
    found = []
    monkeypatch.setattr(sweeps, "run", lambda *_: Outcome(scored, scored, {"b": "no memory"}))
    monkeypatch.setattr(sweeps, "report", lambda folder, inspect: found.append(folder) if inspect else None)
    with pytest.raises(typer.Exit) as ended:
        sweeps.reproduce("length")
    assert (found, ended.value.exit_code) == (reported, 1)


@pytest.mark.parametrize(
    ("asked", "folder"),
    [
        ({}, "length"),
        ({"quick": True}, "length-quick"),
        ({"published": True}, "length-published"),
        ({"backbone": "editor", "quick": True}, "length-editor-quick"),
        ({"backbone": "models/a b"}, "length-published-models_a_b"),
        (
            {"backbone": "openai-community/gpt2-large", "published": True},
            "length-published-openai-community_gpt2-large",
        ),
    ],
)
def test_each_form_of_an_experiment_has_a_folder_of_its_own(monkeypatch, asked, folder):
    """Typed one after another they would refuse one another's runs."""
    told = []
    monkeypatch.setattr(sweeps, "run", lambda *arguments: told.append(arguments) or Outcome([], [], {}))
    sweeps.reproduce("length", **asked)
    assert told[0][1] == Path("runs/reproduce") / folder


def test_an_experiment_that_went_elsewhere_says_so_in_its_command(monkeypatch):
    told = []
    monkeypatch.setattr(sweeps, "run", lambda *arguments: told.append(arguments) or Outcome([], [], {}))
    sweeps.reproduce("length", out=Path("mine"), sets=["task.path=d"], keep=["method.prefix_len=5"])
    assert told[0][2] == [
        *("foreword", "reproduce", "length", "--out", "mine", "--set", "task.path=d", "--keep", "method.prefix_len=5")
    ]


def test_help_shows_what_stands_in_brackets(tmp_path):
    code, out, _ = run_foreword(tmp_path, "sweep", "--help")
    assert (code, "[sweep]" in out) == (0, True)


@pytest.fixture
def superglue(tmp_path, monkeypatch) -> Path:
    """A folder to plan in where the training files that experiments can do without lie, empty."""
    for name in ("BoolQ", "CB", "RTE", "MultiRC"):
        (tmp_path / "data" / "superglue" / name).mkdir(parents=True)
        for file in ("train.jsonl", "val.jsonl"):
            (tmp_path / "data" / "superglue" / name / file).touch()
    (tmp_path / "data" / "dart").mkdir()
    for split in ("train", "dev", "test"):
        (tmp_path / "data" / "dart" / f"dart-v1.1.1-full-{split}.json").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", sorted(experiments()))
@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("quick", [False, True])
def test_every_experiment_can_be_planned(name, published, quick, superglue):
    plan = read_sweep(f"reproduce/{name}", superglue, quick=quick, published=published)
    assert plan.points
    assert plan.sweep.title
    assert plan.sweep.claims, "an experiment of the papers asks something"
    if published and not quick:
        for claim in plan.sweep.claims:
            assert all(any(matches(point.at, runs) for point in plan.points) for runs in (claim.a, claim.b)), claim.says
    ships = {*embedded_backbones(), *PACKAGED}
    assert published is not any(point.recipe.backbone.name in ships for point in plan.points)


def test_the_page_says_how_many_runs_each_experiment_has_as_published(superglue):
    planned = {name: len(read_sweep(f"reproduce/{name}", superglue, published=True).points) for name in experiments()}
    assert runs_told(column=4) == planned


@pytest.mark.parametrize(
    ("name", "point", "recipe"),
    [
        ("ipt", "boolq-prompt-random-seed=0", "boolq-roberta-large-ipt-prompt"),
        ("ipt", "boolq-prefix-random-seed=0", "boolq-roberta-large-ipt-prefix"),
        ("length", "prefix_len=10-seed=0", "dart-gpt2-medium-prefix"),
        ("length-summaries", "prefix_len=100-seed=0", "xsum-bart-large-prefix-2"),
        ("ablation", "prefix_5-seed=0", "e2e-gpt2-medium-prefix"),
        ("ablation", "infix_10-seed=0", "e2e-gpt2-medium-infix"),
        ("prompt-tuning", "t5-base-100_classes-seed=0", "boolq-t5-base-prompt-tuning"),
        ("main-table", "e2e-adapters-3-seed=0", "e2e-gpt2-medium-adapters-3"),
    ],
)
def test_a_row_of_a_published_table_is_its_recipe(name, point, recipe, superglue):
    points = {p.name: p.recipe for p in read_sweep(f"reproduce/{name}", superglue, published=True).points}
    published = read_recipe(f"paper/{recipe}", ["backbone.threads=1"])
    assert points[point] == published


@pytest.mark.parametrize("name", ["low-data", "init", "data-efficiency"])
def test_few_examples_and_shares_of_the_data_as_published_are_warmed_up_as_the_authors_code_does(name, superglue):
    for point in read_sweep(f"reproduce/{name}", superglue, published=True).points:
        assert point.recipe.train.warmup_steps == 100, point.name


@pytest.mark.parametrize("name", ["ipt", "ipt-few-shot"])
def test_instance_wise_prompts_as_published_read_a_hundred_tokens_and_are_pretrained_by_rates_of_their_own(
    name, superglue
):
    plan = read_sweep(f"reproduce/{name}", superglue, published=True)
    before = [point.recipe for point in plan.points if point.kind == "before"]
    trained = [point for point in plan.points if point.kind == "train" and point.at["way"] != "finetuning"]
    assert {point.recipe.task.max_source_len for point in trained} == {384}
    assert {(point.recipe.train.lr, point.recipe.train.epochs) for point in trained} == {(0.03, 100)}
    assert {length_of(point.recipe) for point in trained if point.at["way"][-1].isalpha()} == {100}
    warmed_up = {(point.at["data"], point.recipe.train.warmup_steps) for point in trained}
    few, full = {"cb"}, {"boolq", "rte", "multirc"}
    assert warmed_up == {(data, 40) for data in few | (full if name == "ipt-few-shot" else set())} | {
        (data, 2000) for data in (full if name == "ipt" else ())
    }, "within the steps that there are"
    assert {point.recipe.task.arguments.get("words") for point in trained if point.at["data"] == "multirc"} == {
        "No, Yes"
    }
    assert {(length_of(recipe), recipe.backbone.name) for recipe in before} == {(100, "FacebookAI/roberta-large")}
    assert max(recipe.train.lr for recipe in before) < 0.03
    assert all(recipe.train.max_steps and recipe.train.warmup_steps <= 20 for recipe in before)
    read = {length_of(p.recipe) for p in trained if p.at["way"].startswith(("prompt-random", "prefix-random"))}
    assert read == ({5, 10, 16, 32, 64, 100, 120} if name == "ipt" else {100})


@pytest.mark.parametrize(("published", "word"), [(False, "cannot tell"), (True, "holds")])
def test_what_models_gain_as_they_grow_is_asked_of_models_of_several_sizes_alone(published, word, superglue):
    """One model says nothing of growth."""
    plan = read_sweep("reproduce/prompt-tuning", superglue, published=published)
    [claim] = [claim for claim in plan.sweep.claims if claim.says.startswith("As models grow")]

    def score(at):
        behind = 0.3 - 0.1 * plan.axes["model"].index(at["model"])
        return 0.8 + 0.01 * int(at["seed"]) - (0 if at["way"] == "fine-tuning" else behind)

    axes = {"model": plan.axes["model"], "way": ["fine-tuning", "100, classes"], "seed": plan.axes["seed"]}
    verdict = judged(claim, results_of(superglue, axes, score, metric="accuracy"))
    assert verdict.word == word, verdict.figures
    assert ("One model says nothing" in claim.why) != published


def test_prompts_as_published_have_the_lengths_of_the_figure_on_each_size(superglue):
    points = read_sweep("reproduce/prompt-tuning", superglue, published=True).points
    found = {(p.at["model"], length_of(p.recipe)) for p in points if p.recipe.method.name == "prompt-tuning"}
    assert found == {(f"t5-{size}", length) for size in ("small", "base", "large") for length in (1, 5, 20, 100, 150)}


@pytest.mark.parametrize(
    ("name", "lengths"),
    [("length", [1, 5, 10, 20, 40]), ("length-summaries", [1, 10, 20, 50, 80, 100, 200, 300])],
)
def test_the_published_figure_on_lengths_has_both_of_its_halves(name, lengths, superglue):
    points = read_sweep(f"reproduce/{name}", superglue, published=True).points
    assert list(dict.fromkeys(length_of(point.recipe) for point in points)) == lengths


def length_of(recipe: Recipe) -> int:
    """Positions, or tokens that are read."""
    told = recipe.method.model_dump()
    return next(told[key] for key in ("num_tokens", "prompt_len", "prefix_len") if key in told)


@pytest.mark.parametrize("name", sorted(experiments()))
@pytest.mark.parametrize("quick", [False, True])
def test_every_experiment_can_be_planned_on_another_backbone(name, quick, tmp_path):
    plan = read_sweep(f"reproduce/{name}", tmp_path, ["backbone.name=scribe"], quick=quick)
    assert {point.recipe.backbone.name for point in plan.points} == {"scribe"}
    assert plan.axes.get("model", ["scribe"]) == ["scribe"], "no run stands under another model's name"
