"""RTE: does a premise entail a hypothesis, from SuperGLUE's JSON lines.

Source: Wang et al. (2019), arXiv:1905.00537; the template is Jiang et al. (2022), arXiv:2206.01958.
"""

from typing import final

from foreword.tasks.labelled import JSONLabelled


@final
class RTE(JSONLabelled):
    """A record is a premise and a hypothesis."""

    name = "rte"
    fields = ("premise", "hypothesis")
    classes = {"entailment": "yes", "not_entailment": "no"}
    template = "{premise} {hypothesis} {mask} ."
