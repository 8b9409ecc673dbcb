"""The driver: hands out a sweep's points, keeps its journal, goes on where it was stopped.

Comes in:  a Plan, a folder.      Goes out: runs in it, each with its result; an Outcome.
"""

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreword.assembly import with_dtype, with_dtype_settled
from foreword.provenance import code_commit, versions
from foreword.recipe import identity
from foreword.sweep.crews import Crew, OnRay, Processes, cores
from foreword.sweep.data import check_data, check_same_data
from foreword.sweep.journal import Journal, State
from foreword.sweep.plan import JOURNAL, PLAN, PLAN_VERSION, Plan, Point
from foreword.sweep.points import has_weights, is_done, record_of, result_of
from foreword.training.precision import choose_device
from foreword.vetting import check_tools
from foreword.writing import held_alone, read_json, write_json


@dataclass(frozen=True)
class Outcome:
    """How a sweep ended: names of what is done, of what of it has scores, and of what failed with the reasons."""

    done: Sequence[str]
    scored: Sequence[str]
    failed: Mapping[str, str]


def run_sweep(
    plan: Plan,
    out: str | Path,
    command: str = "",
    processes: int = 0,
    ray: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Run every point that has no result yet.

    Args:
        command: what a reader of the results would type to have them again.
        processes: how many points at once; 0 = as many as there are cores for their threads, but one on a GPU, whose memory they
            would share.
        ray: the address of a Ray cluster to run them on, "local" for one of this machine's own.

    Raises:
        BadData, BadRecipe: there is no data for the points, or too little for some; nothing is trained.
        RunError: the folder holds results of other settings or other data, or another sweep is at work in it.
        UnsupportedBackbone: a backbone of the points is in a package that is not installed.
        MissingTool: nor is what their trackers or dev metrics need, or Ray, where it is asked for.
    """
    out = Path(out)
    ahead = [point for point in plan.points if not record_of(out, point).is_file()]
    for point in {tools_of(point): point for point in reversed(ahead)}.values():
        check_tools(point.recipe)
    check_data(ahead)
    check_same_data(plan.points, out)
    with held_alone(out, "another sweep"):
        points, dtype = settled(plan.points, out)
        done = {point.name for point in points if is_done(out, point)}
        waiting = unfinished(points, done, out)
        with Journal(out / JOURNAL) as journal:  # a journal that is refused leaves the plan that it belongs to
            write_json(out / PLAN, described(plan, points, dtype, command))
            states: dict[str, State] = {point.name: "done" if point.name in done else "waiting" for point in points}
            for point in waiting:
                states[point.name] = "waiting"
            journal.take_up(states)
            for label, path in plan.left_out.items():
                say(f"note: {label} is left out: there is nothing to train on in {path}")
            say(f"{len(points)} runs, {len(points) - len(waiting)} of them done; they are written to {out}")
            if waiting:
                crew = crew_of(waiting, out, command, processes, ray)
                try:
                    drive(waiting, crew, journal, out, say)
                finally:
                    crew.stop()
            entries = journal.entries([point.name for point in points])
    ended = [name for name, entry in entries.items() if entry.state == "done"]
    unscored = {point.name for point in points if point.kind == "before"}
    failed = {name: entry.error for name, entry in entries.items() if entry.state == "failed"}
    return Outcome(ended, [name for name in ended if name not in unscored], failed)


def tools_of(point: Point) -> Hashable:
    """The settings that ask for packages and programs."""
    recipe = point.recipe
    return recipe.backbone.name, tuple(recipe.train.trackers), tuple(recipe.train.dev_metrics)


def crew_of(waiting: Sequence[Point], out: Path, command: str, processes: int, ray: str) -> Crew:
    """Who runs the points, and how many at once; as `run_sweep` has them."""
    threads = max(point.recipe.backbone.threads for point in waiting)
    may_be_on_gpu = any(point.recipe.backbone.device != "cpu" for point in waiting)
    if ray:
        return OnRay(ray, threads, out, command, may_be_on_gpu)
    on_gpu = may_be_on_gpu and choose_device("auto") != "cpu"
    return Processes(min(processes or (1 if on_gpu else max(1, cores() // threads)), len(waiting)), out, command)


def drive(waiting: Sequence[Point], crew: Crew, journal: Journal, out: Path, say: Callable[[str], None]) -> None:
    """Hand out points, those that others need first, until none is left that can be run."""
    left, under_way, failed, ended = list(waiting), {}, set[str](), 0
    began = time.monotonic()
    while left or under_way:
        lost = [point for point in left if failed & set(point.needs)]
        for point in lost:
            journal.ended(point.name, f"what it starts from failed: {', '.join(failed & set(point.needs))}")
            failed.add(point.name)
        left = [point for point in left if point not in lost]
        unmet = {point.name for point in left} | set(under_way)
        ready = [point for point in left if not unmet & set(point.needs)]
        for point in ready[: crew.size - len(under_way)]:
            journal.began(point.name)
            crew.start(point)
            under_way[point.name] = (point, time.monotonic())
            left.remove(point)
        if not under_way:
            continue
        name, error = crew.wait()
        point, since = under_way.pop(name)
        if not error and not is_done(out, point):
            error = f"its result is not in {out}: the folder must lie on a disk that all machines share"
        journal.ended(name, error)
        ended += 1
        seconds = (time.monotonic() - began) / ended * (len(left) + len(under_way))
        if error:
            failed.add(name)
        told = f"failed: {error}" if error else summary(out, point)
        say(f"[{ended}/{len(waiting)}] {name}  {time.monotonic() - since:.0f} s  {told}  {seconds / 60:.0f} min left")


def unfinished(points: Sequence[Point], done: set[str], out: Path) -> list[Point]:
    """The points to run: those without a result, and those whose weights are gone and needed by one of these."""
    wanted: dict[str, Point] = {}
    for point in reversed(points):  # those that are needed stand in front of those that need them
        needed = any(point.name in other.needs for other in wanted.values())
        if point.name not in done or (needed and not has_weights(out, point)):
            wanted[point.name] = point
    return [point for point in points if point.name in wanted]


def settled(points: Sequence[Point], out: Path) -> tuple[list[Point], str]:
    """The points, and the precision of those that leave it open: settled once for all, by the sweep's first start."""
    first = next((point.recipe for point in points if point.recipe.backbone.dtype == "auto"), None)
    if first is None:
        return list(points), ""
    held = read_json(out / PLAN).get("dtype", "") if (out / PLAN).is_file() else ""
    held = held or with_dtype_settled(first).backbone.dtype
    return [
        replace(point, recipe=with_dtype(point.recipe, held)) if point.recipe.backbone.dtype == "auto" else point
        for point in points
    ], held


def described(plan: Plan, points: Sequence[Point], dtype: str, command: str) -> dict[str, Any]:
    """What `sweep.json` holds: all that a report needs beside the results."""
    return {
        "version": PLAN_VERSION,
        "command": command,
        "quick": plan.quick,
        "sweep": plan.sweep.model_dump(
            mode="json", exclude={"grid", "where", "optional", "before", "quick", "published"}
        ),
        "axes": {axis: list(labels) for axis, labels in plan.axes.items()},
        "points": [
            {
                "name": p.name,
                "at": dict(p.at),
                "kind": p.kind,
                "split": p.recipe.eval.split,
                "identity": identity(p.recipe),
            }
            for p in points
        ],
        "dtype": dtype,  # of the points that leave it open
        "code_commit": code_commit(),
        "versions": versions(),
    }


def summary(out: Path, point: Point) -> str:
    """A point's scores in a few words."""
    if point.kind == "before":
        return "trained"
    scores = read_json(result_of(out, point), ["scores"])["scores"]["all"]
    return "  ".join(f"{name} {score['value']:.3f}" for name, score in list(scores.items())[:3])
