"""The texts of one scoring, checked once, so that no metric has to.

Comes in:  hypotheses and references as plain lists.
Goes out:  Texts, and the same texts PTB-tokenized (once, however many metrics ask). Knows no metric.
"""

from collections.abc import Sequence
from functools import cached_property

from foreword.errors import BadData

WHERE = "texts to score"


class Texts:
    """Hypotheses and their references, one or more per example; all lists are as long as they should be."""

    def __init__(self, hypotheses: Sequence[str], references: Sequence[Sequence[str]], units: Sequence[str] = ()):
        """`units`: which examples belong together, by name; "" or none at all = each stands alone.

        Raises BadData: nothing to score, numbers that differ, or an example without a usable reference.
        """
        _check_sizes(hypotheses, references)
        self.units = list(units) or [""] * len(hypotheses)
        self.hypotheses = list(hypotheses)
        self.references = [list(of_one) for of_one in references]

    @property
    def num_references(self) -> str:
        """How many references each example has, or 'var'."""
        counts = {len(of_one) for of_one in self.references}
        return str(counts.pop()) if len(counts) == 1 else "var"

    @cached_property
    def ptb_tokens(self) -> tuple[list[str], list[list[str]]]:
        """Hypotheses and references as the PTB tokenizer leaves them: lower case, no punctuation, single spaces.

        Raises MissingTool: there is no Java.
        """
        from foreword.metrics.ptb import tokenize  # the only thing here that needs Java

        flat = self.hypotheses + [reference for of_one in self.references for reference in of_one]
        tokenized = iter(tokenize(flat))
        hypotheses = [next(tokenized) for _ in self.hypotheses]
        return hypotheses, [[next(tokenized) for _ in of_one] for of_one in self.references]


def _check_sizes(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> None:
    if len(hypotheses) != len(references):
        reason = (
            f"{len(hypotheses)} hypotheses, but references for {len(references)} examples; give one hypothesis each"
        )
        raise BadData(WHERE, reason)
    if not hypotheses:
        raise BadData(WHERE, "there are none; give at least one hypothesis with its references")
    for number, of_one in enumerate(references, start=1):
        if isinstance(of_one, str):
            raise BadData(WHERE, f"the references of example {number} must be a list of texts, got one text {of_one!r}")
        if not of_one:
            raise BadData(WHERE, f"example {number} has no reference; leave it out or give it one")
        if not all(reference.strip() for reference in of_one):
            raise BadData(WHERE, f"example {number} has a blank reference; leave that reference out")
