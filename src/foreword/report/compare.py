"""How sure a figure is, and whether two differ: by chance of seeds and of test examples together.

Comes in:  runs with their scores.      Goes out: means, spreads, 95 % intervals; differences of pairs, with p.

A score would be another with other test examples and with other seeds. Of the examples each run has kept its scores on the
bootstrap's draws, the same draws for all, so that what two runs share cancels in their difference. Of seeds there are few, so the
mean over n trials (of a difference: n pairs) is taken to err as Student's t does, s / sqrt(n) with n - 1 degrees of freedom.
Runs that share a subset of the data are one trial, their mean: two seeds on the same fifty examples say little more than one.
So are runs that share a seed, at several places of an axis: they began alike and saw the data in one order. Both are added up,
draw by draw. Of fewer than FEWEST trials nothing is concluded, and of one nothing of seeds is known.

Source: Koehn (2004) for the examples; Student (1908) for the runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foreword.report.results import Run
from foreword.sweep.grid import SEED

Pair = tuple[Sequence[Run], Sequence[Run]]  # what is compared at one place: runs whose mean is one side, and the other

DRAWS = 100_000  # of a tail of Student's t with 4 degrees of freedom they tell the end to 1 %
FEWEST = 3  # trials that say anything of other seeds
TAIL_PERCENT = 2.5


@dataclass(frozen=True)
class Estimate:
    """A mean over runs: its 95 % interval, the runs' standard deviation (None of one run), how many they are."""

    value: float
    low: float
    high: float
    deviation: float | None
    num_runs: int


@dataclass(frozen=True)
class Difference:
    """A mean over pairs of runs, its 95 % interval, and p: how often draws fall on the other side of zero, twice; None of too few.

    `num_trials`: as many of the pairs as are independent of one another.
    """

    value: float
    low: float
    high: float
    p: float | None
    num_pairs: int
    num_trials: int


def estimate(runs: Sequence[Run], metric: str) -> Estimate:
    """The mean score of runs that differ in what is averaged over."""
    values = [run.scores[metric] for run in runs]
    low, high = interval(drawn(scores_drawn(runs, metric), generator()))
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    value = float(np.mean(values))
    return Estimate(value, min(low, value), max(high, value), deviation, len(values))


def difference(pairs: Sequence[Pair], metric: str) -> Difference:
    """By how much the first of each pair is above the second."""
    draws = differences_drawn(pairs, metric)
    value = float(np.mean([mean_score(a, metric) - mean_score(b, metric) for a, b in pairs]))
    where = drawn(draws, generator())
    low, high = interval(where)
    other_side = min(float(np.mean(where <= 0)), float(np.mean(where >= 0)))
    p = min(1.0, max(2 * other_side, 1 / DRAWS)) if len(draws) >= FEWEST else None
    return Difference(value, min(low, value), max(high, value), p, len(pairs), len(draws))


def paired(a: Sequence[Run], b: Sequence[Run], free: Sequence[str]) -> list[Pair]:
    """The runs of `a` with those of `b` that are like them in all axes but the free ones; several are one side of a pair together.

    A run that has no seed, for nothing was trained, goes with those of every seed; a vote with those of all seeds together.
    """
    voted = [SEED] if any(run.is_vote for run in (*a, *b)) else []

    def place(run: Run, but: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
        return tuple(sorted((axis, label) for axis, label in run.at.items() if axis not in {*free, *voted, *but}))

    def at_places(runs: Sequence[Run], but: Sequence[str] = ()) -> dict[tuple[tuple[str, str], ...], list[Run]]:
        found: dict[tuple[tuple[str, str], ...], list[Run]] = {}
        for run in runs:
            found.setdefault(place(run, but), []).append(run)
        return found

    ours, theirs = at_places(a), at_places(b)
    if not voted and all(SEED not in run.at for run in a) and any(SEED in run.at for run in b):
        return [(ours[here], runs) for runs in theirs.values() if (here := place(runs[0], [SEED])) in ours]
    unseeded = at_places([run for run in b if SEED not in run.at])
    pairs = [(runs, theirs.get(here) or unseeded.get(place(runs[0], [SEED]), [])) for here, runs in ours.items()]
    return [(ours, theirs) for ours, theirs in pairs if theirs]


def mean_score(runs: Sequence[Run], metric: str) -> float:
    return float(np.mean([run.scores[metric] for run in runs]))


def examples_drawn(runs: Sequence[Run], metric: str) -> np.ndarray:
    """[runs, R]: each run's score on the draws of the test examples; R = 1, the score itself, where not all kept them."""
    kept = [run.resampled.get(metric) for run in runs]
    scores = np.array([[run.scores[metric]] for run in runs])
    whole = [array.astype(np.float64) for array in kept if array is not None]
    if len(whole) < len(runs) or len({len(array) for array in whole}) > 1:
        return scores
    drawn = np.stack(whole)
    off = drawn.mean(axis=1, keepdims=True) - scores  # a corpus score's draws lie a little off the score itself
    return drawn - off


def scores_drawn(runs: Sequence[Run], metric: str) -> np.ndarray:
    """[trials, R]: the trials' scores on the draws of the test examples."""
    return trials(examples_drawn(runs, metric), [trial_of([run]) for run in runs])


def differences_drawn(pairs: Sequence[Pair], metric: str) -> np.ndarray:
    """[trials, R]: differences on the draws; R = 1 where not all runs kept theirs."""
    return trials(pairs_drawn(pairs, metric), [trial_of([*a, *b]) for a, b in pairs])


def trial_of(runs: Sequence[Run]) -> tuple[str, ...]:
    """What a figure of these runs shares with others' that is luck: the subset of the data, else the seed; () of a vote."""
    if any(run.is_vote for run in runs):
        return ()
    seeds = [(run.at[SEED],) for run in runs if SEED in run.at]
    return runs[0].subset or (seeds[0] if seeds else ())


def trials(scores: np.ndarray, shared: Sequence[tuple[str, ...]]) -> np.ndarray:
    """[n, R] -> [trials, R]: the mean of those that share their luck; those that share none are trials of their own."""
    if not all(shared):
        return scores
    return np.stack([scores[[luck == one for luck in shared]].mean(axis=0) for one in dict.fromkeys(shared)])


def pairs_drawn(pairs: Sequence[Pair], metric: str) -> np.ndarray:
    """[pairs, R]"""
    ours, theirs = ([examples_drawn(pair[side], metric).mean(axis=0) for pair in pairs] for side in (0, 1))
    if len({len(draws) for draws in (*ours, *theirs)}) > 1:
        return np.array([[mean_score(a, metric) - mean_score(b, metric)] for a, b in pairs])
    for number, (a, b) in enumerate(pairs):
        if len({run.scored_on for run in (*a, *b)}) > 1:  # other examples: their draws have nothing to do with these
            theirs[number] = theirs[number][generator().permutation(len(theirs[number]))]
    return np.stack(ours) - np.stack(theirs)


@dataclass(frozen=True)
class Spread:
    """How trials err: the standard deviation of their scores, and how sure that one is."""

    deviation: float
    freedom: int  # degrees of freedom

    @classmethod
    def of(cls, *groups: np.ndarray) -> "Spread":
        """Of several groups of trials [trials, R] that err alike, whatever their means."""
        means = [group.mean(axis=1) for group in groups]
        freedom = sum(len(group) - 1 for group in means)
        off = sum(float(np.sum((group - group.mean()) ** 2)) for group in means)
        return cls(float(np.sqrt(off / freedom)) if freedom else 0.0, freedom)


def drawn(scores: np.ndarray, rng: np.random.Generator, spread: Spread | None = None) -> np.ndarray:
    """[DRAWS]: where the mean over trials may lie, from their scores on draws of the examples [trials, R], by their own spread."""
    spread = spread or Spread.of(scores)
    means = scores.mean(axis=0)[np.arange(DRAWS) % scores.shape[1]]
    if not spread.freedom:
        return means
    return means + spread.deviation / np.sqrt(len(scores)) * rng.standard_t(spread.freedom, size=DRAWS)


def interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(draws, [TAIL_PERCENT, 100 - TAIL_PERCENT])
    return float(low), float(high)


def generator() -> np.random.Generator:
    """The same for every figure, so that a report made again is the same report."""
    return np.random.default_rng(0)
