"""Scores of generated texts, as the papers' own scripts print them, each with its signature and 95 % interval.

Comes in:  hypotheses (one text per example) and references (one or more texts per example).
Goes out:  `score(...) -> Scores`; `METRICS` names what can be asked for. Importing this loads no numpy and no torch.
"""

from foreword.metrics.readers import read_hypotheses, read_references
from foreword.metrics.registry import F1_OF, METRICS, check_name
from foreword.metrics.scores import Score, Scores
from foreword.metrics.scoring import score

__all__ = ["F1_OF", "METRICS", "Score", "Scores", "check_name", "read_hypotheses", "read_references", "score"]
