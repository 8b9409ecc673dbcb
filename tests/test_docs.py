"""The pages in docs/ name what there is."""

import re
from pathlib import Path

import pytest

from foreword.catalogue import about, shipped_recipes
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


def test_every_recipe_begins_with_a_sentence_that_says_what_it_is():
    for path in shipped_recipes().values():
        assert about(path).endswith("."), path


@pytest.mark.parametrize("page", ["reproduce.md"])
def test_every_recipe_that_a_page_names_is_there(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    for path in re.findall(r"`recipes/(\S+?)\.toml`", text):
        head, *ways = re.split(r"[{}]", path)
        for way in ways[0].split(",") if ways else [""]:
            assert head + way in shipped_recipes(), path
    named = re.findall(r"`recipes/(paper/\S+?)\.toml`", text)
    assert len(named) > 20
