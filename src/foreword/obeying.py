"""Whether texts are of the class that was asked for, as a trained classifier says.

Comes in:  a Result whose examples' groups are classes, and a run that reads these classes.
Goes out:  the Result with one score more, `control`: the share of texts of the class asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from foreword.errors import BadRecipe
from foreword.evaluate import ALL, Result
from foreword.generation import Generated
from foreword.metrics import Scores, score
from foreword.tasks import Example, Task
from foreword.tasks.labelled import Labelled

NOTHING = "."  # what an empty text is shown as: no classifier reads nothing


def check_judge(task: Task, examples: Sequence[Example], named: str) -> None:
    """Raises BadRecipe: the classifier's task is not about one text, or does not have the classes that are asked for."""
    if not isinstance(task, Labelled):
        raise BadRecipe(f"eval.classifier: {named} is a run of task {task.name!r}, which has no classes of texts.")
    task.asking(NOTHING)
    unknown = sorted({example.group for example in examples} - set(task.words))
    if unknown:
        raise BadRecipe(
            f"eval.classifier: {named} knows the classes {', '.join(task.words)}, and the texts are grouped as "
            f"{', '.join(unknown)}. Give both tasks the same words."
        )


def with_control(
    result: Result, task: Task, answer: Callable[[Sequence[str]], Generated], named: str, resamples: int
) -> Result:
    """The result, judged.

    Args:
        task, answer: what the classifier was trained for, and the classifier; `named` is the folder of its run.
    """
    assert isinstance(task, Labelled), "checked by `check_judge`"
    wanted = [example.group for example in result.examples]
    said = answer([task.asking(text.strip() or NOTHING) for text in result.texts]).texts
    scores = {}
    for group, given in result.scores.items():
        rows = [row for row, word in enumerate(wanted) if group in (ALL, word)]
        counted = score([said[row] for row in rows], [[wanted[row]] for row in rows], ["accuracy"], resamples=resamples)
        control = replace(
            counted["accuracy"], name="control", signature=f"control|classifier:{named}|{counted['accuracy'].signature}"
        )
        resampled = {**given.resampled, "control": counted.resampled["accuracy"]}
        scores[group] = Scores({**given.scores, "control": control}, given.skipped, resampled)
    return replace(result, scores=scores)
