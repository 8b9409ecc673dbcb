"""BoolQ: yes-or-no questions about a passage, from SuperGLUE's JSON lines.

Source: Clark et al. (2019), arXiv:1905.10044; the template is Jiang et al. (2022), arXiv:2206.01958.
"""

from typing import final

from foreword.tasks.labelled import JSONLabelled


@final
class BoolQ(JSONLabelled):
    """A record is a question about a passage."""

    name = "boolq"
    fields = ("passage", "question")
    classes = {"false": "no", "true": "yes"}
    template = "{passage} Question: {question} ? The answer was {mask} ."
