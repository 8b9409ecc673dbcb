"""How sure a figure is, and whether two differ: by chance of seeds and of test examples together.

Comes in:  runs with their scores.      Goes out: means, spreads, 95 % intervals; differences of pairs, with p.

A score would be another with other test examples and with other seeds. Of the examples each run has kept its scores on the
bootstrap's draws, the same draws for all, so that what two runs share cancels in their difference. Of seeds there are few, so the
mean over n runs (of a difference: n pairs of runs) is taken to err as Student's t does, s / sqrt(n) with n - 1 degrees of freedom.
Both are added up, draw by draw. Of fewer than FEWEST runs nothing is concluded, and of one nothing of seeds is known.

Source: Koehn (2004) for the examples; Student (1908) for the runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from foreword.report.results import Run

DRAWS = 2000
FEWEST = 3  # runs, or pairs of runs, that say anything of other seeds
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
    """A mean over pairs of runs, its 95 % interval, and p: how often draws fall on the other side of zero, twice; 1 of too few."""

    value: float
    low: float
    high: float
    p: float
    num_pairs: int


def estimate(runs: Sequence[Run], metric: str) -> Estimate:
    """The mean score of runs that differ in what is averaged over."""
    values = [run.scores[metric] for run in runs]
    low, high = interval(drawn(examples_drawn(runs, metric), generator()))
    deviation = float(np.std(values, ddof=1)) if len(values) > 1 else None
    value = float(np.mean(values))
    return Estimate(value, min(low, value), max(high, value), deviation, len(values))


def difference(pairs: Sequence[tuple[Run, Run]], metric: str) -> Difference:
    """By how much the first of each pair is above the second."""
    value = float(np.mean([a.scores[metric] - b.scores[metric] for a, b in pairs]))
    draws = drawn(differences_drawn(pairs, metric), generator())
    low, high = interval(draws)
    other_side = min(float(np.mean(draws <= 0)), float(np.mean(draws >= 0)))
    p = min(1.0, max(2 * other_side, 1 / DRAWS)) if len(pairs) >= FEWEST else 1.0
    return Difference(value, min(low, value), max(high, value), p, len(pairs))


def paired(a: Sequence[Run], b: Sequence[Run], free: Sequence[str]) -> list[tuple[Run, Run]]:
    """Each run of `a` with the one of `b` that is like it in all axes but the free ones.

    A run that has no seed (nothing was trained; a vote) goes with those of every seed.
    """

    def place(run: Run, without_seed: bool = False) -> tuple[tuple[str, str], ...]:
        gone = {*free, "seed"} if without_seed else set(free)
        return tuple(sorted((axis, label) for axis, label in run.at.items() if axis not in gone))

    exact = {place(run): run for run in b}
    unseeded = {place(run, True): run for run in b if "seed" not in run.at}
    found = []
    for run in a:
        if place(run) in exact:
            found.append((run, exact[place(run)]))
        elif place(run, True) in unseeded:
            found.append((run, unseeded[place(run, True)]))
        elif "seed" not in run.at:
            found += [(run, other) for other in b if place(other, True) == place(run)]
    return found


def examples_drawn(runs: Sequence[Run], metric: str) -> np.ndarray:
    """[runs, R]: each run's score on the draws of the test examples; R = 1, the score itself, where not all kept them."""
    kept = [run.resampled.get(metric) for run in runs]
    scores = np.array([[run.scores[metric]] for run in runs])
    whole = [array.astype(np.float64) for array in kept if array is not None]
    if len(whole) < len(runs) or len({len(array) for array in whole}) > 1:
        return scores
    drawn = np.stack(whole)
    return (
        drawn - drawn.mean(axis=1, keepdims=True) + scores
    )  # a corpus score's draws lie a little off the score itself


def differences_drawn(pairs: Sequence[tuple[Run, Run]], metric: str) -> np.ndarray:
    """[pairs, R]: the pairs' differences on the draws; R = 1 where a pair was not scored on the same draws of the same examples."""
    if all(a.scored_on == b.scored_on for a, b in pairs):
        a, b = (examples_drawn([pair[side] for pair in pairs], metric) for side in (0, 1))
        if a.shape == b.shape:
            return a - b
    return np.array([[a.scores[metric] - b.scores[metric]] for a, b in pairs])


def drawn(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[DRAWS]: where the mean over runs may lie, from the runs' scores on draws of the examples [runs, R]."""
    num_runs, num_resamples = scores.shape
    means = scores.mean(axis=0)[np.arange(DRAWS) % num_resamples]
    if num_runs == 1:
        return means
    error = scores.mean(axis=1).std(ddof=1) / np.sqrt(num_runs)
    return means + error * rng.standard_t(num_runs - 1, size=DRAWS)


def interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(draws, [TAIL_PERCENT, 100 - TAIL_PERCENT])
    return float(low), float(high)


def generator() -> np.random.Generator:
    """The same for every figure, so that a report made again is the same report."""
    return np.random.default_rng(0)
