"""Prefixes side by side: those of one shape, with figures that are written and drawn, on a page of their own and in a report."""

import json
import re
from dataclasses import replace

import pytest
import torch
from tests.tiny_runs import as_toml, data_folder, model_folder, tiny_settings
from torch.testing import assert_close

from foreword.inspection import PAGE, Findings, inside_of, write_inspection
from foreword.inspection.comparing import compared, projected
from foreword.inspection.showing import as_part
from foreword.report import Results, read_results, write_report
from foreword.sweep import read_sweep
from foreword.sweep.running import run_sweep


def findings(name: str, positions: torch.Tensor, num_layers: int = 2) -> Findings:
    shares = torch.full((num_layers, 2, len(positions)), 0.1)
    return Findings(name, 3, {"decoder": shares}, 1.0, [], {}, torch.eye(len(positions)), positions)


def test_prefixes_that_differ_lie_apart_on_the_plane():
    apart = [torch.randn(4, 9) * 0.1, torch.randn(5, 9) * 0.1 + 10]
    first, second = projected(apart)
    assert (first.shape, second.shape) == ((4, 2), (5, 2))
    assert (first.mean(dim=0) - second.mean(dim=0)).norm() > 10
    again = projected([part.clone() for part in apart])
    assert_close(again[0], first)


def test_how_alike_prefixes_are_is_the_cosine_of_their_means():
    up, right = torch.tensor([[1.0, 2.0], [-1.0, 4.0]]), torch.tensor([[3.0, 0.0]])
    [comparison] = compared([findings("up", up), findings("right", right), findings("down", -up)])
    assert_close(comparison.alike, torch.tensor([[1.0, 0.0, -1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 1.0]]))
    figures = comparison.figures()
    assert (figures["names"], figures["alike"][0]) == (["up", "right", "down"], [1.0, 0.0, -1.0])
    assert {name: len(points) for name, points in figures["plane"].items()} == {"up": 2, "right": 1, "down": 2}


def test_only_prefixes_of_one_shape_stand_side_by_side(tmp_path):
    found = [findings(name, torch.randn(3, width)) for name, width in (("a", 4), ("b", 6), ("c", 4), ("d", 8))]
    assert [comparison.names for comparison in compared(found)] == [["a", "c"]]
    data = write_inspection(found, tmp_path)
    assert [one["names"] for one in data["side_by_side"]] == [["a", "c"]]
    assert "Side by side" in (tmp_path / PAGE).read_text()
    assert "side_by_side" not in write_inspection(found[1:], tmp_path)
    assert "Side by side" not in (tmp_path / PAGE).read_text()


def test_prefixes_of_models_of_one_width_and_other_depths_are_not_of_one_shape():
    found = [findings(name, torch.randn(3, 4), depth) for name, depth in (("a", 12), ("b", 6), ("c", 6))]
    assert [comparison.names for comparison in compared(found)] == [["b", "c"]]
    assert [made.name for made in compared(found)[0].pictures()] == ["plane", "likeness", "layers-decoder"]


def test_many_prefixes_can_be_told_apart_on_the_plane():
    [comparison] = compared([findings(f"number {number}", torch.randn(2, 5)) for number in range(14)])
    plane, likeness, layers = comparison.pictures()
    assert all(f">number {number}<" in plane.svg for number in range(14))
    drawn = re.findall(r'<use xlink:href="#(\w+)"[^>]*style="fill: (#\w+)', plane.svg)
    assert len(set(drawn)) == 14
    assert "number 13" in likeness.svg
    assert "number 13" in layers.svg


def test_of_a_long_name_a_picture_has_the_end():
    [comparison] = compared([findings(f"/a/very/long/way/to/{name}", torch.randn(2, 5)) for name in ("one", "two")])
    for made in comparison.pictures():
        assert "…ery/long/way/to/one" in made.svg
        assert "/a/very" not in made.svg


def test_a_part_for_another_page_folds_up_what_is_of_one_alone():
    text = as_part([findings("a <b>", torch.randn(3, 4)), findings("c", torch.randn(3, 4))])
    assert text.index("Side by side") < text.index("<details><summary>a &lt;b&gt;</summary>")
    assert text.count("<details>") == 2
    assert "<html" not in text


WAYS = """
[sweep.grid.way]
short.method = { name = "prefix-tuning", prefix_len = 2, mlp_dim = 8 }
long.method = { name = "prefix-tuning", prefix_len = 4, mlp_dim = 8 }
biases.method = { name = "bias-only" }
"""


@pytest.fixture(scope="module")
def swept(tmp_path_factory) -> Results:
    """Two prefixes, and a way that has none."""
    place = tmp_path_factory.mktemp("swept")
    settings = tiny_settings(model_folder(place / "model"), data_folder(place / "data"))
    del settings["method"]
    settings["train"]["max_steps"] = 2
    (place / "ways.toml").write_text(as_toml(settings) + WAYS)
    run_sweep(read_sweep(place / "ways.toml", place / "ways"), place / "ways", processes=1)
    return read_results(place / "ways")


def test_a_report_holds_what_is_inside_its_prefixes(swept):
    said: list[str] = []
    write_report(swept, inside=inside_of(swept, 2, said.append))
    assert said == ["looked into short-seed=0", "looked into long-seed=0"]
    text = (swept.folder / "report.html").read_text()
    for way in ("short", "long"):
        assert f"<details><summary>{way}</summary>" in text
        assert f"<a href='runs/{way}-seed=0/{PAGE}'>" in text
    assert "How alike they are" in text
    [together] = json.loads((swept.folder / "inspect.json").read_text())["side_by_side"]
    assert together["names"] == ["short", "long"]
    assert torch.tensor(together["alike"]).shape == (2, 2)


def test_a_prefix_that_cannot_be_looked_into_costs_nobody_the_report(swept):
    """Its data was moved away, say; the others are looked into."""
    said: list[str] = []
    run = swept.chosen(way="short")[0].path.parent / "recipe.json"
    before = run.read_text()
    told = json.loads(before)
    told["task"]["path"] = "moved/away"
    run.write_text(json.dumps(told))
    write_report(swept, inside=inside_of(swept, 2, said.append))
    run.write_text(before)
    assert said[0].startswith("note: short-seed=0 was not looked into: ")
    assert "moved/away" in said[0]
    assert said[1:] == ["looked into long-seed=0"]


def test_where_there_is_nothing_inside_a_report_says_nothing_of_it(swept):
    biases = replace(swept, runs=swept.chosen(way="biases"))
    assert inside_of(biases, 2, lambda _: None) == ""
    write_report(biases)
    assert "Inside the prefixes" not in (swept.folder / "report.html").read_text()
