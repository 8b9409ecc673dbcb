"""Whether what a recipe names exists: its backbone, its task, the task's arguments, metrics, trackers.

Comes in:  a Recipe.      Goes out: nothing, or an error, before anything costs time.
It loads no model, no data, no torch.
"""

import inspect
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from foreword.catalogue import PACKAGED, check_unpinned, locate
from foreword.errors import BadRecipe, MissingTool, UnknownName
from foreword.metrics import F1_OF, METRICS, check_name, score
from foreword.recipe import Recipe, TaskRecipe
from foreword.tasks import check_arguments, load_task

EXTRAS = {"tensorboard": "foreword[trackers]", "wandb": "foreword[wandb]"}


def vet(recipe: Recipe) -> None:
    """Refuse a recipe whose names do not all stand for something.

    Raises:
        UnknownName: a task, an argument or a metric that does not exist.
        BadRecipe: an argument of the wrong type, or a path that is missing or not wanted.
        UnsupportedBackbone: a backbone that is neither here nor on a hub under a pinned revision.
    """
    if recipe.backbone.name in PACKAGED:  # whose package may be missing where a recipe is only looked at
        check_unpinned(recipe.backbone.name, recipe.backbone.revision)
    else:
        locate(recipe.backbone.name, recipe.backbone.revision)
    task = recipe.task
    taken = inspect.signature(check_arguments(task.name, task.path or None)).parameters
    for key in task.arguments:
        if key not in taken:
            known = {*TaskRecipe.model_fields, *taken}
            raise UnknownName(f"setting of task {task.name!r}", f"task.{key}", (f"task.{name}" for name in known))
    there = bool(task.path) and Path(task.path).is_dir()  # data may be missing where a recipe is only looked at
    words: Sequence[str] = ()
    if "path" in taken and not there:
        check_arguments(task.name, task.path or None, **task.arguments)
    else:  # it looks at its arguments and reads nothing yet
        words = load_task(task.name, task.path or None, **task.arguments).words
    if "path" in taken and not task.path and not any(task.arguments.get(split) for split in ("train", "dev", "test")):
        raise BadRecipe(
            f"task {task.name!r} needs data: set task.path to the folder of its files (for task 'hub', to the data set's name)."
        )
    check_metrics((*recipe.train.dev_metrics, *recipe.eval.metrics), words)


def check_metrics(names: Iterable[str], words: Sequence[str] = ()) -> None:
    """Raises UnknownName: a metric that does not exist, or the F1 of a word that is none of the task's."""
    for name in names:
        check_name(name)
        if words and name.startswith(F1_OF) and name.removeprefix(F1_OF) not in words:
            raise UnknownName("metric of this task", name, [*METRICS, *(f"{F1_OF}{word}" for word in words)])


def check_tools(recipe: Recipe) -> None:
    """Refuse a training whose backbone, trackers or dev metrics lack a package or a program, before it has cost anything.

    Raises:
        MissingTool: names the setting and what to install.
        UnsupportedBackbone: the backbone's package is not installed.
    """
    locate(recipe.backbone.name, recipe.backbone.revision)
    for tracker in recipe.train.trackers:
        if find_spec(tracker) is None:
            raise MissingTool(
                f"train.trackers asks for {tracker}, which is not installed. "
                f"Install it with `pip install '{EXTRAS[tracker]}'`, or leave it out."
            )
    if recipe.train.dev_metrics:
        skipped = score(["a text"], [["a text"]], recipe.train.dev_metrics, resamples=1).skipped
        for metric, why in skipped.items():
            raise MissingTool(f"train.dev_metrics asks for {metric}, which cannot be counted here: {why}")
