"""Whether there is data for a sweep's points, and as much as they ask for: told before any is trained, not by each in its turn.

Comes in:  points, their data where it lies.      Goes out: nothing, or an error with a line for each size that lacks some; whether
what is done was done on the data that is asked for.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from foreword.assembly import dev_examples, open_task, train_texts
from foreword.errors import BadData, BadRecipe, ForewordError, RunError
from foreword.recipe import PLACES_OF_DATA, TaskRecipe
from foreword.sweep.plan import Point
from foreword.sweep.points import result_of
from foreword.tasks import Task
from foreword.writing import read_json

# Of a task's settings those that say how much of its data is taken; the rest says which data.
SIZES = {"train_size", "subset_seed", "dev_size", "dev_split", "max_source_len", "max_target_len"}


def check_data(points: Sequence[Point]) -> None:
    """Nothing, or an error before anything has run.

    Raises:
        BadRecipe: there is too little data for some of them, or none to score them on.
        BadData: there is none for any of them. Where some of the data is missing or damaged, its runs tell, and the others go on.
    """
    tasks: dict[str, Task] = {}
    missing: list[BadData] = []
    for which, point in {which_data(point.recipe.task): point for point in reversed(points)}.items():
        try:
            tasks[which] = open_task(point.recipe)
        except BadData as error:
            missing.append(error)
        except ForewordError:
            continue
    if missing and not tasks:
        raise missing[-1]
    lacking: dict[str, str] = {}
    for point in points:
        task, split = tasks.get(which_data(point.recipe.task)), point.recipe.eval.split
        if task is not None and point.kind != "before" and split not in task.splits:
            told = point.recipe.task
            where, there = f" in {told.path}" if told.path else "", ", ".join(task.splits)
            lacking.setdefault(
                f"task {told.name!r} has no {split} data{where}, which eval.split asks for; it has {there}. Put it there, or set "
                "another split.",
                point.name,
            )
    for point in one_for_each_size(points):
        try:
            if task := tasks.get(which_data(point.recipe.task)):
                train_texts(point.recipe, task)
                dev_examples(point.recipe, task)
        except BadRecipe as error:
            lacking.setdefault(str(error), point.name)
        except ForewordError:
            continue
    if lacking:
        raise BadRecipe("\n".join(f"{name}: {message}" for message, name in lacking.items()))


def check_same_data(points: Sequence[Point], out: Path) -> None:
    """Nothing, where each of these points' results is of the data that the point asks for, or that is not at hand any more.

    (It may have been moved; only where it is said to lie somewhere else is it read.)

    Raises:
        RunError: a result is of other data.
    """
    tasks: dict[str, Task | None] = {}
    for point in points:
        path = result_of(out, point)
        if point.kind == "before" or not path.is_file():
            continue
        held, asked = read_json(path, ["recipe", "data"]), point.recipe
        if places_of(held["recipe"]["task"]) == places_of(asked.task.model_dump(mode="json")):
            continue
        which = which_data(asked.task)
        if which not in tasks:
            try:
                tasks[which] = open_task(asked)
            except ForewordError:
                tasks[which] = None
        task, split = tasks[which], asked.eval.split
        if task is not None and split in task.splits and task.data_hash(split) != held["data"]["hash"]:
            raise RunError(
                f"{path} was scored on other data than lies in {asked.task.path or asked.task.name} now. Choose another --out, or "
                f"remove {out}."
            )


def places_of(task: Mapping[str, Any]) -> list[Any]:
    return [task.get(place) for place in PLACES_OF_DATA]


def which_data(task: TaskRecipe) -> str:
    return task.model_dump_json(exclude=SIZES)


def one_for_each_size(points: Sequence[Point]) -> list[Point]:
    """The first point of each size of each data; which subset it is of makes no odds."""
    found: dict[str, Point] = {}
    for point in points:
        asked: TaskRecipe = point.recipe.task
        if point.kind in ("train", "before") and (asked.train_size or asked.dev_size):
            found.setdefault(asked.model_dump_json(exclude={"subset_seed"}), point)
    return list(found.values())
