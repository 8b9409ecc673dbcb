"""The tables of results on our pages are what `foreword table` makes of the result files that lie beside the code."""

import json
import shlex
from pathlib import Path

import pytest

from foreword.recipe import read_recipe
from foreword.table import markdown, rows_of

HOUSE = Path(__file__).resolve().parents[1]
RESULTS = HOUSE / "results"
TASKS = ("cb", "rte", "sst2", "boolq")
FEW = sorted(folder.name for folder in RESULTS.glob("few_examples/*"))


def folders(*patterns: str) -> list[Path]:
    found = [folder for pattern in patterns for folder in sorted(RESULTS.glob(pattern))]
    assert found, patterns
    return found


def test_readmes_table_of_methods():
    rows = rows_of(folders("methods/*"), "test", ["bleu", "rougeL", "chrf"])
    assert markdown(rows) in (HOUSE / "README.md").read_text(encoding="utf-8")


def test_readmes_table_of_those_that_read_classes():
    ways = [f"few_examples/reader/{task}-{way}-*" for task in TASKS for way in ("p-tuning-v2", "warp")]
    made = markdown(rows_of(folders(*ways), "test", ["accuracy"]), commands=False)
    assert made in (HOUSE / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("backbone", FEW)
def test_the_tables_with_few_examples(backbone):
    rows = rows_of(folders(*(f"few_examples/{backbone}/{task}-*" for task in TASKS)), "test", ["accuracy"])
    assert markdown(rows, commands=False) in (HOUSE / "docs" / "few_examples.md").read_text(encoding="utf-8")


def test_every_recipe_of_methods_has_run_with_two_seeds_or_more():
    recipes = {path.stem for path in (HOUSE / "recipes" / "methods").glob("*.toml")}
    seeds = {name: {folder.name for folder in RESULTS.glob(f"methods/{name}-[0-9]*")} for name in recipes}
    assert [name for name, found in seeds.items() if len(found) < 2] == []


@pytest.mark.parametrize("file", sorted(RESULTS.glob("methods/*/run.json")), ids=lambda file: file.parent.name)
def test_a_recipe_still_says_what_was_run(file):
    """A recipe that changed since would stand beside figures that are not its own."""
    told = shlex.split(json.loads(file.read_text())["command"])
    sets = [value for flag, value in zip(told, told[1:], strict=False) if flag == "--set"]
    result = json.loads((file.parent / "result-test.json").read_text())
    recipe = read_recipe(told[2], [*sets, f"train.seed={result['recipe']['train']['seed']}"]).to_dict()
    for section in ("task", "method", "train", "generate"):
        assert recipe[section] == result["recipe"][section], section
