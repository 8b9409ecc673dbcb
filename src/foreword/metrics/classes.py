"""Metrics of answers that are one of a few words: an answer counts when it is the reference, but for case, ends and full stops.

Comes in:  Texts.      Goes out: Statistics. An answer that is no word of any class is wrong, as in Lester et al. (2021).
"""

from collections.abc import Callable

import numpy as np

from foreword.metrics.statistics import Statistics, mean_of
from foreword.metrics.texts import Texts

TRAITS = "case:lc|strip:space,stop"


def plain(text: str) -> str:
    return text.strip().strip(".").strip().lower()


def right(texts: Texts) -> list[bool]:
    """Whether each answer is one of its references."""
    pairs = zip(texts.hypotheses, texts.references, strict=True)
    return [plain(answer) in map(plain, references) for answer, references in pairs]


def accuracy(texts: Texts) -> Statistics:
    return mean_of([float(hit) for hit in right(texts)], TRAITS)


def majority(texts: Texts) -> Statistics:
    """What always giving the most frequent right answer would score; the answers given have no say in it."""
    wanted = [plain(references[0]) for references in texts.references]
    words = sorted(set(wanted))
    rows = np.array([[word == each for each in words] for word in wanted], dtype=np.float64)
    return Statistics(rows, lambda sums: float(sums.max() / sums.sum()), f"{TRAITS}|classes:{len(words)}")


def exact_match(texts: Texts) -> Statistics:
    """The share of units (questions) of which every answer is right; the rows are units."""
    together: dict[str, bool] = {}
    for number, (hit, unit) in enumerate(zip(right(texts), texts.units, strict=True)):
        name = unit or f"alone {number}"
        together[name] = together.get(name, True) and hit
    return mean_of([float(hit) for hit in together.values()], f"{TRAITS}|of:units")


def f1_of(texts: Texts, word: str) -> Statistics:
    """F1 of the class that one word stands for (MultiRC's F1a: "yes", over all answers)."""
    return Statistics(counts(texts, [plain(word)]), mean_f1(1), f"{TRAITS}|of:{word}")


def macro_f1(texts: Texts) -> Statistics:
    """The mean over the classes that occur among the references of their F1 (CB)."""
    words = sorted({plain(reference) for references in texts.references for reference in references})
    return Statistics(counts(texts, words), mean_f1(len(words)), f"{TRAITS}|classes:{len(words)}")


def counts(texts: Texts, words: list[str]) -> np.ndarray:
    """[num_examples, 3 * classes]: hit, answered, wanted, for each class."""
    rows = []
    for answer, references in zip(texts.hypotheses, texts.references, strict=True):
        said, wanted = plain(answer), set(map(plain, references))
        row = [(said == w and w in wanted, said == w, w in wanted) for w in words]
        rows.append(np.asarray(row, dtype=np.float64).ravel())
    return np.stack(rows)


def mean_f1(num_classes: int) -> Callable[[np.ndarray], float]:
    """Sums of counts -> the mean F1; a class that is neither answered nor wanted counts 0."""

    def score(sums: np.ndarray) -> float:
        hit, answered, wanted = sums.reshape(num_classes, 3).T
        return float(np.mean(2 * hit / np.maximum(answered + wanted, 1)))

    return score
