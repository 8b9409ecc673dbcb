"""A sweep, planned: each combination of its axes and seeds becomes a point, a recipe of its own.

Comes in:  a recipe file with a [sweep].      Goes out: a Plan, every recipe in it checked, before anything has run.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.recipe import Recipe, SweepRecipe, parse_override, sweep_section, with_settings
from foreword.recipe.reading import SWEEP, recipe_tables
from foreword.recipe.sweeps import FormRecipe, Fragment
from foreword.sweep.grid import (
    RECIPE,
    SEED,
    UNTOUCHED,
    axes_of,
    check_names,
    matches,
    triples,
    without,
)
from foreword.tasks import load_task
from foreword.vetting import vet

BEFORE = "before"
RUNS = "runs"  # in a sweep's folder: its runs' folders
PLAN = "sweep.json"  # what was asked for
PLAN_VERSION = 1
JOURNAL = "journal.sqlite"  # how far it is


@dataclass(frozen=True)
class Point:
    """One run of a sweep.

    at:     axis -> label, the seed among them where it has one.
    kind:   train: trained and scored; untouched: scored as it is; before: trained, for others to start from; vote: of other runs.
    needs:  names of the points that must be there first.
    """

    name: str
    at: Mapping[str, str]
    recipe: Recipe
    kind: Literal["train", "untouched", "before", "vote"] = "train"
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a sweep asks for. `axes` has the labels in the file's order; `left_out` those whose data is not at hand."""

    sweep: SweepRecipe
    axes: Mapping[str, Sequence[str]]
    points: Sequence[Point]
    quick: bool
    left_out: Sequence[str] = ()


def read_sweep(
    path: str | Path, out: str | Path, overrides: Sequence[str] = (), quick: bool = False, published: bool = False
) -> Plan:
    """The points of the sweep in a recipe file.

    Args:
        path: a TOML file with a [sweep], or the name of a recipe that ships.
        out: the sweep's folder, where runs that others start from will be.
        overrides: settings of all runs, which win over all others, e.g. "backbone.name=editor".
        quick, published: the sweep's other forms, as [sweep.quick] and [sweep.published] have them; both can be asked for.

    Raises:
        BadRecipe, UnknownName: no such file, no [sweep] in it, an axis or a setting that does not exist, two points alike.
    """
    given = recipe_tables(path)
    if SWEEP not in given:
        raise BadRecipe(
            f"recipe {path} holds no [sweep]. `foreword train {path}` runs it; a sweep needs a grid or seeds."
        )
    sweep = sweep_section(given.pop(SWEEP))
    axes = axes_of(sweep.grid)
    check_names(sweep, axes)
    forms = {"published": sweep.published} if published else {}
    forms |= {"quick": sweep.quick} if quick else {}
    kept, seeds = {axis: list(labels) for axis, labels in axes.items()}, sweep.seeds
    for form in forms.values():
        seeds = form.seeds or seeds
        kept = {
            axis: [label for label in labels if label in form.keep.get(axis, labels)] for axis, labels in kept.items()
        }
    asked = Asked(given, sweep, axes, forms, [parse_override(text) for text in overrides], Path(out))
    left_out = without_data(asked, kept)
    kept = {axis: [label for label in labels if (axis, label) not in left_out] for axis, labels in kept.items()}
    points = trained_points(asked, kept, seeds)
    for before in reversed(list(before_points(asked, seeds))):  # what it starts from itself stands in front of it
        if any(before.name in point.needs for point in points):
            points.insert(0, before)
    if sweep.vote is not None and sweep.vote.of in kept[sweep.vote.axis]:
        points += vote_points(points, sweep.vote.axis, sweep.vote.of, sweep.vote.label, kept)
        kept[sweep.vote.axis].append(sweep.vote.label)
    check_different(points)
    told = [f"{axis} {label}" for axis, label in left_out]
    return Plan(sweep, {**kept, SEED: [str(seed) for seed in seeds]}, points, quick, told)


@dataclass(frozen=True)
class Asked:
    """A sweep's file, read: the recipe its runs begin with, what is varied, its forms that are asked for, what is set for all."""

    given: Mapping[str, Any]
    sweep: SweepRecipe
    axes: Mapping[str, Mapping[str, Fragment]]
    forms: Mapping[str, FormRecipe]
    overrides: Sequence[tuple[str, str, Any]]
    out: Path

    def fragments(self, at: Mapping[str, str]) -> Iterator[tuple[str, Fragment]]:
        """The settings of a combination, each with where it stands, the later ones winning.

        What is varied is varied in every form: so the axes that are settings come last.
        """
        fragments = {axis: (f"sweep.grid.{axis}.{label}", self.axes[axis][label]) for axis, label in at.items()}
        yield from (fragment for axis, fragment in fragments.items() if "." not in axis)
        yield from rules("sweep.where", self.sweep.where, at)
        for name, form in self.forms.items():
            yield f"sweep.{name}.set", form.set
            yield from rules(f"sweep.{name}.where", form.where, at)
        yield from (fragment for axis, fragment in fragments.items() if "." in axis)

    def recipe(
        self, fragments: Sequence[tuple[str, Fragment]], at: Mapping[str, str], seed: int
    ) -> tuple[Recipe, tuple[str, ...]]:
        """The recipe with these settings, checked; names of the sweep's runs that it starts from."""
        settings = self.given
        for named, fragment in fragments:
            if RECIPE in fragment:
                settings = recipe_tables(with_labels(str(fragment[RECIPE]), at, named))
            settings = with_settings(settings, list(triples(fragment, named)))
        settings = with_settings(settings, [*self.overrides, ("train", SEED, seed)])
        return started(settings, self.sweep.before, self.out)


def with_labels(name: str, at: Mapping[str, str], named: str) -> str:
    """A recipe's name with labels in place of their axes' names. Raises UnknownName: braces around what is no axis."""
    try:
        return name.format_map(at)
    except KeyError as error:
        raise UnknownName(f"axis in {named}.{RECIPE}", str(error.args[0]), at) from None


def without_data(asked: Asked, kept: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """(axis, label) of those that the sweep can do without, and whose data has nothing to train on here."""
    found = []
    for axis, labels in asked.sweep.optional.items():
        for label in (label for label in kept[axis] if label in labels):
            at = {other: some[0] for other, some in kept.items()} | {axis: label}
            task = asked.recipe(list(asked.fragments(at)), at, 0)[0].task
            try:
                there = "train" in load_task(task.name, task.path or None, **task.arguments).splits
            except BadData:
                there = False
            found += [] if there else [(axis, label)]
    return found


def rules(named: str, where: Sequence[Mapping[str, Any]], at: Mapping[str, str]) -> Iterator[tuple[str, Fragment]]:
    for rule in where:
        if matches(at, without(rule, "set")):
            yield named, rule.get("set", {})


def trained_points(asked: Asked, kept: Mapping[str, Sequence[str]], seeds: Sequence[int]) -> list[Point]:
    """A point for each combination; all of the first seed first, so that what is unfinished compares alike."""
    found: list[Point] = []
    for seed in seeds:
        for labels in itertools.product(*kept.values()):
            at = dict(zip(kept, labels, strict=True))
            fragments = list(asked.fragments(at))
            trained = not any(fragment.get(UNTOUCHED) for _, fragment in fragments)
            recipe, needs = asked.recipe(fragments, at, seed)
            where = {**at, SEED: str(seed)} if trained else at
            if trained or seed == seeds[0]:  # untouched, it is the same for every seed
                found.append(Point(name_of(where), where, recipe, "train" if trained else UNTOUCHED, needs))
    return found


def before_points(asked: Asked, seeds: Sequence[int]) -> Iterator[Point]:
    for name, fragment in asked.sweep.before.items():
        fragments = [
            (f"sweep.before.{name}", fragment),
            *((f"sweep.{f}.set", form.set) for f, form in asked.forms.items()),
        ]
        recipe, needs = asked.recipe(fragments, {}, seeds[0])
        yield Point(slug(f"{BEFORE}-{name}"), {}, recipe, BEFORE, needs)


def started(settings: Mapping[str, Any], before: Mapping[str, Fragment], out: Path) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe, checked; where it starts from another of the sweep's runs, that run's folder and name."""
    asked = str(settings.get("train", {}).get("start_from", ""))
    needs: tuple[str, ...] = ()
    if asked.startswith(f"{BEFORE}:"):
        name = asked.removeprefix(f"{BEFORE}:")
        if name not in before:
            raise UnknownName("run of sweep.before", name, before)
        needs = (slug(f"{BEFORE}-{name}"),)
        settings = with_settings(settings, [("train", "start_from", str(out / RUNS / needs[0]))])
    threads = settings.get("backbone", {}).get("threads", 0) or 1  # so that how many run at once changes no figure
    recipe = Recipe.from_dict(with_settings(settings, [("backbone", "threads", threads)]))
    vet(recipe)
    return recipe, needs


def vote_points(
    points: Sequence[Point], axis: str, of: str, label: str, kept: Mapping[str, Sequence[str]]
) -> list[Point]:
    """A vote for each set of points that differ in nothing but their seed."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        if point.kind == "train" and point.at.get(axis) == of:
            at = {name: label if name == axis else point.at[name] for name in kept}
            groups.setdefault(name_of(at), []).append(point)
    if any(len(members) < 2 for members in groups.values()):
        raise BadRecipe(f"sweep.vote: a vote needs two seeds or more, and sweep.seeds gives {of} one.")
    return [
        Point(
            name,
            {**without(members[0].at, SEED), axis: label},
            members[0].recipe,
            "vote",
            tuple(m.name for m in members),
        )
        for name, members in groups.items()
    ]


def check_different(points: Sequence[Point]) -> None:
    """Raises BadRecipe: two points are the same run."""
    seen: dict[str, str] = {}
    names: set[str] = set()
    for point in points:
        run = f"{point.kind} {point.needs} {point.recipe.model_dump_json()}"
        if other := seen.get(run):
            raise BadRecipe(
                f"the sweep's points {other} and {point.name} are the same run: nothing in the grid sets them apart, or what is "
                "set for all runs wins over it."
            )
        if point.name in names:
            raise BadRecipe(f"two of the sweep's points are called {point.name}. Give their labels names that differ.")
        seen[run] = point.name
        names.add(point.name)


def name_of(at: Mapping[str, str]) -> str:
    """A folder's name: the labels, those of settings behind their names."""
    named = [f"{axis.split('.')[-1]}={label}" if "." in axis or axis == SEED else label for axis, label in at.items()]
    return slug("-".join(named))


def slug(text: str) -> str:
    return re.sub(r"[^\w.=+-]+", "_", text)
