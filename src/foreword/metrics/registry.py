"""Which metrics there are, and where each is counted.

Comes in:  a metric's name and texts.      Goes out: its Statistics.
The table is cheap to import; a metric's own libraries are loaded when it is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foreword.errors import UnknownName
from foreword.metrics.texts import Texts

if TYPE_CHECKING:
    from foreword.metrics.statistics import Statistics

METRICS: dict[str, str] = {
    "bleu": "BLEU of the E2E challenge (mteval-v13a): lower case, closest reference length, no smoothing; 0 to 1",
    "nist": "NIST of the E2E challenge (mteval-v13a): 5-grams weighted by information; 0 upwards",
    "meteor": "METEOR 1.5 of the E2E challenge, on PTB tokens; 0 to 1; needs Java",
    "rouge-l": "ROUGE-L of the E2E challenge, on PTB tokens, recall weighted by 1.2; 0 to 1; needs Java",
    "cider": "CIDEr of the E2E challenge (CIDEr-D), on PTB tokens; 0 to 10; needs Java",
    "webnlg-bleu": "BLEU of the WebNLG challenge 2017 (multi-bleu), first three references; 0 to 1",
    "webnlg-meteor": "METEOR 1.5 of the WebNLG challenge 2017, first three references; 0 to 1; needs Java",
    "ter": "TER of the WebNLG challenge 2017 (tercom), first three references; 0 upwards, lower is better",
    "rouge1": "ROUGE-1 F1 with stemming (rouge-score), best reference; 0 to 1",
    "rouge2": "ROUGE-2 F1 with stemming (rouge-score), best reference; 0 to 1",
    "rougeL": "ROUGE-L F1 with stemming (rouge-score), best reference; 0 to 1",
    "chrf": "chrF2 (sacrebleu); 0 to 1",
    "accuracy": "share of answers that are the right word; 0 to 1",
    "majority": "accuracy of always giving the most frequent right answer, to set beside accuracy; 0 to 1",
    "macro-f1": "mean over the classes of the F1 of their words; 0 to 1",
    "f1-yes": "F1 of the answer yes (MultiRC's F1a), or after f1- of any other word; 0 to 1",
    "tag-accuracy": "share of words with the right tag; 0 to 1",
    "span-f1": "F1 of the spans that B- and I- tags mark, as conlleval counts them; 0 to 1",
    "exact-match": "share of questions of which every answer is judged right (MultiRC's EM); 0 to 1",
    "sacrebleu": "BLEU with sacrebleu's defaults: mixed case, 13a tokens, exponential smoothing; 0 to 1",
}


F1_OF = "f1-"  # before the word


def check_name(name: str) -> None:
    """Raises UnknownName: there is no such metric."""
    if name not in METRICS and not (name.startswith(F1_OF) and name != F1_OF):
        raise UnknownName("metric", name, METRICS)


def measure(name: str, texts: Texts) -> Statistics:
    """One metric's statistics of some texts.

    Raises:
        UnknownName: there is no such metric.
        MissingTool: the metric needs Java, and there is none.
    """
    from foreword.metrics import classes, ngrams, nist, ptb_metrics, rouge, tags, webnlg

    check_name(name)
    if name.startswith(F1_OF):
        return classes.f1_of(texts, name.removeprefix(F1_OF))
    match name:
        case "bleu":
            return ngrams.bleu(texts, lowercase=True, tokenize="13a", smooth="none")
        case "sacrebleu":
            return ngrams.bleu(texts, lowercase=False, tokenize="13a", smooth="exp")
        case "chrf":
            return ngrams.chrf(texts)
        case "nist":
            return nist.nist(texts)
        case "meteor":
            return ptb_metrics.meteor(texts)
        case "rouge-l":
            return ptb_metrics.rouge_l(texts)
        case "cider":
            return ptb_metrics.cider(texts)
        case "webnlg-bleu":
            return webnlg.bleu(texts)
        case "webnlg-meteor":
            return webnlg.meteor(texts)
        case "ter":
            return webnlg.ter(texts)
        case "accuracy":
            return classes.accuracy(texts)
        case "majority":
            return classes.majority(texts)
        case "macro-f1":
            return classes.macro_f1(texts)
        case "exact-match":
            return classes.exact_match(texts)
        case "tag-accuracy":
            return tags.tag_accuracy(texts)
        case "span-f1":
            return tags.span_f1(texts)
        case "rouge1" | "rouge2" | "rougeL":
            return rouge.rouge(texts, name)
    raise AssertionError(f"metric {name!r} is listed but not measured")
