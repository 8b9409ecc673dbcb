"""Whether there is data for a sweep's points, and as much as they ask for: told before any is trained, not by each in its turn.

Comes in:  points, their data where it lies.      Goes out: nothing, or an error with a line for each size that lacks some.
"""

from collections.abc import Sequence

from foreword.assembly import dev_examples, open_task, train_texts
from foreword.errors import BadData, BadRecipe, ForewordError
from foreword.recipe import TaskRecipe
from foreword.sweep.plan import Point
from foreword.tasks import Task

# Of a task's settings those that say how much of its data is taken; the rest says which data.
SIZES = {"train_size", "subset_seed", "dev_size", "dev_split", "max_source_len", "max_target_len"}


def check_data(points: Sequence[Point]) -> None:
    """Nothing, or an error before anything has run.

    Raises:
        BadRecipe: there is too little data for some of them.
        BadData: there is none for any of them. Where some of the data is missing or damaged, its runs tell, and the others go on.
    """
    tasks: dict[str, Task] = {}
    missing: list[BadData] = []
    for which, point in {which_data(point): point for point in reversed(points)}.items():
        try:
            tasks[which] = open_task(point.recipe)
        except BadData as error:
            missing.append(error)
        except ForewordError:
            continue
    if missing and not tasks:
        raise missing[-1]
    lacking: dict[str, str] = {}
    for point in one_for_each_size(points):
        try:
            if task := tasks.get(which_data(point)):
                train_texts(point.recipe, task)
                dev_examples(point.recipe, task)
        except BadRecipe as error:
            lacking.setdefault(str(error), point.name)
        except ForewordError:
            continue
    if lacking:
        raise BadRecipe("\n".join(f"{name}: {message}" for message, name in lacking.items()))


def which_data(point: Point) -> str:
    return point.recipe.task.model_dump_json(exclude=SIZES)


def one_for_each_size(points: Sequence[Point]) -> list[Point]:
    """The first point of each size of each data; which subset it is of makes no odds."""
    found: dict[str, Point] = {}
    for point in points:
        asked: TaskRecipe = point.recipe.task
        if point.kind in ("train", "before") and (asked.train_size or asked.dev_size):
            found.setdefault(asked.model_dump_json(exclude={"subset_seed"}), point)
    return list(found.values())
