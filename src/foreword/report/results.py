"""A sweep's results, read back from its folder.

Comes in:  a folder that `foreword sweep` wrote.      Goes out: a Results: its runs with their scores, and what is missing.
Every file is held against what the sweep asked for before a figure of it is believed: its settings, its data, its method.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from foreword.errors import RunError
from foreword.recipe import Recipe, SweepRecipe, identity, settings_hash, sweep_section
from foreword.report.records import AGAIN, ResultFile, RunFile, as_record
from foreword.sweep import JOURNAL, PLAN, PLAN_VERSION, RUNS, Journal
from foreword.sweep.data import which_data
from foreword.sweep.grid import matches
from foreword.writing import read_arrays, read_json

FAILED = "failed: "  # begins the reason of a run that was tried
REASONS_TOLD = 5
LOSS = "loss"  # the group that the losses of a run stand under, as loss/train and loss/dev
LOWER = ("ter",)  # of the scores, those that are better when lower


@dataclass(frozen=True)
class Run:
    """One point that has a result.

    scores:     "metric", or "group/metric" for a group of the examples; "loss/train" and "loss/dev".
    resampled:  the same names -> [resamples], the scores of the bootstrap's draws; missing where they were not kept.
    scored_on:  hash of the references; two runs with the same can be compared example by example.
    subset:     labels of the axes that the sweep goes across; runs with the same share what was drawn for them, say the examples
                they were trained on, and are one trial. (): each run is a trial of its own.
    """

    name: str
    at: Mapping[str, str]
    path: Path  # of its result
    recipe: Recipe
    scores: Mapping[str, float]
    scored_on: str
    method: Mapping[str, Any]  # name, trained and stored parameters
    num_parameters: int  # of the backbone
    code_commit: str
    train_s: float | None = None  # None: nothing was trained
    resampled: Mapping[str, np.ndarray] = field(default_factory=dict)
    is_vote: bool = False  # of several runs, not one of its own
    subset: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)  # "scored", "trained" -> hash of the split

    @property
    def texts(self) -> Path:
        """The file of the texts that were scored."""
        return self.path.with_name(self.path.stem.replace("result", "texts", 1) + ".txt")


@dataclass(frozen=True)
class Results:
    """What a sweep has to show. `missing`: a point's name -> why there is no result."""

    folder: Path
    sweep: SweepRecipe
    command: str
    quick: bool
    axes: Mapping[str, Sequence[str]]
    runs: Sequence[Run]
    missing: Mapping[str, str]

    def chosen(self, /, **of: Any) -> list[Run]:
        return [run for run in self.runs if matches(run.at, of)]

    @property
    def title(self) -> str:
        return self.sweep.title or self.folder.resolve().name

    @property
    def about(self) -> str:
        """What made them; what can be typed stands in backticks."""
        short = " The short form: far too little for a verdict." if self.quick else ""
        code = ", ".join(sorted({run.code_commit or "a release" for run in self.runs}))
        return f"{len(self.runs)} runs.{short} Made by `{self.command}`, with the code at {code}."

    @property
    def gaps(self) -> str:
        """How many runs there are not; "" where all are there."""
        num, of = len(self.missing), len(self.missing) + len(self.runs)
        return f"{num} of {of} runs have no result, and are missing below." if num else ""

    @property
    def against(self) -> str:
        """Labels of the runs that all others are held against; "" where there are none."""
        return ", ".join(map(str, self.sweep.against.values()))

    @property
    def metrics(self) -> list[str]:
        """Those that the sweep asks to be shown, as far as there are scores; else all."""
        there = list(dict.fromkeys(name for run in self.runs for name in run.scores))
        return [name for name in self.sweep.metrics if name in there] or [m for m in there if "/" not in m]


def read_results(folder: str | Path) -> Results:
    """The results of a finished sweep, or of as much as there is.

    Raises:
        RunError: no sweep there, one of another version, none of its runs has a result, or a result is not what its place says.
    """
    folder = Path(folder)
    if not (folder / PLAN).is_file():
        raise RunError(f"{folder} holds no sweep. `foreword sweep RECIPE --out {folder}` makes one.")
    held = read_json(folder / PLAN, ["version", "points", "axes", "sweep"], "Start the sweep again.")
    if held["version"] != PLAN_VERSION:
        raise RunError(
            f"{folder / PLAN} is of version {held['version']}, and this Foreword reads version {PLAN_VERSION}. Start the sweep "
            "again: what is done is not done again."
        )
    axes, sweep = held["axes"], sweep_section(held["sweep"])
    runs, missing = [], {}
    states = journal_states(folder)
    for point in held["points"]:
        path = folder / RUNS / point["name"] / f"result-{point['split']}.json"
        if point["kind"] == "before":
            continue
        if path.is_file():
            runs.append(read_run(path, point, sweep.across))
        else:
            missing[point["name"]] = states.get(point["name"], "not run yet")
    if not runs:
        failed = [f"\n  {name}: {why}" for name, why in states.items() if why.startswith(FAILED)]
        raise RunError(
            f"none of the {len(missing)} runs of {folder} has a result yet. `{held['command']}` makes them."
            f"{''.join(failed[:REASONS_TOLD])}"
        )
    check_one_data(runs)
    return Results(folder, sweep, held["command"], held["quick"], axes, runs, missing)


def check_one_data(runs: Sequence[Run]) -> None:
    """Raises RunError: runs on one task, with its files in one place, had other data: it was changed in between."""
    first: dict[tuple[str, ...], Run] = {}
    for run in runs:
        for what, found in run.data.items():
            split = run.recipe.eval.split if what == "scored" else "train"
            other = first.setdefault((what, split, which_data(run.recipe.task)), run)
            if other.data[what] != found:
                where = run.recipe.task.path or run.recipe.task.name
                raise RunError(
                    f"{run.name} was {what} on other data than {other.name}, though both have it from {where}: the files were "
                    "changed in between. Remove the runs of before, and start the sweep again."
                )


def journal_states(folder: Path) -> dict[str, str]:
    """Why points have no result, as far as there is a journal. (It is not kept with results that are passed on.)"""
    if not (folder / JOURNAL).is_file():
        return {}
    with Journal(folder / JOURNAL, is_writer=False) as journal:
        entries = journal.entries()
    return {name: f"{FAILED}{e.error}" if e.state == "failed" else "not finished" for name, e in entries.items()}


def read_run(path: Path, point: Mapping[str, Any], across: Sequence[str] = ()) -> Run:
    """One result, held against its place.

    Raises:
        RunError: it is of other settings than the sweep asked for there, or its signature is of another recipe than its own.
    """
    content = read_json(path, (), AGAIN)
    result = as_record(ResultFile, content, path)
    recipe = Recipe.from_dict(result.recipe)
    if identity(recipe) != point["identity"]:
        raise RunError(
            f"{path} is of other settings than sweep.json has for {point['name']}: it belongs to another place. {AGAIN}"
        )
    signed = {part: value for part, _, value in (told.partition(":") for told in result.signature.split("|"))}
    told = {
        "settings": settings_hash(result.recipe),
        "data": result.data.hash[:12],
        "split": result.data.split,
        "method": result.method.name,
    }
    for part, value in told.items():
        if signed.get(part) != value:
            raise RunError(
                f"{path} has the signature {part}:{signed.get(part)}, and its content says {value}: it was changed. {AGAIN}"
            )
    scores = {
        name if group == "all" else f"{group}/{name}": score.value
        for group, metrics in result.scores.items()
        for name, score in metrics.items()
    }
    record, train_s, data = path.with_name("run.json"), None, {"scored": result.data.hash}
    if record.is_file():
        run = as_record(RunFile, read_json(record, (), AGAIN), record)
        train_s = run.state.train_s
        data |= {"trained": run.data_hash} if run.data_hash else {}
        scores |= {f"{LOSS}/{split}": value for split, value in run.losses.items()}
    arrays = path.with_name(path.stem.replace("result", "resamples", 1) + ".safetensors")
    resampled = {n.removeprefix("all/"): r for n, r in read_arrays(arrays).items()} if arrays.is_file() else {}
    return Run(
        point["name"], point["at"], path, recipe, scores, result.data.references_hash, content["method"],
        result.backbone.num_parameters, result.code_commit, train_s, resampled,
        point["kind"] == "vote", tuple(point["at"][axis] for axis in across if axis in point["at"]),
        data,
    )  # fmt: skip


def is_better_lower(metric: str) -> bool:
    return metric.startswith(f"{LOSS}/") or metric.split("/")[-1] in LOWER
