"""One point of a sweep: whether its folder has its result, and running it.

Comes in:  a Point, the sweep's folder.      Goes out: a run folder with its result.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foreword.assembly import with_dtype
from foreword.errors import RunError
from foreword.recipe import Recipe, decisive
from foreword.sweep.asked import RUNS
from foreword.sweep.plan import Point
from foreword.writing import read_json

if TYPE_CHECKING:
    from foreword.tuned import Tuned

WEIGHTS = "method.safetensors"


def folder_of(out: Path, point: Point) -> Path:
    return out / RUNS / point.name


def result_of(out: Path, point: Point) -> Path:
    return folder_of(out, point) / f"result-{point.recipe.eval.split}.json"


def record_of(out: Path, point: Point) -> Path:
    """The file that is there once the point is done."""
    return folder_of(out, point) / "run.json" if point.kind == "before" else result_of(out, point)


def is_done(out: Path, point: Point) -> bool:
    """Whether the point's folder holds what the point is to give; a vote of other runs than it asks for is none.

    Raises:
        RunError: it holds the result of other settings.
    """
    path = record_of(out, point)
    if not path.is_file():
        return False
    if point.kind == "before":
        path = folder_of(out, point) / "recipe.json"
        if not path.is_file():
            return True  # passed on without what only a training needs; should one need it, its weights are missed
        check_settings(path, Recipe.from_dict(read_json(path)), point)
        return True
    result = read_json(path, ["recipe", "method"], "Remove it, and start the sweep again.")
    check_settings(path, Recipe.from_dict(result["recipe"]), point)
    voted = [Path(run).name for run in result["method"].get("runs", ())]
    return point.kind != "vote" or voted == list(point.needs)


def check_settings(path: Path, held: Recipe, point: Point) -> None:
    """Raises RunError: what lies there is of other settings than the point's."""
    if changed := differences(held, point.recipe):
        raise RunError(
            f"{path} is of other settings than the sweep asks for there (it differs in {', '.join(changed)}). Choose another "
            "--out, or remove that folder."
        )


def differences(held: Recipe, wanted: Recipe) -> list[str]:
    """The decisive settings that are not alike."""
    there, here = decisive(held), decisive(wanted)
    return sorted(key for key in {**there, **here} if there.get(key) != here.get(key))


def has_weights(out: Path, point: Point) -> bool:
    """Whether what the point trained is still there, for others to start from."""
    return (folder_of(out, point) / WEIGHTS).is_file()


def run_point(point: Point, out: Path, command: str) -> None:
    """Train and score it, or go on where it was stopped; or score what others trained, or what it had trained itself."""
    from foreword.experiment import train
    from foreword.training.loop import CHECKPOINT
    from foreword.tuned import untouched, voting

    folder = folder_of(out, point)
    if point.kind == "vote":
        voting([out / RUNS / name for name in point.needs], out=folder).evaluate()
    elif point.kind == "untouched":
        untouched(point.recipe, folder).evaluate()
    else:
        is_trained = (folder / "run.json").is_file() and has_weights(out, point)
        if is_trained and not (folder / CHECKPOINT).is_file():  # which it goes on from no more
            tuned = trained_before(point, folder)
        else:
            tuned = train(point.recipe, folder, command)
        if point.kind == "train":
            tuned.evaluate()
        drop_what_goes_on(folder)


def trained_before(point: Point, folder: Path) -> "Tuned":
    """The run in its folder, with the data where the point has it.

    Raises:
        RunError: it is of other settings.
    """
    from foreword.tuned import open_run

    path = folder / "recipe.json"
    held = Recipe.from_dict(read_json(path))
    check_settings(path, held, point)
    return replace(open_run(folder), recipe=with_dtype(point.recipe, held.backbone.dtype))


def drop_what_goes_on(folder: Path) -> None:
    """A run that has its result goes on no more: what it would have gone on from takes several times what it trained."""
    from foreword.training.loop import BEST, CHECKPOINT

    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)
