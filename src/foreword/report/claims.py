"""Whether what a paper says holds here.

Comes in:  claims of a sweep, its results.      Goes out: a Verdict for each: holds, does not hold, or cannot be told, with the
figures it rests on. A claim holds where the whole 95 % interval agrees with it, does not where none of it does.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foreword.recipe import ClaimRecipe
from foreword.report.compare import (
    DRAWS,
    FEWEST,
    Spread,
    difference,
    differences_drawn,
    drawn,
    generator,
    interval,
    mean_score,
    paired,
    scores_drawn,
)
from foreword.report.results import Results, Run, is_better_lower
from foreword.sweep.grid import SEED, matches

HOLDS, FAILS, OPEN = "holds", "does not hold", "cannot tell"
Word = Literal["holds", "does not hold", "cannot tell"]
NO_SPREAD = 1e-9  # beside a standard deviation, which is 0 where runs do not differ


@dataclass(frozen=True)
class Verdict:
    """A claim, the word on it, and the figures in a sentence."""

    claim: ClaimRecipe
    word: Word
    figures: str

    @property
    def told(self) -> str:
        """Who says so, with which figures, and the figures here."""
        published = f" There: {self.claim.published}." if self.claim.published else ""
        return f"{self.claim.source}.{published} Here ({self.claim.metric}): {self.figures}."

    @property
    def why(self) -> str:
        """What we think is the reason that it does not hold; "" where it does, or where nobody has said."""
        return "" if self.word == HOLDS else self.claim.why


def verdicts(results: Results) -> list[Verdict]:
    return [judged(claim, results) for claim in results.sweep.claims]


def judged(claim: ClaimRecipe, results: Results) -> Verdict:
    sides = [results.chosen(**side) for side in (claim.a, claim.b)]
    a, b = ([run for run in side if claim.metric in run.scores] for side in sides)
    if not all(sides):
        return Verdict(claim, OPEN, "the runs it is about are not there")
    if not a or not b:
        return Verdict(claim, OPEN, f"the runs it is about have no score {claim.metric}")
    judge = {"better": better, "no-worse": better, "equal": better, "steadier": steadier, "narrows": narrows}.get(
        claim.kind
    )
    word, figures = judge(claim, results, a, b) if judge else along_axis(claim, results, a)
    if claim.kind != "steadier" and any(claim.metric not in run.resampled for run in (*a, *b)):
        figures += "; of other seeds alone, not of other test examples"
    return Verdict(claim, word, figures)


def better(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    pairs = paired(a, b, free_axes(claim))
    if not pairs:
        return OPEN, "no two runs of it are alike in all else"
    found, sign = difference(pairs, claim.metric), -1 if is_better_lower(claim.metric) else 1
    low, high = sorted((sign * found.low, sign * found.high))
    figures = (
        f"{statistics.mean(mean_score(x, claim.metric) for x, _ in pairs):.3f} against "
        f"{statistics.mean(mean_score(x, claim.metric) for _, x in pairs):.3f}: {signed(found.value)}, 95 % interval "
        f"{signed(found.low)} to {signed(found.high)}, {counted(len(pairs), 'pair')}"
    )
    if found.num_trials < found.num_pairs:
        of_subsets = pairs[0][0][0].subset
        figures += f" {'on' if of_subsets else 'of'} {counted(found.num_trials, 'subset' if of_subsets else 'seed')}"
        figures += " of the data" if of_subsets else ""
    figures += asked(claim)
    if found.num_trials < FEWEST:
        return OPEN, f"{figures}; a verdict needs {FEWEST}"
    if claim.kind == "equal":
        return word_of(-claim.by < low and high < claim.by, low > claim.by or high < -claim.by), figures
    least = claim.by if claim.kind == "better" else -claim.by
    return word_of(low > least, high <= least), figures


def asked(claim: ClaimRecipe) -> str:
    """What a difference is held against, where that is not zero; which way is better, where that is down."""
    is_lower = is_better_lower(claim.metric)
    over, sign = ("under", -1) if is_lower else ("over", 1)
    margin = {
        "better": f"{over} {signed(sign * claim.by)}",
        "no-worse": f"{over} {signed(-sign * claim.by)}",
        "equal": f"within ±{claim.by:.3f}",
    }
    told = [f"asked: {margin[claim.kind]}"] if claim.by else []
    told += ["lower is better"] if is_lower else []
    return "".join(f"; {part}" for part in told)


def steadier(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    """Whether a's standard deviation is the smaller: of runs that differ in nothing but what is averaged over.

    A variance with f degrees of freedom is taken to err as chi-squared / f does, their ratio as Fisher's F. Groups on the same
    subsets of the data share their luck, and count as one.
    """
    groups = [groups_of(runs, results) for runs in (a, b)]
    if any(num_trials(group) < FEWEST for side in groups for group in side):
        return OPEN, f"a spread needs {FEWEST} runs or more of each"
    rng = generator()
    ours, theirs = (
        pooled([np.array([run.scores[claim.metric] for run in group]) for group in side]) for side in groups
    )
    freedoms = [freedom(side) for side in groups]
    off_a, off_b = (np.log(f / rng.chisquare(f, DRAWS)) / 2 for f in freedoms)
    ratio = (ours + NO_SPREAD) / (theirs + NO_SPREAD)
    low, high = interval(ratio * np.exp(off_a - off_b))
    figures = (
        f"standard deviation {ours:.3f} against {theirs:.3f}: {ratio:.2f} times as much, 95 % interval {low:.2f} to {high:.2f}, "
        f"of {freedoms[0]} and {freedoms[1]} degrees of freedom"
    )
    return word_of(high < 1, low > 1), figures


def narrows(claim: ClaimRecipe, results: Results, a: Sequence[Run], b: Sequence[Run]) -> tuple[Word, str]:
    """Whether a's lead over b falls along the axis: the slope of a line through the leads, labels at equal distances."""

    def lead(label: str) -> tuple[float, np.ndarray] | None:
        pairs = paired(at(a, claim, label), at(b, claim, label), free_axes(claim))
        return (difference(pairs, claim.metric).value, differences_drawn(pairs, claim.metric)) if pairs else None

    found = curve(results.axes[claim.along], lead, any(run.subset for run in a))
    told = ", ".join(f"{label}: {signed(value)}" for label, value in found.values.items())
    told += without(missing_labels(claim, results, found))
    if len(found.values) < 2 or found.fewest < FEWEST:
        return OPEN, f"lead at {told}; a verdict needs {FEWEST} pairs at two labels or more"
    leads = -found.draws if is_better_lower(claim.metric) else found.draws
    low, high = interval(slopes(leads))
    figures = f"lead at {told}; {sloping(low, high)}"
    if interval(leads[0])[0] <= 0:
        return OPEN, f"{figures}; at {next(iter(found.values))} there is no lead that could shrink"
    return word_of(high < 0, low > 0), figures


def along_axis(claim: ClaimRecipe, results: Results, runs: Sequence[Run]) -> tuple[Word, str]:
    """Whether the score rises, falls, or is highest somewhere between the ends."""

    def score(label: str) -> tuple[float, np.ndarray] | None:
        here = at(runs, claim, label)
        return (mean_score(here, claim.metric), scores_drawn(here, claim.metric)) if here else None

    found = curve(results.axes[claim.along], score, any(run.subset for run in runs))
    told = ", ".join(f"{label}: {value:.3f}" for label, value in found.values.items())
    missing = missing_labels(claim, results, found)
    told += without(missing)
    if len(found.values) < 3 or found.fewest < FEWEST:
        return OPEN, f"{told}; a verdict needs {FEWEST} runs at three labels or more"
    if claim.kind == "peaks":
        if missing:
            return OPEN, f"{told}; where the peak is needs them all"
        word, figures = peaked(found, -1 if is_better_lower(claim.metric) else 1)
        return word, f"{told}; {figures}"
    low, high = interval(slopes(found.draws))
    falls = claim.kind == "falls"
    figures = f"{told}; {sloping(low, high)}"
    return word_of(high < 0 if falls else low > 0, low > 0 if falls else high < 0), figures


def peaked(found: "Curve", sign: int) -> tuple[Word, str]:
    """Whether a label between the ends is better than both, by more than the best of as many is by chance alone.

    One that is picked for being the best is above an end even where nothing differs. How far, with what certainty: the largest
    of their errors, draw by draw, as Dunnett (1955) holds several against one. It fails where all are below one of the ends.
    """
    labels, values = list(found.values), sign * np.array(list(found.values.values()))
    draws = sign * found.draws
    best = 1 + int(values[1:-1].argmax())
    above, beyond_chance, is_below = [], [], []
    for end in (0, len(values) - 1):
        leads = draws[1:-1] - draws[end]
        errors = (leads - leads.mean(axis=1, keepdims=True)).max(axis=0)
        above.append(values[best] - values[end])
        beyond_chance.append(interval(errors)[1])
        is_below.append(all(interval(lead)[1] < 0 for lead in leads))
    figures = (
        f"between the ends {labels[best]} is best: {signed(sign * above[0])} on {labels[0]} and {signed(sign * above[1])} on "
        f"{labels[-1]}, where {beyond_chance[0]:.3f} and {beyond_chance[1]:.3f} would be beyond chance"
    )
    return word_of(all(a > most for a, most in zip(above, beyond_chance, strict=True)), any(is_below)), figures


@dataclass(frozen=True)
class Curve:
    """Values along an axis, where each may lie [labels, DRAWS], and of how many trials the least sure one is."""

    values: Mapping[str, float]
    draws: np.ndarray
    fewest: int


def curve(
    labels: Sequence[str], measured: Callable[[str], tuple[float, np.ndarray] | None], share_subsets: bool = False
) -> Curve:
    """`measured`: of a label the value and the scores it is the mean of [trials, R]; None where there are none.

    The trials of all labels are taken to err alike, so that three seeds of each of nine say as much as nineteen of one. Not where
    labels share subsets of the data, whose luck is the same at each.
    """
    found = {label: made for label in labels if (made := measured(label)) is not None}
    rng = generator()
    scores = [scores for _, scores in found.values()]
    spread = None if share_subsets or not scores else Spread.of(*scores)
    draws = [drawn(here, rng, spread) for here in scores]
    return Curve(
        {label: value for label, (value, _) in found.items()}, np.array(draws), min(map(len, scores), default=0)
    )


def missing_labels(claim: ClaimRecipe, results: Results, found: Curve) -> list[str]:
    """What the claim is about along its axis and has no runs, or none that can be compared."""
    chosen = [side[claim.along] for side in (claim.a, claim.b) if claim.along in side]
    about = [x for x in results.axes[claim.along] if all(matches({claim.along: x}, {claim.along: y}) for y in chosen)]
    return [label for label in about if label not in found.values]


def without(labels: Sequence[str]) -> str:
    return f"; without {', '.join(labels)}" if labels else ""


def at(runs: Sequence[Run], claim: ClaimRecipe, label: str) -> list[Run]:
    return [run for run in runs if run.at.get(claim.along) == label]


def free_axes(claim: ClaimRecipe) -> list[str]:
    """Axes in which the two of a pair differ."""
    return [axis for axis in {**claim.a, **claim.b} if claim.a.get(axis) != claim.b.get(axis)]


def groups_of(runs: Sequence[Run], results: Results) -> list[list[Run]]:
    """Runs that are alike but for what is averaged over."""
    over, groups = {SEED, *results.sweep.across}, {}
    for run in runs:
        key = tuple((axis, label) for axis, label in run.at.items() if axis not in over)
        groups.setdefault(key, []).append(run)
    return list(groups.values())


def num_trials(group: Sequence[Run]) -> int:
    return len({run.subset or run.name for run in group})


def freedom(groups: Sequence[Sequence[Run]]) -> int:
    """Degrees of freedom of a standard deviation within groups."""
    if any(run.subset for group in groups for run in group):
        return min(map(num_trials, groups)) - 1
    return sum(len(group) - 1 for group in groups)


def pooled(groups: Sequence[np.ndarray]) -> float:
    """The standard deviation within groups, theirs pooled, each as far as its runs tell it."""
    variances = [np.var(group, ddof=1) for group in groups]
    return float(np.sqrt(np.average(variances, weights=[len(group) - 1 for group in groups])))


def slopes(scores: np.ndarray) -> np.ndarray:
    """[labels, DRAWS] -> [DRAWS]: of the straight line nearest to the labels' scores, a step from label to label."""
    steps = np.arange(len(scores)) - (len(scores) - 1) / 2
    return steps @ scores / (steps @ steps)


def sloping(low: float, high: float) -> str:
    return f"on average {signed(low)} to {signed(high)} from one to the next"


def word_of(holds: bool, fails: bool) -> Word:
    return HOLDS if holds else FAILS if fails else OPEN


def signed(value: float) -> str:
    return f"{value:+.3f}"


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
