"""One point of a sweep: whether its folder has its result, and running it.

Comes in:  a Point, the sweep's folder.      Goes out: a run folder with its result.
"""

from pathlib import Path

from foreword.errors import RunError
from foreword.recipe import Recipe, decisive
from foreword.sweep.asked import RUNS
from foreword.sweep.plan import Point
from foreword.writing import read_json

WEIGHTS = "method.safetensors"


def folder_of(out: Path, point: Point) -> Path:
    return out / RUNS / point.name


def result_of(out: Path, point: Point) -> Path:
    return folder_of(out, point) / f"result-{point.recipe.eval.split}.json"


def record_of(out: Path, point: Point) -> Path:
    """The file that is there once the point is done."""
    return folder_of(out, point) / "run.json" if point.kind == "before" else result_of(out, point)


def is_done(out: Path, point: Point) -> bool:
    """Whether the point's folder holds what the point is to give.

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
        held = read_json(path)
    else:
        held = read_json(path, ["recipe"], "Remove it, and start the sweep again.")["recipe"]
    if changed := differences(Recipe.from_dict(held), point.recipe):
        raise RunError(
            f"{path} is of other settings than the sweep asks for there (it differs in {', '.join(changed)}). Choose another "
            "--out, or remove that folder."
        )
    return True


def differences(held: Recipe, wanted: Recipe) -> list[str]:
    """The decisive settings that are not alike."""
    there, here = decisive(held), decisive(wanted)
    return sorted(key for key in {**there, **here} if there.get(key) != here.get(key))


def has_weights(out: Path, point: Point) -> bool:
    """Whether what the point trained is still there, for others to start from."""
    return (folder_of(out, point) / WEIGHTS).is_file()


def run_point(point: Point, out: Path, command: str) -> None:
    """Train and score it, or go on where it was stopped; or score what others trained."""
    from foreword.experiment import train
    from foreword.tuned import untouched, voting

    folder = folder_of(out, point)
    if point.kind == "vote":
        voting([out / RUNS / name for name in point.needs], out=folder).evaluate()
    elif point.kind == "untouched":
        untouched(point.recipe, folder).evaluate()
    else:
        tuned = train(point.recipe, folder, command)
        if point.kind == "train":
            tuned.evaluate()
        drop_what_goes_on(folder)


def drop_what_goes_on(folder: Path) -> None:
    """A run that has its result goes on no more: what it would have gone on from takes several times what it trained."""
    from foreword.training.loop import BEST, CHECKPOINT

    for name in (CHECKPOINT, BEST):
        (folder / name).unlink(missing_ok=True)
