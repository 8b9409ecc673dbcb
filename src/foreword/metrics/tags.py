"""Metrics of answers that are a tag for every word: words right, and spans right from end to end.

Comes in:  Texts, tags between spaces.      Goes out: Statistics.
A word that got no tag is wrong; a tag beyond the words is not seen.

Source: spans as conlleval reads them (Tjong Kim Sang and De Meulder, 2003, CoNLL's shared task): B- begins one, and so does an
I- behind another kind of span or behind none.
"""

import numpy as np

from foreword.metrics.classes import mean_f1
from foreword.metrics.statistics import Statistics
from foreword.metrics.texts import Texts


def tag_accuracy(texts: Texts) -> Statistics:
    """The share of all words whose tag is right."""
    rows = [(sum(a == b for a, b in zip(said, wanted, strict=False)), len(wanted)) for said, wanted in both(texts)]
    return Statistics(np.array(rows, dtype=np.float64), lambda sums: float(sums[0] / sums[1]), "of:words")


def span_f1(texts: Texts) -> Statistics:
    """F1 of all spans, whatever their kind (micro), a span being right if its beginning, end and kind are."""
    rows = []
    for said, wanted in both(texts):
        found, there = spans(said[: len(wanted)]), spans(wanted)
        rows.append((len(found & there), len(found), len(there)))
    return Statistics(np.array(rows, dtype=np.float64), mean_f1(1), "scheme:bio|mean:micro")


def both(texts: Texts) -> list[tuple[list[str], list[str]]]:
    """Tags said and tags wanted of each text."""
    return [(said.split(), wanted[0].split()) for said, wanted in zip(texts.hypotheses, texts.references, strict=True)]


def spans(tags: list[str]) -> set[tuple[int, int, str]]:
    """(first word, last word, kind) of each span; a tag that is neither B-, I- nor O is a kind by itself, a span each."""
    found: list[tuple[int, int, str]] = []
    inside = False
    for place, tag in enumerate(tags):
        head, _, kind = tag.partition("-")
        if tag == "O":
            inside = False
        elif head == "I" and inside and found[-1][2] == kind:
            found[-1] = (found[-1][0], place, kind)
        else:
            found.append((place, place, kind if head in ("B", "I") else tag))
            inside = head in ("B", "I")
    return set(found)
