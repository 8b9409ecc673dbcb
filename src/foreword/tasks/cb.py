"""CommitmentBank: does a premise entail, contradict or leave open a hypothesis, from SuperGLUE's JSON lines.

Source: de Marneffe et al. (2019); the template is Jiang et al. (2022), arXiv:2206.01958.
"""

from typing import final

from foreword.tasks.labelled import JSONLabelled


@final
class CB(JSONLabelled):
    """A record is a premise and a hypothesis."""

    name = "cb"
    fields = ("premise", "hypothesis")
    classes = {"entailment": "yes", "contradiction": "no", "neutral": "maybe"}
    template = "{premise} {hypothesis} {mask} ."
    metrics = ("accuracy", "majority", "macro-f1")
