"""A sweep's pictures: all that is drawn can be read, whatever its labels are."""

from typing import Any

import pytest
from tests.tiny_sweeps import results_of

from foreword.report.plots import Picture, pictures


def drawn(tmp_path, labels: tuple[str, ...], *plots: dict[str, Any], lines: tuple[str, ...] = ("a",)) -> list[Picture]:
    axes = {"size": labels, "way": lines, "seed": ("0", "1", "2")}
    sweep = {"plots": [{"x": "size", "lines": "way", "metrics": ["bleu"], **plot} for plot in plots or ({},)]}
    return pictures(results_of(tmp_path, axes, lambda at: 0.5, sweep))


def test_labels_that_a_logarithmic_scale_cannot_show_stand_below_one_another(tmp_path):
    [made] = drawn(tmp_path, ("0", "10", "100"), {"log": True})
    assert ">size<" not in made.svg
    assert all(f">{label}<" in made.svg for label in ("0", "10", "100"))


@pytest.mark.parametrize("label", ["$\\frac$", "_direct", "a <b> & c"])
def test_a_label_stands_as_it_is(tmp_path, label):
    [made] = drawn(tmp_path, (label, "other"), lines=(label, "another"))
    told = label.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert made.svg.count(f">{told}<") == 2, "on the axis and in the legend"


def test_of_a_long_label_the_end_is_shown(tmp_path):
    [made] = drawn(tmp_path, ("of the wide sea " * 8 + "one", "two"))
    assert ">…of the wide sea one<" in made.svg


def test_one_score_over_one_axis_with_other_lines_is_another_picture(tmp_path):
    found = drawn(tmp_path, ("10", "20"), {}, {"lines": ""}, lines=("a", "b"))
    assert [made.name for made in found] == ["size-bleu", "size-bleu-all"]
    assert [made.title for made in found] == ["bleu by size", "bleu by size, all together"]
    assert [">b<" in made.svg for made in found] == [True, False]


def test_scores_that_stand_together_are_lines_of_one_picture(tmp_path):
    [picture] = drawn(tmp_path, ("1", "10"), {"lines": "", "metrics": ["loss/train", "loss/dev"], "together": True})
    assert (picture.name, picture.title) == ("size-loss-train-loss-dev", "loss/train and loss/dev by size")
    assert picture.svg.count(">loss/train<") == picture.svg.count(">loss/dev<") == 1
