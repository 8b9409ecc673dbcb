"""Whether what a paper says holds here.

Comes in:  claims of a sweep, its results.      Goes out: a Verdict for each: holds, does not hold, or cannot be told, with the
figures it rests on. A claim holds where the whole 95 % interval agrees with it, does not where none of it does.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foreword.recipe import ClaimRecipe
from foreword.report.compare import (
    DRAWS,
    FEWEST,
    difference,
    differences_drawn,
    drawn,
    estimate,
    examples_drawn,
    generator,
    interval,
    mean_score,
    paired,
)
from foreword.report.results import Results, Run, is_better_lower

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell"
Word = Literal["holds", "does not hold", "cannot tell"]
SURE = 0.95


@dataclass(frozen=True)
class Verdict:
    """A claim, the word on it, and the figures in a sentence."""

    claim: ClaimRecipe
    word: Word
    figures: str


def verdicts(results: Results) -> list[Verdict]:
    return [judged(claim, results) for claim in results.sweep.claims]


def judged(claim: ClaimRecipe, results: Results) -> Verdict:
    a = [run for run in results.chosen(**claim.a) if claim.metric in run.scores]
    b = [run for run in results.chosen(**claim.b) if claim.metric in run.scores] if claim.b else []
    if not a or (claim.b and not b):
        return Verdict(claim, OPEN, "the runs it is about are not there")
    judge = {"better": better, "no-worse": better, "steadier": steadier, "narrows": narrows}.get(claim.kind)
    word, figures = judge(claim, results, a, b) if judge else along_axis(claim, results, a)
    return Verdict(claim, word, figures)


def better(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    pairs = paired(a, b, free_axes(claim))
    if not pairs:
        return OPEN, "no two runs of it are alike in all else"
    found, sign = difference(pairs, claim.metric), -1 if is_better_lower(claim.metric) else 1
    low, high = sorted((sign * found.low, sign * found.high))
    least = claim.by if claim.kind == "better" else -claim.by
    figures = (
        f"{statistics.mean(mean_score(x, claim.metric) for x, _ in pairs):.3f} against "
        f"{statistics.mean(mean_score(x, claim.metric) for _, x in pairs):.3f}: {signed(found.value)}, 95 % interval "
        f"{signed(found.low)} to {signed(found.high)}, {counted(len(pairs), 'pair')}"
    )
    if len(pairs) < FEWEST:
        return OPEN, f"{figures}; a verdict needs {FEWEST}"
    return word_of(low > least, high <= least), figures


def steadier(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    """Whether a's standard deviation is the smaller: of runs that differ in nothing but what is averaged over."""
    groups = [groups_of(runs, results) for runs in (a, b)]
    if any(len(group) < FEWEST for side in groups for group in side):
        return OPEN, f"a spread needs {FEWEST} runs or more of each"
    rng = generator()
    values = [[np.array([run.scores[claim.metric] for run in group]) for group in side] for side in groups]
    ratios = np.empty(DRAWS)
    for draw in range(DRAWS):
        sides = [pooled([rng.choice(group, len(group)) for group in side]) for side in values]
        ratios[draw] = np.log((sides[0] + 1e-9) / (sides[1] + 1e-9))
    low, high = interval(ratios)
    spreads = [pooled(side) for side in values]
    figures = (
        f"standard deviation {spreads[0]:.3f} against {spreads[1]:.3f}: {np.exp(np.log(spreads[0] / spreads[1])):.2f} of it, "
        f"95 % interval {np.exp(low):.2f} to {np.exp(high):.2f}"
    )
    return word_of(high < 0, low > 0), figures


def narrows(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    """Whether a's lead over b falls along the axis: the slope of a line through the leads, a step for each label."""
    labels, leads, draws, fewest, rng = [], [], [], FEWEST, generator()
    for label in results.axes[claim.along]:
        here = [[run for run in side if run.at.get(claim.along) == label] for side in (a, b)]
        if pairs := paired(here[0], here[1], free_axes(claim)):
            labels.append(label)
            fewest = min(fewest, len(pairs))
            leads.append(difference(pairs, claim.metric).value)
            draws.append(drawn(differences_drawn(pairs, claim.metric), rng))
    told = ", ".join(f"{label}: {signed(lead)}" for label, lead in zip(labels, leads, strict=True))
    if len(labels) < 2 or fewest < FEWEST:
        return OPEN, f"lead at {told}; a verdict needs {FEWEST} pairs at two labels or more"
    sign = -1 if is_better_lower(claim.metric) else 1
    low, high = interval(sign * slopes(np.stack(draws)))
    return word_of(high < 0, low > 0), f"lead at {told}; slope {signed(low)} to {signed(high)} a step"


def along_axis(claim: ClaimRecipe, results: Results, runs: Sequence[Run]) -> tuple[Word, str]:
    """Whether the score rises, falls, or is highest somewhere between the ends."""
    labels, means, draws, fewest, rng = [], [], [], FEWEST, generator()
    for label in results.axes[claim.along]:
        if here := [run for run in runs if run.at.get(claim.along) == label]:
            labels.append(label)
            fewest = min(fewest, len(here))
            means.append(estimate(here, claim.metric).value)
            draws.append(drawn(examples_drawn(here, claim.metric), rng))
    told = ", ".join(f"{label}: {mean:.3f}" for label, mean in zip(labels, means, strict=True))
    if len(labels) < 3 or fewest < FEWEST:
        return OPEN, f"{told}; a verdict needs {FEWEST} runs at three labels or more"
    scores = np.stack(draws)
    if claim.kind == "peaks":
        best = (-scores if is_better_lower(claim.metric) else scores).argmax(axis=0)
        inside = float(np.mean((best > 0) & (best < len(labels) - 1)))
        return word_of(inside >= SURE, inside <= 1 - SURE), f"{told}; best between the ends in {inside:.0%} of draws"
    low, high = interval(slopes(scores))
    falls = claim.kind == "falls"
    figures = f"{told}; slope {signed(low)} to {signed(high)} a step"
    return word_of(high < 0 if falls else low > 0, low > 0 if falls else high < 0), figures


def free_axes(claim: ClaimRecipe) -> list[str]:
    """Axes in which the two of a pair differ."""
    return [axis for axis in {**claim.a, **claim.b} if claim.a.get(axis) != claim.b.get(axis)]


def groups_of(runs: Sequence[Run], results: Results) -> list[list[Run]]:
    """Runs that are alike but for what is averaged over."""
    over, groups = {"seed", *results.sweep.across}, {}
    for run in runs:
        key = tuple((axis, label) for axis, label in run.at.items() if axis not in over)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def pooled(groups: Sequence[np.ndarray]) -> float:
    """The standard deviation within groups, theirs pooled."""
    return float(np.sqrt(np.mean([np.var(group, ddof=1) for group in groups])))


def slopes(scores: np.ndarray) -> np.ndarray:
    """[labels, DRAWS] -> [DRAWS]: of the straight line nearest to the labels' scores, a step from label to label."""
    steps = np.arange(len(scores)) - (len(scores) - 1) / 2
    return steps @ scores / (steps @ steps)


def word_of(holds: bool, fails: bool) -> Word:
    return HOLDS if holds else FAILS if fails else OPEN


def signed(value: float) -> str:
    return f"{value:+.3f}"


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
