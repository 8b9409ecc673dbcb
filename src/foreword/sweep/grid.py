"""The grid of a sweep: its axes with their labels, and whether all that names them names what is there.

Comes in:  [sweep.grid], a form's own, and the sections that choose among them.      Goes out: axes by name.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from foreword.errors import BadRecipe, UnknownName
from foreword.metrics import check_name
from foreword.recipe import SweepRecipe
from foreword.recipe.sweeps import SECTIONS, SET, Chosen, FormRecipe, Fragment

SEED = "seed"  # the axis that every sweep has
UNTOUCHED, RECIPE = "untouched", "recipe"  # what a fragment may hold beside sections
OF_TRAINING, OF_CLASSIFIER = ("loss/train", "loss/dev"), "control"  # scores that are of no metric


@dataclass(frozen=True)
class Axis:
    """What is varied: label -> settings. `form`: the form of the sweep whose grid has it; "" for the sweep's own."""

    labels: Mapping[str, Fragment]
    form: str = ""


def place(form: str, *parts: str) -> str:
    """Where something stands in the file: in a form of the sweep, or with "" in the sweep itself."""
    return ".".join(["sweep", *([form] if form else []), *parts])


def axes_of(grid: Mapping[str, Any], form: str = "") -> dict[str, Axis]:
    """The axes of a grid. A setting's axis is called as the setting is, its labels as the values are."""
    axes: dict[str, Axis] = {}
    for name, given in grid.items():
        named = place(form, "grid", name)
        if not isinstance(given, Mapping) or not given:
            raise BadRecipe(
                f"{named} must be a table of labels, or for a section its settings' values, e.g. "
                f"method.prefix_len = [5, 10], got {given!r}."
            )
        if name not in SECTIONS:
            for label, fragment in given.items():
                if isinstance(fragment, list):  # values to try, of a section that there is not
                    raise UnknownName("section", named, [place(form, "grid", section) for section in SECTIONS])
                if not isinstance(fragment, Mapping):
                    raise BadRecipe(f"{named}.{label} must be a table of settings, got {fragment!r}.")
            axes[name] = Axis(given, form)
            continue
        for key, values in given.items():
            if not isinstance(values, list) or not values:
                raise BadRecipe(f"{named}.{key} must be a list of values to try, got {values!r}.")
            labels: dict[str, Fragment] = {str(value): {name: {key: value}} for value in values}
            if len(labels) < len(values):
                raise BadRecipe(f"{named}.{key} has a value twice: {values!r}.")
            axes[f"{name}.{key}"] = Axis(labels, form)
    return axes


def of_one_backbone(axis: Axis, name: str) -> Axis:
    """What is left of an axis that sets nothing but the backbone, where one is set for all runs: its label, or a new one."""
    if not all(names_a_backbone(fragment) for fragment in axis.labels.values()):
        return axis
    labels = {label: fragment for label, fragment in axis.labels.items() if fragment["backbone"]["name"] == name}
    return replace(axis, labels=labels or {name: {}})


def names_a_backbone(fragment: Fragment) -> bool:
    """Whether it does that and nothing else."""
    told = fragment.get("backbone")
    return len(fragment) == 1 and isinstance(told, Mapping) and {"name"} <= set(told) <= {"name", "revision"}


def kept_labels(axes: Mapping[str, Axis], forms: Iterable[FormRecipe]) -> dict[str, list[str]]:
    """axis -> the labels that these forms leave of it."""
    kept = {name: list(axis.labels) for name, axis in axes.items()}
    for form in forms:
        for name, wanted in form.keep.items():
            kept[name] = [label for label in kept[name] if label in wanted] or kept[name][:1]
    return kept


def triples(fragment: Fragment, named: str) -> Iterator[tuple[str, str, Any]]:
    """(section, key, value) of each setting."""
    for section, keys in fragment.items():
        if (section == UNTOUCHED and isinstance(keys, bool)) or (section == RECIPE and isinstance(keys, str)):
            continue
        if section not in SECTIONS:
            raise UnknownName("section", f"{named}.{section}", [f"{named}.{name}" for name in SECTIONS])
        if not isinstance(keys, Mapping):
            raise BadRecipe(f"{named}.{section} is a section, e.g. {section}.{SEED} = 1, got {keys!r}.")
        for key, value in keys.items():
            check_no_seed(section, key, named)
            yield section, key, value


def check_given(given: Mapping[str, Any], overrides: Iterable[tuple[str, str, Any]], named: str) -> None:
    """Raises BadRecipe: what the runs begin with, or what is set for all of them, is no section, or a seed."""
    for section, keys in given.items():
        if not isinstance(keys, Mapping):
            raise BadRecipe(f"{named}: {section} is a section, e.g. [{section}], got {keys!r}.")
        for key in keys:
            check_no_seed(section, key, named)
    for section, key, _ in overrides:
        check_no_seed(section, key, "--set")


def check_no_seed(section: str, key: str, named: str) -> None:
    if (section, key) == ("train", SEED):
        raise BadRecipe(f"{named} sets train.seed, and a sweep's runs have the seeds of its sweep.seeds. Change those.")


def check_names(sweep: SweepRecipe) -> None:
    """Raises UnknownName: an axis, a label or a run that the sweep does not have, wherever it names one."""
    own = axes_of(sweep.grid)
    axes = {name: list(axis.labels) for name, axis in own.items()}
    for form, told in sweep.forms.items():
        for name, axis in axes_of(told.grid, form).items():
            if name not in axes:
                raise UnknownName(f"axis in {place(form, 'grid')}", name, axes)
            axes[name] += [label for label in axis.labels if label not in axes[name]]
        for name in told.before:
            if name not in sweep.before:
                raise UnknownName(f"run in {place(form, 'before')}", name, sweep.before)
    for rule in sweep.where:
        check_labels(without(rule, SET), axes, "sweep.where")
    check_labels(sweep.optional, axes, "sweep.optional")
    for form, told in sweep.forms.items():
        check_labels(told.keep, axes, place(form, "keep"))
        for rule in told.where:
            check_labels(without(rule, SET), axes, place(form, "where"))
    check_read_off(sweep, axes)
    for form, told in sweep.forms.items():
        check_read_off(sweep.read_as([told]), axes, form)


def check_read_off(sweep: SweepRecipe, axes: Mapping[str, Sequence[str]], form: str = "") -> None:
    """What is to be read off the results. Raises UnknownName, and BadRecipe: a plot that would average over what differs, a vote
    called what a label is."""
    vote = sweep.vote
    labels_of = {name: list(labels) for name, labels in axes.items()}
    if vote is not None:
        check_labels({vote.axis: vote.of}, axes, place(form, "vote"))
        if vote.label in axes[vote.axis]:
            raise BadRecipe(
                f"{place(form, 'vote.label')} = {vote.label!r}: axis {vote.axis} has a label of that name; give another."
            )
        labels_of[vote.axis].append(vote.label)
    check_labels(sweep.against, labels_of, place(form, "against"))
    for claim in sweep.claims:
        check_labels({**claim.a}, labels_of, place(form, "claims"))
        check_labels({**claim.b}, labels_of, place(form, "claims"))
    named = [*sweep.across, sweep.columns, *(claim.along for claim in sweep.claims)]
    for axis in [*named, *(axis for plot in sweep.plots for axis in (plot.x, plot.lines))]:
        if axis and axis not in axes:
            raise UnknownName("axis of this sweep", axis, axes)
    for plot in sweep.plots:
        for axis, labels in axes.items():
            if axis not in {plot.x, plot.lines, *sweep.across} and len(labels) > 1:
                raise BadRecipe(
                    f"{place(form, 'plots')} over {plot.x} would draw the mean over {axis} ({', '.join(labels)}): say lines = "
                    f"{axis!r}, or in sweep.across that they are repetitions."
                )
    for _, name, _ in scores_named(sweep):
        check_score(name)


def scores_named(sweep: SweepRecipe) -> Iterator[tuple[str, str, Sequence[Chosen]]]:
    """Where a score is named, its name, and the runs that it is about: a claim's, or all."""
    yield from (("sweep.metrics", name, [{}]) for name in sweep.metrics)
    yield from (("sweep.plots", name, [{}]) for plot in sweep.plots for name in plot.metrics)
    yield from (("sweep.claims", claim.metric, [claim.a, claim.b] if claim.b else [claim.a]) for claim in sweep.claims)


def check_score(name: str) -> None:
    """Raises UnknownName: no run can have a score of this name, a metric's behind a group's where it is of one."""
    metric = name.split("/")[-1]
    if name not in OF_TRAINING and metric != OF_CLASSIFIER:
        check_name(metric)


def check_labels(chosen: Chosen, axes: Mapping[str, Any], named: str) -> None:
    for axis, labels in chosen.items():
        if axis not in axes:
            raise UnknownName(f"axis in {named}", axis, axes)
        for label in [labels] if isinstance(labels, str) else labels:
            if label not in axes[axis]:
                raise UnknownName(f"label of {axis} in {named}", label, axes[axis])


def matches(at: Mapping[str, str], chosen: Chosen) -> bool:
    """Whether a point is among those chosen: axis -> a label, or several."""
    return all(at.get(axis) in ([labels] if isinstance(labels, str) else labels) for axis, labels in chosen.items())


def without(given: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name != key}
