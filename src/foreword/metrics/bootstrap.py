"""How sure a score is: bootstrap resampling of examples.

Comes in:  Statistics and a seed.      Goes out: the score of each resample, and their 95 % interval. Looks at no text.

Source: Koehn (2004), "Statistical significance tests for machine translation evaluation".
"""

import numpy as np

from foreword.metrics.statistics import Statistics

TAIL_PERCENT = 2.5  # on either side


def resampled(statistics: Statistics, seed: int, resamples: int) -> np.ndarray:
    """[resamples]: the score of each of so many draws of as many examples, with replacement.

    The same seed draws the same examples for every metric and every system, so two systems' scores of one draw are a pair.
    """
    rng = np.random.default_rng(seed)
    num_examples = len(statistics.rows)
    scores = np.empty(resamples)
    for index in range(resamples):
        times_drawn = np.bincount(rng.integers(num_examples, size=num_examples), minlength=num_examples)
        scores[index] = statistics.aggregate(times_drawn @ statistics.rows)
    return scores


def interval(scores: np.ndarray, value: float) -> tuple[float, float]:
    """The 95 % percentile interval of resampled scores.

    On a handful of examples a corpus score can lie outside the percentiles of its resamples; the interval is then widened to
    hold the score itself, `value`.
    """
    low, high = np.percentile(scores, [TAIL_PERCENT, 100 - TAIL_PERCENT])
    return min(float(low), value), max(float(high), value)
