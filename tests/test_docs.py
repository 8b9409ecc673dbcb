"""The pages in docs/ name what there is."""

import json
import re
from pathlib import Path

from foreword.catalogue import about, experiments, shipped_recipes
from foreword.methods import method_class
from foreword.recipe import method_names

DOCS = Path(__file__).resolve().parents[1] / "docs"


def test_the_page_on_the_methods_names_each_of_them():
    table = (DOCS / "methods.md").read_text(encoding="utf-8").split("## ")[0]
    named = {
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])
    }
    assert named == set(method_names())


def test_the_page_says_which_methods_a_store_keeps():
    for line in (DOCS / "methods.md").read_text(encoding="utf-8").split("## ")[0].splitlines():
        if line.startswith("| `"):
            names, *_, kept = line.strip("| ").split("|")
            for name in re.findall(r"`([a-z0-9-]+)`", names):
                assert (kept.strip() == "yes") == method_class(name).gives_prefix, name


def test_every_recipe_begins_with_a_sentence_that_says_what_it_is():
    for path in shipped_recipes().values():
        assert about(path).endswith("."), path


def test_the_page_on_reproducing_names_each_experiment():
    table = (
        (DOCS / "reproduce.md").read_text(encoding="utf-8").split("| experiment | what it asks |")[1].split("\n\n")[0]
    )
    named = {
        name for cell in re.findall(r"^\|([^|]*)", table, re.MULTILINE) for name in re.findall(r"`([a-z-]+)`", cell)
    }
    assert named == set(experiments())


def test_the_page_says_how_many_runs_each_experiment_has():
    folders = (DOCS.parent / "results" / "reproduce").glob("*/sweep.json")
    ran = {path.parent.name: len(json.loads(path.read_text(encoding="utf-8"))["points"]) for path in folders}
    assert len(ran) >= 10
    told = runs_told(column=2)
    assert {name: told[name] for name in ran} == ran


def runs_told(column: int) -> dict[str, int]:
    """What the page's table of experiments says of each in this column."""
    table = (DOCS / "reproduce.md").read_text(encoding="utf-8").split("| experiment | what it asks |")[1]
    told = {}
    for line in table.split("\n\n")[0].splitlines()[2:]:
        cells = line.strip("| ").split(" | ")
        told |= zip(re.findall(r"`([a-z-]+)`", cells[0]), map(int, cells[column].split(", ")), strict=True)
    return told


def test_every_file_that_a_recipe_reads_is_in_the_table_of_files():
    """A recipe that reads what nobody is told of runs on our machines alone."""
    table = (DOCS / "reproduce.md").read_text(encoding="utf-8").split("The files, which are not ours to ship:")[1]
    for name, path in shipped_recipes().items():
        for file in re.findall(r"""= "data/\S+/(\S+\.\w+)\"""", path.read_text(encoding="utf-8")):
            assert f"`{file}`" in table, f"{name} reads {file}"


def named_recipes(page: str) -> set[str]:
    """Those that a page names, `{prefix,finetuning}` and the like written out."""
    found = set()
    for path in re.findall(r"`recipes/(\S+?)\.toml`", (DOCS / page).read_text(encoding="utf-8")):
        head, *ways = re.split(r"[{}]", path)
        found |= {head + way for way in (ways[0].split(",") if ways else [""])}
    return found


def test_every_recipe_that_a_page_names_is_there():
    assert named_recipes("reproduce.md") <= set(shipped_recipes())


def test_every_recipe_of_the_papers_has_its_row():
    of_papers = {name for name in shipped_recipes() if name.startswith("paper/")}
    assert len(of_papers) > 20
    assert of_papers <= named_recipes("reproduce.md")
