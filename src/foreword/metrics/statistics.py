"""The form in which every metric hands over its counts.

Comes in:  one row of numbers per example and a way from summed rows to a score.
Goes out:  Statistics, from which a score and its resamples follow without looking at a text again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np


@dataclass(frozen=True)
class Statistics:
    """Sufficient statistics per example [num_examples, K], and the score that sums [K] of them give."""

    rows: np.ndarray
    aggregate: Callable[[np.ndarray], float]
    traits: str  # how it was counted, as the signature's middle part: "case:lc|tok:13a|..."

    def score(self) -> float:
        return self.aggregate(self.rows.sum(axis=0))


def mean_of(values: Sequence[float], traits: str) -> Statistics:
    """Statistics of a metric whose corpus score is the mean over examples."""
    rows = np.stack([np.asarray(values, dtype=np.float64), np.ones(len(values))], axis=1)
    return Statistics(rows, lambda sums: float(sums[0] / sums[1]), traits)


def versions(*packages: str) -> str:
    """The signature's last part: "sacrebleu:2.6.0|..."."""
    return "|".join(f"{package}:{version(package)}" for package in packages)
