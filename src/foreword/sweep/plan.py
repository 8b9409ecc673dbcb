"""A sweep, planned: each combination of its axes and seeds becomes a point, a recipe of its own.

Comes in:  a recipe file with a [sweep].      Goes out: a Plan, every recipe in it checked, before anything has run.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from foreword.errors import BadData, BadRecipe
from foreword.recipe import Recipe, SweepRecipe, parse_override, sweep_section
from foreword.recipe.reading import SWEEP, recipe_tables
from foreword.recipe.sweeps import Chosen, FormRecipe
from foreword.sweep.asked import BEFORE, Asked, Setting, before_name, slug
from foreword.sweep.grid import (
    OF_CLASSIFIER,
    OF_TRAINING,
    SEED,
    UNTOUCHED,
    Axis,
    axes_of,
    check_given,
    check_labels,
    check_names,
    kept_labels,
    matches,
    of_one_backbone,
    scores_named,
    without,
)
from foreword.tasks import check_arguments, load_task

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
    """What a sweep asks for, its section without the claims about labels that are left out.

    `axes` has the labels in the file's order; `left_out`: "axis label" -> where its data should be.
    """

    sweep: SweepRecipe
    axes: Mapping[str, Sequence[str]]
    points: Sequence[Point]
    quick: bool
    left_out: Mapping[str, str] = field(default_factory=dict)


def read_sweep(
    path: str | Path,
    out: str | Path,
    overrides: Sequence[str] = (),
    quick: bool = False,
    published: bool = False,
    keep: Sequence[str] = (),
) -> Plan:
    """The points of the sweep in a recipe file.

    Args:
        path: a TOML file with a [sweep], or the name of a recipe that ships.
        out: the sweep's folder, where runs that others start from will be.
        overrides: settings of all runs, which win over all others, e.g. "backbone.name=editor".
        quick, published: the sweep's other forms, as [sweep.quick] and [sweep.published] have them; both can be asked for.
        keep: of an axis only these labels, e.g. "size=50", "size=100".

    Raises:
        BadRecipe, UnknownName: no such file, no [sweep] in it, an axis or a setting that does not exist, two points alike, a form
            that it does not have, no data for any of its points.
    """
    given = recipe_tables(path)
    if SWEEP not in given:
        raise BadRecipe(
            f"recipe {path} holds no [sweep]. `foreword train {path}` runs it; a sweep needs a grid or seeds."
        )
    sweep = sweep_section(given.pop(SWEEP))
    check_names(sweep)
    told = [parse_override(text) for text in overrides]
    check_given(given, told, f"recipe {path}")
    forms = forms_of(sweep, quick, published, path)
    sweep = sweep.read_as(forms.values())
    asked = Asked(given, sweep, varied(sweep, forms, told), forms, told, Path(out))
    seeds = sweep.seeds
    for form in forms.values():
        seeds = form.seeds or seeds
    kept, left_out = with_data(asked, asked_for(kept_labels(asked.axes, forms.values()), keep), path)
    points = trained_points(asked, kept, seeds)
    for before in reversed(list(before_points(asked, seeds))):  # what it starts from itself stands in front of it
        if any(before.name in point.needs for point in points):
            points.insert(0, before)
    if sweep.vote is not None and sweep.vote.of in kept[sweep.vote.axis]:
        points += vote_points(points, sweep.vote.axis, sweep.vote.of, sweep.vote.label, kept)
        kept[sweep.vote.axis].append(sweep.vote.label)
    check_different(points)
    if not quick:  # which may count less
        check_scored(sweep, points, own=not told)
    sweep = read_off(asked, kept)
    return Plan(sweep, {**kept, SEED: [str(seed) for seed in seeds]}, points, quick, left_out)


def forms_of(sweep: SweepRecipe, quick: bool, published: bool, path: str | Path) -> dict[str, FormRecipe]:
    """Those asked for. Raises BadRecipe: the sweep has none such."""
    if quick and sweep.quick == FormRecipe():
        raise BadRecipe(
            f"recipe {path} has no [sweep.quick]: nothing says what is left of it in minutes. Leave out --quick."
        )
    if published and sweep.published == FormRecipe():
        raise BadRecipe(
            f"recipe {path} has no [sweep.published]: nothing says how it was published. Leave out --published, and of backbones "
            "name one that ships."
        )
    wanted = {"published": published, "quick": quick}
    return {name: form for name, form in sweep.forms.items() if wanted[name]}


def read_off(asked: Asked, kept: Mapping[str, Sequence[str]]) -> SweepRecipe:
    """The sweep with what can be read off these labels: of one backbone, say, none can be held against another."""
    sweep = asked.sweep
    against = {
        axis: labels
        for axis, labels in sweep.against.items()
        if any(matches({axis: x}, {axis: labels}) for x in kept[axis])
    }
    claims = [
        claim for claim in sweep.claims if not (left_none(claim.a, asked, kept) or left_none(claim.b, asked, kept))
    ]
    if asked.forms or asked.overrides:  # the reasons given are those of the sweep as it stands: others may have others
        claims = [claim.model_copy(update={"why": ""}) for claim in claims]
    return sweep.model_copy(update={"against": against, "claims": tuple(claims)})


def check_scored(sweep: SweepRecipe, points: Sequence[Point], own: bool) -> None:
    """Raises BadRecipe: a score is to be read off that none of the runs it is about will have.

    `own`: whether a run that names no metrics counts its task's own.
    """
    counted = [(point.at, scored_by(point.recipe, own)) for point in points if point.kind != BEFORE]
    for what, name, chosen in scores_named(sweep):
        if name in OF_TRAINING or name.split("/")[-1] == OF_CLASSIFIER:
            continue
        of = [metrics for at, metrics in counted if any(matches(at, runs) for runs in chosen)]
        known = sorted({metric for metrics in of for metric in metrics})
        if of and all(of) and name.split("/")[-1] not in known:
            raise BadRecipe(
                f"{what} asks for {name}, and none of its runs counts it: add it to eval.metrics; they count {', '.join(known)}."
            )


def scored_by(recipe: Recipe, own: bool) -> Sequence[str]:
    """The metrics that a run counts; none where that is not known from its recipe."""
    task = recipe.task
    if recipe.eval.metrics or not own or "words" in task.arguments:  # which may be part of a metric's name
        return recipe.eval.metrics
    return check_arguments(task.name, task.path or None, **task.arguments).metrics


def asked_for(kept: Mapping[str, list[str]], keep: Sequence[str]) -> dict[str, list[str]]:
    """What `keep` leaves of it. Raises BadRecipe, UnknownName."""
    wanted: dict[str, list[str]] = {}
    for told in keep:
        axis, sign, label = told.partition("=")
        if not sign or not label:
            raise BadRecipe(f"--keep wants AXIS=LABEL, got {told!r}.")
        check_labels({axis: label}, kept, "--keep")
        wanted.setdefault(axis, []).append(label)
    return {axis: [label for label in labels if label in wanted.get(axis, labels)] for axis, labels in kept.items()}


def left_none(chosen: Chosen, asked: Asked, kept: Mapping[str, Sequence[str]]) -> bool:
    """Whether nothing is left of what it chooses of an axis: for want of data, or for the form's sake, whose axis may lack it."""
    for axis, labels in chosen.items():
        if axis in asked.axes:
            known = any(matches({axis: label}, {axis: labels}) for label in asked.axes[axis].labels)
            left = any(matches({axis: label}, {axis: labels}) for label in kept[axis])
            if (known or asked.axes[axis].form) and not left:
                return True
    return False


def varied(sweep: SweepRecipe, forms: Mapping[str, FormRecipe], overrides: Sequence[Setting]) -> dict[str, Axis]:
    """The axes in the sweep's order, those of its forms in place of its own, and of one backbone where all runs have one."""
    axes = axes_of(sweep.grid)
    for name, form in forms.items():
        axes |= axes_of(form.grid, name)
    backbones = [value for section, key, value in overrides if (section, key) == ("backbone", "name")]
    return {name: of_one_backbone(axis, str(backbones[-1])) if backbones else axis for name, axis in axes.items()}


def with_data(
    asked: Asked, kept: Mapping[str, Sequence[str]], path: str | Path
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The labels without those that the sweep can do without and whose data has nothing to train on here; where it should be.

    Raises:
        BadRecipe: nothing is left.
    """
    left_out = {}
    for axis, labels in asked.sweep.optional.items():
        for label in (label for label in kept[axis] if label in labels):
            at = {other: some[0] for other, some in kept.items()} | {axis: label}
            task = asked.recipe(list(asked.fragments(at)), at, 0)[0].task
            try:
                there = "train" in load_task(task.name, task.path or None, **task.arguments).splits
            except BadData:
                there = False
            if not there:
                left_out[axis, label] = task.path or task.name
    here = {axis: [label for label in labels if (axis, label) not in left_out] for axis, labels in kept.items()}
    told = {f"{axis} {label}": where for (axis, label), where in left_out.items()}
    if not all(here.values()):
        raise BadRecipe(
            f"recipe {path} asks for nothing that can be run here: there is nothing to train on in "
            f"{', '.join(f'{where} ({label})' for label, where in told.items())}. Put the files of one of them there."
        )
    return here, told


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
    """Raises BadRecipe: one starts from itself, or from one that stands below it."""
    above = set[str]()
    for name in asked.sweep.before:
        recipe, needs = asked.recipe(list(asked.of_before(name)), {}, seeds[0])
        if not above.issuperset(needs):
            raise BadRecipe(f"sweep.before.{name} starts from a run of sweep.before that does not stand above it.")
        above.add(before_name(name))
        yield Point(before_name(name), {}, recipe, BEFORE, needs)


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
