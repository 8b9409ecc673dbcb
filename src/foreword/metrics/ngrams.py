"""BLEU and chrF, counted by sacrebleu one example at a time.

Comes in:  Texts.      Goes out: Statistics.

Source: Papineni et al. (2002); Popović (2015); Post (2018) for sacrebleu. With `13a` tokens, lower case and no
smoothing sacrebleu's BLEU is mteval-v13a's; with no tokenization it is multi-bleu.perl's. What differs: mteval smooths
when some n-gram order has no match in the whole corpus, where we give 0; and it lowers the case of A to Z only.
"""

from typing import Literal

import numpy as np

from foreword.metrics.statistics import Statistics, versions
from foreword.metrics.texts import Texts

BLEU_ORDER = 4


def bleu(texts: Texts, lowercase: bool, tokenize: Literal["13a", "none"], smooth: Literal["none", "exp"]) -> Statistics:
    """Per example: hypothesis length, closest reference length, matches and totals of 1- to 4-grams."""
    from sacrebleu.metrics.bleu import BLEU

    # effective_order only keeps sacrebleu from warning about single sentences; counts do not depend on it.
    counter = BLEU(lowercase=lowercase, tokenize=tokenize, effective_order=True)

    def row(hypothesis: str, references: list[str]) -> list[int]:
        counted = counter.sentence_score(hypothesis, references)
        return [counted.sys_len, counted.ref_len, *counted.counts, *counted.totals]

    def aggregate(sums: np.ndarray) -> float:
        hypothesis_len, reference_len, *counts = (int(number) for number in sums)
        matches, totals = counts[:BLEU_ORDER], counts[BLEU_ORDER:]
        return BLEU.compute_bleu(matches, totals, hypothesis_len, reference_len, smooth_method=smooth).score / 100

    rows = np.array([row(*pair) for pair in zip(texts.hypotheses, texts.references, strict=True)])
    case = "lc" if lowercase else "mixed"
    return Statistics(rows, aggregate, f"case:{case}|tok:{tokenize}|smooth:{smooth}|{versions('sacrebleu')}")


def chrf(texts: Texts) -> Statistics:
    """Per example: character n-grams of hypothesis and best reference, and their matches, orders 1 to 6."""
    from sacrebleu.metrics.chrf import CHRF

    counter = CHRF()

    # sacrebleu shows chrF's counts to nobody; these two methods are what its own corpus_score is made of, and
    # tests/metrics/test_metric_formulas.py holds the result against corpus_score.
    def row(hypothesis: str, references: list[str]) -> list[int]:
        return counter._extract_corpus_statistics([hypothesis], [[reference] for reference in references])[0]

    def aggregate(sums: np.ndarray) -> float:
        return counter._compute_score_from_stats([int(number) for number in sums]).score / 100

    rows = np.array([row(*pair) for pair in zip(texts.hypotheses, texts.references, strict=True)])
    return Statistics(rows, aggregate, f"case:mixed|nc:6|nw:0|space:no|{versions('sacrebleu')}")
