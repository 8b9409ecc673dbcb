"""The front door of scoring: texts in, scores with intervals and signatures out.

Comes in:  hypotheses, references and the names of metrics.
Goes out:  Scores. A metric whose tool is missing is skipped with its reason; the others are still scored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from foreword.errors import BadData, MissingTool
from foreword.metrics.registry import METRICS, check_name, measure
from foreword.metrics.scores import Score, Scores
from foreword.metrics.texts import Texts

if TYPE_CHECKING:
    import numpy as np

    from foreword.metrics.statistics import Statistics


def score(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    metrics: Iterable[str],
    seed: int = 0,
    resamples: int = 1000,
    units: Sequence[str] = (),
) -> Scores:
    """Score texts by some metrics.

    Args:
        hypotheses: one text per example; an empty one is scored as such.
        references: per example one or more texts.
        metrics: names from METRICS.
        seed: of the bootstrap; the same seed draws the same examples for every metric.
        resamples: of the bootstrap, at least 1.
        units: per example the name of what it is part of (a question), for metrics that count those; none = each stands alone.

    Raises:
        UnknownName: a metric that does not exist; nothing has been scored then.
        BadData: nothing to score, numbers that differ, an example without a usable reference.
    """
    names = list(dict.fromkeys(metrics))
    for name in names:
        check_name(name)
    if not names:
        raise BadData("metrics", f"none was named; known are {', '.join(sorted(METRICS))}")
    if resamples < 1:
        raise BadData("resamples", f"must be at least 1, got {resamples}")
    from foreword.metrics import bootstrap  # numpy

    texts = Texts(hypotheses, references, units)
    scores: dict[str, Score] = {}
    resampled: dict[str, np.ndarray] = {}
    skipped: dict[str, str] = {}
    for name in names:
        try:
            statistics = measure(name, texts)
        except MissingTool as reason:
            skipped[name] = str(reason)
        else:
            resampled[name] = bootstrap.resampled(statistics, seed, resamples)
            scores[name] = _summarize(name, statistics, texts.num_references, seed, resampled[name])
    return Scores(scores, skipped, resampled)


def _summarize(name: str, statistics: Statistics, num_references: str, seed: int, resampled: np.ndarray) -> Score:
    from foreword.metrics.bootstrap import interval

    resamples, value = len(resampled), statistics.score()
    low, high = interval(resampled, value)
    signature = f"{name}|refs:{num_references}|bs:{resamples}|seed:{seed}|{statistics.traits}"
    return Score(name, value, low, high, len(statistics.rows), signature)
