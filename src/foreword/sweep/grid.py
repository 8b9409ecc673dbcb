"""The grid of a sweep: its axes with their labels, and whether all that names them names what is there.

Comes in:  [sweep.grid] and the sections that choose among it.      Goes out: axis -> label -> settings.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from foreword.errors import BadRecipe, UnknownName
from foreword.recipe import SweepRecipe
from foreword.recipe.sweeps import SECTIONS, Chosen, Fragment

SEED = "seed"  # the axis that every sweep has
UNTOUCHED, RECIPE = "untouched", "recipe"  # what a fragment may hold beside sections


def axes_of(grid: Mapping[str, Any]) -> dict[str, dict[str, Fragment]]:
    """axis -> label -> settings. A setting's axis is called as the setting is, its labels as the values are."""
    axes: dict[str, dict[str, Fragment]] = {}
    for name, given in grid.items():
        if not isinstance(given, Mapping) or not given:
            raise BadRecipe(
                f"sweep.grid.{name} must be a table of labels, or for a section its settings' values, got {given!r}."
            )
        if name not in SECTIONS:
            for label, fragment in given.items():
                if not isinstance(fragment, Mapping):
                    raise BadRecipe(f"sweep.grid.{name}.{label} must be a table of settings, got {fragment!r}.")
            axes[name] = dict(given)
            continue
        for key, values in given.items():
            if not isinstance(values, list) or not values:
                raise BadRecipe(f"sweep.grid.{name}.{key} must be a list of values to try, got {values!r}.")
            labels: dict[str, Fragment] = {str(value): {name: {key: value}} for value in values}
            if len(labels) < len(values):
                raise BadRecipe(f"sweep.grid.{name}.{key} has a value twice: {values!r}.")
            axes[f"{name}.{key}"] = labels
    return axes


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
            yield section, key, value


def check_names(sweep: SweepRecipe, axes: Mapping[str, Mapping[str, Fragment]]) -> None:
    """Raises UnknownName: an axis or a label that the grid does not have, wherever the sweep names one."""
    with_votes = {axis: list(labels) for axis, labels in axes.items()}
    if sweep.vote is not None:
        check_labels({sweep.vote.axis: sweep.vote.of}, axes, "sweep.vote")
        with_votes[sweep.vote.axis].append(sweep.vote.label)
    for named, where in (
        ("sweep.where", sweep.where),
        ("sweep.quick.where", sweep.quick.where),
        ("sweep.published.where", sweep.published.where),
    ):
        for rule in where:
            check_labels(without(rule, "set"), axes, named)
    check_labels(sweep.optional, axes, "sweep.optional")
    check_labels(sweep.quick.keep, axes, "sweep.quick.keep")
    check_labels(sweep.published.keep, axes, "sweep.published.keep")
    check_labels(sweep.against, with_votes, "sweep.against")
    for claim in sweep.claims:
        check_labels({**claim.a}, with_votes, "sweep.claims")
        check_labels({**claim.b}, with_votes, "sweep.claims")
    named = [*sweep.across, sweep.columns, *(claim.along for claim in sweep.claims)]
    for axis in [*named, *(axis for plot in sweep.plots for axis in (plot.x, plot.lines))]:
        if axis and axis not in axes:
            raise UnknownName("axis of this sweep", axis, axes)


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
