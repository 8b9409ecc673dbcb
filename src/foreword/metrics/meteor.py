"""METEOR 1.5: the jar aligns, one row of counts per example; the score of summed rows is worked out here.

Comes in:  hypotheses and references, already tokenized the way a challenge wants.
Goes out:  Statistics. Needs Java.

Source: Denkowski and Lavie (2014), "Meteor Universal"; English parameters of the 1.5 release (its "Eval ID" line reads
meteor-1.5-wo-en-norm-0.85_0.2_0.6_0.75-ex_st_sy_pa-1.0_0.6_0.8_0.6). That the formula here equals the jar's own
aggregation of the same rows is a test.
"""

from collections.abc import Sequence

import numpy as np

from foreword.metrics.java import run_java
from foreword.metrics.statistics import Statistics, versions

_JAR = "meteor/meteor-1.5.jar"
METEOR_ARGUMENTS = ["-jar", "{jar}", "-", "-", "-stdio", "-l", "en", "-norm"]

ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75  # recall against precision; fragmentation, twice; content words
STAGE_WEIGHTS = np.array([1.0, 0.6, 0.8, 0.6])  # exact, stem, synonym, paraphrase

# The jar's row: lengths, function words, per stage matched content and function words, chunks, matched words.
# Of each pair the hypothesis comes first and the reference second.
LENGTHS, FUNCTION_WORDS = slice(0, 2), slice(2, 4)
STAGES = slice(4, 20)  # [4 stages, content or function, hypothesis or reference]
CHUNKS = 20
MATCHED = slice(21, 23)


def meteor(hypotheses: Sequence[str], references: Sequence[Sequence[str]], tokens: str) -> Statistics:
    """Per example the jar's row of 23 numbers, for the reference that scores best.

    Args:
        tokens: how the texts were tokenized, for the signature.

    Raises:
        MissingTool: there is no Java.
    """
    lines = [score_line(*pair) for pair in zip(hypotheses, references, strict=True)]
    answers = run_java("METEOR", _JAR, METEOR_ARGUMENTS, lines)
    rows = np.array([[float(number) for number in answer.split()] for answer in answers])
    drop_chunks_of_perfect(rows)
    return Statistics(rows, meteor_of_sums, f"lang:en|tok:{tokens}|norm:yes|meteor:1.5|{versions('pycocoevalcap')}")


def score_line(hypothesis: str, references: Sequence[str]) -> str:
    """The jar's request for the row of one example; bars inside texts would be taken for its separators."""
    fields = [" ".join(text.replace("|||", " ").split()) for text in (*references, hypothesis)]
    return " ||| ".join(["SCORE", *fields])


def meteor_of_sums(sums: np.ndarray) -> float:
    """The corpus score from summed rows."""
    stages = sums[STAGES].reshape(4, 2, 2)
    content_and_function = np.array([DELTA, 1 - DELTA])
    matches = np.einsum("s,scp,c->p", STAGE_WEIGHTS, stages, content_and_function)
    lengths = DELTA * (sums[LENGTHS] - sums[FUNCTION_WORDS]) + (1 - DELTA) * sums[FUNCTION_WORDS]
    if not matches.all() or not lengths.all():
        return 0.0
    precision, recall = (float(share) for share in matches / lengths)
    mean = 1 / ((1 - ALPHA) / precision + ALPHA / recall)
    fragmentation = float(sums[CHUNKS] / sums[MATCHED].mean())
    return max(0.0, mean * (1 - GAMMA * fragmentation**BETA))


def drop_chunks_of_perfect(rows: np.ndarray) -> None:
    """METEOR does not count the one chunk of an example that is matched whole."""
    matched = rows[:, STAGES].reshape(-1, 8, 2).sum(axis=1)
    perfect = (matched == rows[:, LENGTHS]).all(axis=1) & (rows[:, CHUNKS] == 1)
    rows[perfect, CHUNKS] = 0
