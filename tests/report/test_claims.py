"""Verdicts: a claim holds where the figures bear it out, does not where they say the contrary, else it cannot be told."""

import random
import re

import numpy as np
import pytest
from tests.tiny_sweeps import results_of

from foreword.report import verdicts
from foreword.report.claims import curve, peaked, pooled

SEEDS = ("0", "1", "2", "3")
WAYS = {"way": ("prefix", "fine-tuning"), "seed": SEEDS}
SIZES = {"size": ("50", "100", "200"), "way": ("prefix", "fine-tuning"), "seed": SEEDS}
BETTER = {"says": "s", "source": "p", "metric": "bleu", "a": {"way": "prefix"}, "b": {"way": "fine-tuning"}}


def word(tmp_path, axes, score, **claim):
    [verdict] = verdicts(results_of(tmp_path, axes, score, {"claims": [{**BETTER, **claim}]}))
    return verdict.word, verdict.figures


def noise(at, size=0.005):
    return random.Random(str(at)).gauss(0, size)


@pytest.mark.parametrize(("lead", "said"), [(0.1, "holds"), (-0.1, "does not hold"), (0.0, "cannot tell")])
def test_better(tmp_path, lead, said):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5 + lead * (at["way"] == "prefix") + noise(at, 0.02))
    assert found == said
    assert "4 pairs" in figures


@pytest.mark.parametrize(("by", "said"), [(0.05, "holds"), (0.2, "does not hold")])
def test_better_by_a_margin(tmp_path, by, said):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5 + 0.1 * (at["way"] == "prefix") + noise(at), by=by)
    assert found == said
    assert figures.endswith(f"4 pairs; asked: over +{by:.3f}")


@pytest.mark.parametrize(("lead", "said"), [(-0.01, "holds"), (-0.1, "does not hold"), (0.1, "holds")])
def test_no_worse_than_by_a_margin(tmp_path, lead, said):
    score = lambda at: 0.5 + lead * (at["way"] == "prefix") + noise(at, 0.001)  # noqa: E731
    found, figures = word(tmp_path, WAYS, score, kind="no-worse", by=0.03)
    assert found == said
    assert figures.endswith("; asked: over -0.030")


@pytest.mark.parametrize(
    ("lead", "said"), [(0.01, "holds"), (-0.01, "holds"), (0.1, "does not hold"), (-0.1, "does not hold")]
)
def test_equal_is_neither_above_nor_below_by_a_margin(tmp_path, lead, said):
    score = lambda at: 0.5 + lead * (at["way"] == "prefix") + noise(at, 0.001)  # noqa: E731
    found, figures = word(tmp_path, WAYS, score, kind="equal", by=0.03)
    assert found == said
    assert figures.endswith("; asked: within ±0.030")


def test_what_may_or_may_not_be_equal_cannot_be_told(tmp_path):
    score = lambda at: 0.5 + 0.03 * (at["way"] == "prefix") + noise(at, 0.02)  # noqa: E731
    assert word(tmp_path, WAYS, score, kind="equal", by=0.03)[0] == "cannot tell"


def test_seeds_on_the_same_subset_of_the_data_are_one_trial(tmp_path):
    """Four seeds each on two subsets are two trials: too few, however alike the seeds are."""
    axes = {**WAYS, "subset": ("0", "1")}
    claim = BETTER | {"a": {"way": "prefix"}, "b": {"way": "fine-tuning"}}
    score = lambda at: 0.5 + 0.1 * (at["way"] == "prefix") + noise(at)  # noqa: E731
    [verdict] = verdicts(results_of(tmp_path, axes, score, {"claims": [claim], "across": ["subset"]}))
    assert verdict.word == "cannot tell"
    assert verdict.figures.endswith("8 pairs on 2 subsets of the data; a verdict needs 3")


@pytest.mark.parametrize(("seeds", "said"), [("012", "holds"), ("0", "cannot tell")])
def test_one_seed_at_several_places_is_one_trial(tmp_path, seeds, said):
    score = lambda at: 0.5 + 0.1 * (at["way"] == "prefix") + noise(at)  # noqa: E731
    found, figures = word(tmp_path, {**SIZES, "seed": tuple(seeds)}, score)
    assert found == said
    assert re.search("9 pairs of 3 seeds$|3 pairs of 1 seed; a verdict needs 3$", figures)


def test_of_the_same_spread_few_are_called_steadier(tmp_path):
    """Eight ways on the five subsets that one way has too: their luck with the subsets is the same eight times."""
    ways, rng, sure = tuple("abcdefgh"), random.Random(5), 0
    axes = {"way": ("x", *ways), "subset": tuple("01234"), "seed": ("0", "1")}
    claim = {
        "says": "s",
        "source": "p",
        "metric": "bleu",
        "kind": "steadier",
        "a": {"way": list(ways)},
        "b": {"way": "x"},
    }
    for number in range(40):
        luck = {(way == "x", subset): rng.gauss(0, 0.04) for way in axes["way"] for subset in axes["subset"]}
        score = lambda at, luck=luck: 0.5 + luck[at["way"] == "x", at["subset"]] + rng.gauss(0, 0.01)  # noqa: E731
        folder = tmp_path / str(number)
        folder.mkdir()
        [verdict] = verdicts(results_of(folder, axes, score, {"claims": [claim], "across": ["subset"]}))
        sure += verdict.word != "cannot tell"
    assert sure <= 4


def test_of_a_loss_the_lower_is_the_better(tmp_path):
    score = lambda at: 0.5 + 0.1 * (at["way"] == "prefix") + noise(at)  # noqa: E731 - its dev loss is 2 less its score
    found, figures = word(tmp_path, WAYS, score, metric="loss/dev")
    assert found == "holds"
    assert figures.endswith("; lower is better; of other seeds alone, not of other test examples")


@pytest.mark.parametrize(
    ("kind", "lead", "asked"), [("better", 0.1, "under -0.050"), ("no-worse", -0.01, "under +0.050")]
)
def test_a_margin_of_a_loss_lies_below(tmp_path, kind, lead, asked):
    score = lambda at: 0.5 + lead * (at["way"] == "prefix") + noise(at)  # noqa: E731
    found, figures = word(tmp_path, WAYS, score, metric="loss/dev", kind=kind, by=0.05)
    assert found == "holds"
    assert f"; asked: {asked}; lower is better" in figures


@pytest.mark.parametrize(("wild", "said"), [("fine-tuning", "holds"), ("prefix", "does not hold"), ("", "cannot tell")])
def test_steadier(tmp_path, wild, said):
    axes = {**WAYS, "seed": tuple(map(str, range(12)))}
    score = lambda at: 0.5 + noise(at, 0.08 if at["way"] == wild else 0.01)  # noqa: E731
    found, figures = word(tmp_path, axes, score, kind="steadier")
    assert found == said
    assert figures.startswith("standard deviation 0.0")


def test_of_groups_of_unlike_sizes_the_larger_tells_more_of_their_spread():
    """As the pooled variance of textbooks: (1 * 2 + 3 * 0) / (1 + 3)."""
    assert pooled([np.array([0.0, 2.0]), np.full(4, 7.0)]) == pytest.approx(0.5**0.5)


def narrowing(tmp_path, *leads):
    score = lambda at: 0.5 + (at["way"] == "prefix") * leads[SIZES["size"].index(at["size"])] + noise(at, 0.01)  # noqa: E731
    return word(tmp_path, SIZES, score, kind="narrows", along="size")


@pytest.mark.parametrize(
    ("leads", "said"),
    [((0.1, 0.05, 0.0), "holds"), ((0.1, 0.15, 0.2), "does not hold"), ((0.1, 0.1, 0.1), "cannot tell")],
)
def test_narrows(tmp_path, leads, said):
    assert narrowing(tmp_path, *leads)[0] == said


@pytest.mark.parametrize("leads", [(-0.05, -0.1, -0.15), (-0.15, -0.1, -0.05), (0.0, -0.05, -0.1)])
def test_where_there_is_no_lead_none_narrows(tmp_path, leads):
    found, figures = narrowing(tmp_path, *leads)
    assert found == "cannot tell"
    assert figures.endswith("at 50 there is no lead that could shrink")


@pytest.mark.parametrize(
    ("kind", "steps", "said"),
    [
        ("rises", (0, 1, 2), "holds"),
        ("rises", (2, 1, 0), "does not hold"),
        ("falls", (2, 1, 0), "holds"),
        ("falls", (0, 0, 0), "cannot tell"),
        ("peaks", (0, 2, 1), "holds"),
        ("peaks", (0, 1, 2), "does not hold"),
        ("peaks", (0, 1, 1), "cannot tell"),
    ],
)
def test_along_an_axis(tmp_path, kind, steps, said):
    score = lambda at: 0.2 + 0.15 * steps[SIZES["size"].index(at["size"])] + noise(at, 0.02)  # noqa: E731
    found, figures = word(tmp_path, SIZES, score, kind=kind, along="size", b={})
    assert found == said
    assert figures.startswith("50: 0.")


PEAKS = {"says": "s", "source": "p", "metric": "bleu", "kind": "peaks", "along": "length"}


def test_a_peak_is_told_with_what_would_be_beyond_chance(tmp_path):
    heights = {"1": 0.3, "10": 0.6, "40": 0.5, "80": 0.4}
    axes = {"length": tuple(heights), "seed": SEEDS}
    results = results_of(tmp_path, axes, lambda at: heights[at["length"]] + noise(at), {"claims": [PEAKS]})
    [verdict] = verdicts(results)
    assert verdict.word == "holds"
    assert re.search(
        r"; between the ends 10 is best: \+0\.3\d\d on 1 and \+0\.[12]\d\d on 80, where 0\.0\d\d and ", verdict.figures
    )
    assert verdict.figures.endswith("would be beyond chance")


@pytest.mark.parametrize(("kind", "said"), [("peaks", "cannot tell"), ("rises", "holds")])
def test_what_an_axis_lacks_is_told_and_where_its_end_is_lacking_there_is_no_peak(tmp_path, kind, said):
    """Else the last that there is would pass for the end, which may be the best of all."""
    heights = {"1": 0.3, "10": 0.6, "40": 0.7, "80": 0.65, "300": None}
    score = lambda at: None if (high := heights[at["length"]]) is None else high + noise(at)  # noqa: E731
    claim = {**PEAKS, "kind": kind}
    [verdict] = verdicts(results_of(tmp_path, {"length": tuple(heights), "seed": SEEDS}, score, {"claims": [claim]}))
    assert verdict.word == said
    assert "; without 300; " in verdict.figures


def test_of_what_a_claim_leaves_out_along_its_axis_nothing_is_said(tmp_path):
    claim = {"kind": "rises", "along": "size", "a": {"size": ["50", "100", "200"]}, "b": {}}
    axes = {**SIZES, "size": (*SIZES["size"], "500")}
    score = lambda at: None if at["size"] == "500" else float(at["size"]) / 1000 + noise(at)  # noqa: E731
    assert "without" not in word(tmp_path, axes, score, **claim)[1]


def test_the_best_of_many_that_do_not_differ_is_seldom_called_a_peak(tmp_path):
    """Nine lengths of which only the first is worse: the highest of the other eight lies between the ends seven times in eight."""
    rng, sure = random.Random(7), 0
    for _ in range(60):
        scores = {
            str(length): np.array([[0.5 - 0.3 * (length == 1) + rng.gauss(0, 0.02)] for _ in range(10)])
            for length in range(1, 10)
        }
        found = curve(list(scores), lambda length, scores=scores: (float(scores[length].mean()), scores[length]))
        sure += peaked(found, sign=1)[0] != "cannot tell"
    assert sure <= 1


@pytest.mark.parametrize("kind", ["better", "steadier"])
def test_too_few_runs_give_no_verdict(tmp_path, kind):
    axes = {**WAYS, "seed": ("0", "1")}
    found, figures = word(tmp_path, axes, lambda at: 0.9 if at["way"] == "prefix" else 0.1, kind=kind)
    assert found == "cannot tell"
    assert "needs 3" in figures


@pytest.mark.parametrize("kind", ["narrows", "rises"])
def test_too_few_runs_along_an_axis_give_no_verdict(tmp_path, kind):
    axes = {**SIZES, "seed": ("0", "1")}
    claim = {"kind": kind, "along": "size", **({"b": {}} if kind == "rises" else {})}
    assert word(tmp_path, axes, lambda at: float(at["size"]) / 1000, **claim)[0] == "cannot tell"


def test_runs_that_are_not_there_give_no_verdict(tmp_path):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5 if at["way"] == "prefix" else None)
    assert (found, figures) == ("cannot tell", "the runs it is about are not there")


def test_a_score_that_nobody_counted_gives_no_verdict(tmp_path):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5, metric="ter")
    assert (found, figures) == ("cannot tell", "the runs it is about have no score ter")


def test_runs_that_are_never_alike_give_no_verdict(tmp_path):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5 if (at["way"] == "prefix") == (at["seed"] < "2") else None)
    assert (found, figures) == ("cannot tell", "no two runs of it are alike in all else")


def test_runs_that_do_not_differ_at_all_have_a_ratio_too(tmp_path):
    found, figures = word(tmp_path, WAYS, lambda at: 0.5, kind="steadier")
    assert (found, figures[:44]) == ("cannot tell", "standard deviation 0.000 against 0.000: 1.00")
