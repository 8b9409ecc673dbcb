"""What scoring hands back: one score with everything needed to compare it, and a set of them.

Comes in:  finished numbers.      Goes out: frozen records and their JSON form. Knows no metric.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from foreword.errors import MissingTool, UnknownName

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Score:
    """One metric's score of one set of texts, with its bootstrap interval and how it was counted.

    Shares are fractions (BLEU 0.6593, not 65.93); NIST, CIDEr and TER keep their own scales.
    """

    name: str
    value: float
    low: float  # 95 % bootstrap interval, both ends
    high: float
    num_examples: int
    signature: str


@dataclass(frozen=True)
class Scores:
    """The scores that were asked for, and why some of them could not be given."""

    scores: dict[str, Score]
    skipped: dict[str, str]  # metric -> reason
    resampled: dict[str, np.ndarray] = field(default_factory=dict)  # metric -> [resamples], the same draws in each

    def __getitem__(self, name: str) -> Score:
        """Raises MissingTool with the reason where a metric was skipped, UnknownName where it was not asked for."""
        if name in self.skipped:
            raise MissingTool(f"there is no {name} score: {self.skipped[name]}")
        if name not in self.scores:
            raise UnknownName("score", name, self.scores)
        return self.scores[name]
