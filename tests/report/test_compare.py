"""Means, intervals and differences: what they are of, and that they are neither too sure nor blind."""

from pathlib import Path

import numpy as np
import pytest

from foreword.recipe import Recipe
from foreword.report.compare import Difference, difference, drawn, estimate, paired
from foreword.report.results import Run


def run(
    value: float,
    draws: np.ndarray | None = None,
    scored_on: str = "r",
    subset: tuple[str, ...] = (),
    is_vote: bool = False,
    **at: str,
) -> Run:
    resampled = {} if draws is None else {"bleu": value + draws}
    facts = {"trained_parameters": 1, "stored_parameters": 1}
    return Run(
        "-".join(at.values()),
        at,
        Path("x"),
        Recipe.from_dict({}),
        {"bleu": value},
        scored_on,
        facts,
        10,
        "",
        None,
        resampled,
        is_vote,
        subset,
    )


def is_sure(found: Difference) -> bool:
    return found.p is not None and found.p < 0.05


DRAWS = np.random.default_rng(3).normal(0, 0.02, 500)


def test_an_estimate_is_the_mean_with_the_runs_standard_deviation():
    found = estimate([run(0.4), run(0.5), run(0.6)], "bleu")
    assert found.value == pytest.approx(0.5)
    assert found.deviation == pytest.approx(0.1)
    assert found.num_runs == 3
    assert found.low < 0.5 < found.high


def test_one_run_has_the_interval_of_its_test_examples_and_no_deviation():
    found = estimate([run(0.5, DRAWS)], "bleu")
    assert found.deviation is None
    assert (found.low, found.high) == pytest.approx(tuple(0.5 + np.percentile(DRAWS, [2.5, 97.5])), abs=0.003)


def test_an_interval_covers_seeds_and_test_examples_together():
    """Two sources of chance that are independent add up as variances do."""
    rng = np.random.default_rng(0)
    seeds = rng.normal(0, 0.03, 40)
    scores = 0.5 + seeds[:, None] + DRAWS[None]
    width = np.std(drawn(scores, np.random.default_rng(1)))
    assert width == pytest.approx(np.sqrt(np.var(seeds, ddof=1) / 40 + np.var(DRAWS)), rel=0.08)


def test_few_runs_have_students_interval():
    """Three values, t of two degrees of freedom: 4.303 standard errors to each side."""
    found = estimate([run(0.4), run(0.5), run(0.6)], "bleu")
    assert (found.high - 0.5) / (0.1 / np.sqrt(3)) == pytest.approx(4.303, rel=0.15)


def test_of_differences_that_are_chance_few_are_called_sure():
    """Of pairs of runs that differ by chance alone one in twenty may seem to differ; it is not many more."""
    rng = np.random.default_rng(11)
    sure = 0
    for _ in range(200):
        pairs = [([run(0.5 + rng.normal(0, 0.02))], [run(0.5 + rng.normal(0, 0.02))]) for _ in range(4)]
        sure += is_sure(difference(pairs, "bleu"))
    assert sure <= 18


def test_runs_on_one_subset_of_the_data_are_one_trial():
    """Five subsets decide nearly all, ten seeds on each nearly nothing: the interval is that of five trials."""
    rng = np.random.default_rng(2)
    luck = rng.normal(0, 0.05, 5)
    of_subsets = [run(0.5 + at, subset=(str(number),)) for number, at in enumerate(luck) for _ in range(10)]
    found, five = estimate(of_subsets, "bleu"), estimate([run(0.5 + at) for at in luck], "bleu")
    assert (found.low, found.high) == pytest.approx((five.low, five.high))
    assert found.num_runs == 50


def test_of_chance_between_subsets_few_differences_are_called_sure():
    rng = np.random.default_rng(13)
    sure = 0
    for _ in range(200):
        luck = rng.normal(0, 0.03, 5)
        pairs = [
            ([run(0.5 + at + rng.normal(0, 0.01), subset=(str(n),))], [run(0.5, subset=(str(n),))])
            for n, at in enumerate(luck)
            for _ in range(4)
        ]
        sure += is_sure(difference(pairs, "bleu"))
    assert sure <= 18


def test_a_vote_stands_against_all_its_seeds_together():
    """It is one trial, however many voted."""
    vote = [run(0.7, is_vote=True, model=m, way="vote") for m in ("x", "y")]
    seeds = [run(0.5, model=m, way="one", seed=seed) for m in ("x", "y") for seed in "012"]
    assert scores(paired(vote, seeds, ["way"])) == [([0.7], [0.5] * 3)] * 2
    assert scores(paired(seeds, vote, ["way"])) == [([0.5] * 3, [0.7])] * 2
    assert difference(paired(vote, seeds, ["way"]), "bleu").p is None


def test_what_two_ways_share_cancels_in_their_difference():
    """On the same draws of the same examples a small lead is sure, though each score alone is not."""
    pairs = [([run(0.51 + s, DRAWS)], [run(0.50 + s, DRAWS)]) for s in (0.0, 0.03, -0.02)]
    found = difference(pairs, "bleu")
    assert found.value == pytest.approx(0.01)
    assert found.low > 0
    assert found.p is not None
    assert found.p < 0.01
    alone = estimate([a[0] for a, _ in pairs], "bleu")
    assert alone.high - alone.low > 0.05


def test_scores_on_other_examples_are_not_paired_draw_by_draw():
    """What examples do to each score is then twice in the difference, where on the same ones it would cancel."""
    found = difference([([run(0.51, DRAWS, "one")], [run(0.50, DRAWS, "other")])] * 3, "bleu")
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.sqrt(2) * np.std(DRAWS), rel=0.1)


def test_of_seeds_that_decide_at_all_places_few_differences_are_called_sure():
    """Three seeds at four places are three trials: what a seed is worth, it is worth at each."""
    rng = np.random.default_rng(17)
    sure = 0
    for _ in range(200):
        luck = {seed: rng.normal(0, 0.02) for seed in "0123"}
        pairs = [
            ([run(0.5 + luck[seed] + rng.normal(0, 0.01), seed=seed, at=at)], [run(0.5, seed=seed, at=at)])
            for seed in luck
            for at in "wxyz"
        ]
        sure += is_sure(difference(pairs, "bleu"))
    assert sure <= 18


def test_no_difference_is_no_difference():
    rng = np.random.default_rng(5)
    pairs = [([run(0.5 + rng.normal(0, 0.02), DRAWS)], [run(0.5 + rng.normal(0, 0.02), -DRAWS)]) for _ in range(10)]
    assert not is_sure(difference(pairs, "bleu"))


def test_fewer_than_three_pairs_conclude_nothing():
    found = difference([([run(0.9, DRAWS)], [run(0.1, DRAWS)])] * 2, "bleu")
    assert found.p is None


def test_runs_are_paired_with_what_is_like_them_in_all_else():
    a = [
        run(0.5, way="a", size="50", seed="0"),
        run(0.6, way="a", size="50", seed="1"),
        run(0.7, way="a", size="100", seed="0"),
    ]
    b = [run(0.1, way="b", size="50", seed="1"), run(0.2, way="b", size="100", seed="0")]
    assert scores(paired(a, b, ["way"])) == [([0.6], [0.1]), ([0.7], [0.2])]


def test_several_that_are_alike_in_all_else_are_one_side_of_a_pair():
    """Else three ways against one would count as three times as many seeds."""
    a = [run(0.5, way=way, seed="0") for way in ("a", "b")] + [run(0.8, way="a", seed="1")]
    b = [run(0.1, way="c", seed="0"), run(0.2, way="c", seed="1")]
    pairs = paired(a, b, ["way"])
    assert scores(pairs) == [([0.5, 0.5], [0.1]), ([0.8], [0.2])]
    assert difference(pairs, "bleu").num_pairs == 2
    assert difference(pairs, "bleu").value == pytest.approx((0.4 + 0.6) / 2)


def test_a_run_without_a_seed_is_paired_with_every_seed():
    seeds = [run(0.5, way="a", seed="0"), run(0.6, way="a", seed="1")]
    untouched = [run(0.1, way="b")]
    assert scores(paired(seeds, untouched, ["way"])) == [([0.5], [0.1]), ([0.6], [0.1])]
    assert scores(paired(untouched, seeds, ["way"])) == [([0.1], [0.5]), ([0.1], [0.6])]


def scores(pairs):
    return [tuple([x.scores["bleu"] for x in side] for side in pair) for pair in pairs]


def test_the_same_results_give_the_same_figures():
    runs = [run(0.4, DRAWS), run(0.5, DRAWS)]
    assert estimate(runs, "bleu") == estimate(runs, "bleu")
