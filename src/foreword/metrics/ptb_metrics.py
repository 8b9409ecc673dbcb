"""The E2E challenge's metrics on PTB tokens: METEOR, ROUGE-L and CIDEr.

Comes in:  Texts.      Goes out: Statistics. All need Java, for the tokenizer.

Source: e2e-metrics of the E2E challenge, which takes them from the COCO caption evaluation; so does pycocoevalcap.
"""

from foreword.metrics.meteor import meteor as meteor_statistics
from foreword.metrics.statistics import Statistics, mean_of, versions
from foreword.metrics.texts import Texts


def meteor(texts: Texts) -> Statistics:
    return meteor_statistics(*texts.ptb_tokens, tokens="ptb")


def rouge_l(texts: Texts) -> Statistics:
    """Per example the F-score of the best recall and the best precision among its references, which may be two."""
    from pycocoevalcap.rouge.rouge import Rouge

    rouge = Rouge()
    pairs = zip(*texts.ptb_tokens, strict=True)
    values = [float(rouge.calc_score([hypothesis], references)) for hypothesis, references in pairs]
    return mean_of(values, f"case:lc|tok:ptb|beta:1.2|{versions('pycocoevalcap')}")


def cider(texts: Texts) -> Statistics:
    """Per example its CIDEr; document frequencies are those of all examples' references, resampled or not."""
    from pycocoevalcap.cider.cider_scorer import CiderScorer

    scorer = CiderScorer(n=4, sigma=6.0)
    pairs = list(zip(*texts.ptb_tokens, strict=True))
    for hypothesis, references in pairs:
        scorer.cook_append(hypothesis, references)
    # The scorer counts in how many references a word stands, and fails where there is none in any of them.
    has_words = any(reference.split() for _, references in pairs for reference in references)
    values = scorer.compute_score()[1] if has_words else [0.0] * len(pairs)
    return mean_of([float(value) for value in values], f"case:lc|tok:ptb|n:4|sigma:6|{versions('pycocoevalcap')}")
