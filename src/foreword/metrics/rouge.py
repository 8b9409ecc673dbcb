"""ROUGE as summarization papers report it today: the rouge-score package, with stemming.

Comes in:  Texts.      Goes out: Statistics; the best reference counts.

Source: Lin (2004); google-research/rouge. The E2E challenge's ROUGE-L is another one: see ptb_metrics.py.
"""

from foreword.metrics.statistics import Statistics, mean_of, versions
from foreword.metrics.texts import Texts


def rouge(texts: Texts, kind: str) -> Statistics:
    """Per example the F1 of one kind of ROUGE ("rouge1", "rouge2", "rougeL")."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind], use_stemmer=True)
    pairs = zip(texts.hypotheses, texts.references, strict=True)
    values = [float(scorer.score_multi(references, hypothesis)[kind].fmeasure) for hypothesis, references in pairs]
    return mean_of(values, f"case:lc|stem:yes|best:max|{versions('rouge-score')}")
