"""What one run of a sweep is asked for: the settings of a combination put together, the later ones winning, and checked.

Comes in:  a sweep's file, read; a combination of labels.      Goes out: a Recipe, and the sweep's runs that it starts from.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.errors import UnknownName
from foreword.recipe import Recipe, SweepRecipe, with_settings
from foreword.recipe.reading import recipe_tables
from foreword.recipe.sweeps import SET, FormRecipe, Fragment
from foreword.sweep.grid import RECIPE, SEED, Axis, matches, place, triples, without
from foreword.vetting import vet

BEFORE = "before"
RUNS = "runs"  # in a sweep's folder: its runs' folders
LONGEST_NAME = 200  # bytes; file systems take 255
Setting = tuple[str, str, Any]  # section, key, value


@dataclass(frozen=True)
class Asked:
    """A sweep's file, read: the recipe its runs begin with, what is varied, its forms that are asked for, what is set for all."""

    given: Mapping[str, Any]
    sweep: SweepRecipe
    axes: Mapping[str, Axis]
    forms: Mapping[str, FormRecipe]
    overrides: Sequence[Setting]
    out: Path

    def fragments(self, at: Mapping[str, str]) -> Iterator[tuple[str, Fragment]]:
        """The settings of a combination, each with where it stands, the later ones winning.

        What is varied is varied in every form: so the axes that are settings come last.
        """
        yield from self.varied(at, "")
        yield from rules("", self.sweep.where, at)
        for name, form in self.forms.items():
            yield place(name, "set"), form.set
            yield from self.varied(at, name)
            yield from rules(name, form.where, at)
        yield from self.of_labels({axis: label for axis, label in at.items() if "." in axis})

    def varied(self, at: Mapping[str, str], form: str) -> Iterator[tuple[str, Fragment]]:
        """Of the axes that are names, in a form's grid or with "" in the sweep's own."""
        yield from self.of_labels({a: label for a, label in at.items() if "." not in a and self.axes[a].form == form})

    def of_labels(self, at: Mapping[str, str]) -> Iterator[tuple[str, Fragment]]:
        for name, label in at.items():
            yield place(self.axes[name].form, "grid", name, label), self.axes[name].labels[label]

    def of_before(self, name: str) -> Iterator[tuple[str, Fragment]]:
        """The settings of a run that others start from: its own, and what the forms say of it by name.

        What a form sets for the sweep's other runs is none of its business: it has another task, and a schedule of its own.
        """
        yield place("", BEFORE, name), self.sweep.before[name]
        for form, told in self.forms.items():
            yield place(form, BEFORE, name), told.before.get(name, {})

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

    def label(braces: re.Match[str]) -> str:
        if braces[1] not in at:
            raise UnknownName(f"axis in {named}.{RECIPE}", braces[1], at)
        return at[braces[1]]

    return re.sub(r"\{([^{}]*)\}", label, name)


def rules(form: str, where: Sequence[Mapping[str, Any]], at: Mapping[str, str]) -> Iterator[tuple[str, Fragment]]:
    for rule in where:
        if matches(at, without(rule, SET)):
            yield place(form, "where"), rule.get(SET, {})


def started(settings: Mapping[str, Any], before: Mapping[str, Fragment], out: Path) -> tuple[Recipe, tuple[str, ...]]:
    """The recipe, checked; where it starts from another of the sweep's runs, that run's folder and name."""
    asked = str(settings.get("train", {}).get("start_from", ""))
    needs: tuple[str, ...] = ()
    if asked.startswith(f"{BEFORE}:"):
        name = asked.removeprefix(f"{BEFORE}:")
        if name not in before:
            raise UnknownName("run of sweep.before", name, before)
        needs = (before_name(name),)
        settings = with_settings(settings, [("train", "start_from", str(out / RUNS / needs[0]))])
    threads = settings.get("backbone", {}).get("threads", 0) or 1  # so that how many run at once changes no figure
    recipe = Recipe.from_dict(with_settings(settings, [("backbone", "threads", threads)]))
    vet(recipe)
    return recipe, needs


def before_name(name: str) -> str:
    """What a run that others start from is called among the sweep's."""
    return slug(f"{BEFORE}-{name}")


def slug(text: str) -> str:
    """A name that a folder can have; of a long one its beginning, and what tells it from others that begin alike."""
    name = re.sub(r"[^\w.=+-]+", "_", text)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: LONGEST_NAME - len(mark) - 1].decode(errors='ignore')}-{mark}"
