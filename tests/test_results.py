"""The tables and pictures of results on our pages are what the result files that lie beside the code make them."""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from foreword.recipe import Recipe, identity, read_recipe, sweep_section
from foreword.sweep import read_sweep
from foreword.sweep.plan import PLAN
from scripts import pages

HOUSE = Path(__file__).resolve().parents[1]
RESULTS = HOUSE / "results"
FEW = sorted(folder.name for folder in RESULTS.glob("few_examples/*"))


@pytest.mark.parametrize("page", pages.PAGES)
def test_a_pages_tables_are_made_of_the_result_files(page):
    """After new results, or a change to what makes the tables: `python -m scripts.pages`."""
    path = HOUSE / page
    assert pages.filled(path) == path.read_text(encoding="utf-8")


def test_the_pictures_are_made_of_the_result_files():
    wanted = dict(pages.wanted_pictures())
    assert set(pages.PICTURES.glob("*.svg")) == set(wanted)
    for path, svg in wanted.items():
        assert path.read_text(encoding="utf-8") == svg, f"{path.name}: python -m scripts.pages"


def test_a_picture_that_nobody_draws_is_told():
    with pytest.raises(ValueError, match=r"length has no picture 'bleu'; it has prefix_len-bleu, prefix_len-"):
        pages.picture_of("length", "bleu")


def test_a_part_of_a_table_is_that_of_a_place_on_an_axis():
    whole = pages.results_of("extrapolation")
    part = pages.part_of(whole, "data", "webnlg")
    assert {run.at["data"] for run in part.runs} == {"webnlg"}
    assert "data" not in part.axes
    assert not part.sweep.columns
    with pytest.raises(ValueError, match=r"extrapolation has no runs with data=e2e; its axes are .*'data'"):
        pages.part_of(whole, "data", "e2e")


def test_every_recipe_of_methods_has_run_with_two_seeds_or_more():
    recipes = {path.stem for path in (HOUSE / "recipes" / "methods").glob("*.toml")}
    seeds = {name: {folder.name for folder in RESULTS.glob(f"methods/{name}-[0-9]*")} for name in recipes}
    assert [name for name, found in seeds.items() if len(found) < 2] == []


@pytest.mark.parametrize("file", sorted(RESULTS.glob("methods/*/run.json")), ids=lambda file: file.parent.name)
def test_a_recipe_still_says_what_was_run(file):
    """A recipe that changed since would stand beside figures that are not its own."""
    result = json.loads((file.parent / "result-test.json").read_text())
    told = f"{json.loads(file.read_text())['command']} --seed {result['recipe']['train']['seed']}"
    check_says(told, result["recipe"])


@pytest.mark.parametrize("voice", ["captain", "poet", "radio"])
def test_the_demos_figures_are_of_the_recipe_that_it_runs(voice):
    result = json.loads((RESULTS / "demo" / voice / "result-test.json").read_text())
    check_says(f"foreword train embedded/demo --set task.voice={voice}", result["recipe"])


@pytest.mark.parametrize("backbone", FEW)
def test_the_script_still_says_what_was_run_with_few_examples(tmp_path, backbone):
    """Its commands are printed in place of being run; each has a result, and each result its command."""
    model = {"minilm-masked": "models/minilm-masked"}.get(backbone, backbone)
    told = ["bash", str(HOUSE / "scripts" / "few_examples.sh"), model, "0", "1"]
    environment = {**os.environ, "FOREWORD": "echo"}
    printed = subprocess.run(told, capture_output=True, text=True, check=True, cwd=tmp_path, env=environment).stdout
    trained = {shlex.split(line)[-1]: line for line in printed.splitlines() if line.startswith("train ")}
    results = RESULTS / "few_examples" / backbone
    assert {Path(out).name for out in trained} == {folder.name for folder in results.glob("*")}
    for out, line in trained.items():
        (result,) = (results / Path(out).name).glob("result-*.json")
        recipe = json.loads(result.read_text())["recipe"]
        recipe["train"]["start_from"] = recipe["train"]["start_from"].replace("results/", "runs/")
        check_says(f"foreword {line}", recipe)


@pytest.mark.parametrize("folder", sorted(RESULTS.glob("reproduce/*")), ids=lambda folder: folder.name)
def test_an_experiment_still_asks_for_what_was_run(folder, tmp_path, monkeypatch):
    """After a change to its recipe: the same command again, which runs what is new and writes down the rest."""
    monkeypatch.chdir(tmp_path)  # where there is no data that a sweep can do without, as there was none then
    held = json.loads((folder / PLAN).read_text())
    plan = read_sweep(f"reproduce/{folder.name}", folder.relative_to(HOUSE))
    assert {point["name"]: point["identity"] for point in held["points"]} == {
        point.name: identity(point.recipe) for point in plan.points
    }
    shown = {"title", "seeds", "across", "columns", "metrics", "against", "plots", "claims"}
    assert sweep_section(held["sweep"]).model_dump(include=shown) == plan.sweep.model_dump(include=shown)


@pytest.mark.parametrize("folder", sorted(RESULTS.glob("reproduce/*")), ids=lambda folder: folder.name)
def test_a_runs_command_names_the_experiment_that_ships(folder):
    commands = {json.loads(file.read_text())["command"] for file in folder.glob("runs/*/run.json")}
    assert commands == {f"foreword sweep reproduce/{folder.name}"}


def check_says(command: str, ran: Mapping[str, Any]) -> None:
    """A command of training resolves to the recipe that ran."""
    told = shlex.split(command)
    flags = list(zip(told, told[1:], strict=False))
    sets = [value for flag, value in flags if flag == "--set"]
    seeds = [f"train.seed={value}" for flag, value in flags if flag == "--seed"]
    recipe, run = read_recipe(told[2], [*sets, *seeds]).to_dict(), Recipe.from_dict(ran).to_dict()  # later defaults too
    for section in ("task", "method", "train", "generate"):
        assert recipe[section] == run[section], f"{section} of {command}"
