"""Recipes from files and from what is typed after --set.

Comes in:  a TOML file and `section.key=value` overrides.      Goes out: a Recipe, or an error that says what to write instead.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from foreword.catalogue import shipped_recipes
from foreword.errors import BadRecipe, UnknownName
from foreword.recipe.decoding import PRESETS
from foreword.recipe.methods import DEFAULT_METHOD, MethodRecipe
from foreword.recipe.sections import DEFAULT_BACKBONE, Recipe, sections_of

SWEEP = "sweep"  # the section of a file that is many runs
# A model may have moved, its fingerprint tells; another device and another number of threads give the same texts.
SET_LATER = ("generate", "eval", "task", "backbone.name", "backbone.revision", "backbone.device", "backbone.threads")
DECIDES_TRAINING = tuple(
    f"task.{key}"
    for key in (
        "name",
        "train_size",
        "subset_seed",
        "dev_size",
        "max_target_len",
        "instruction",
        "template",
        "words",
        "classes",
    )
)


def read_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """A recipe with overrides like "method.prefix_len=20" applied.

    Args:
        path: a TOML file, or the name of a recipe that ships, e.g. "embedded/demo".

    Raises:
        BadRecipe, UnknownName: there is none, the file cannot be read, or a setting is wrong.
    """
    given = recipe_tables(path)
    if SWEEP in given:
        raise BadRecipe(f"recipe {path} holds a sweep, many runs: `foreword sweep {path}` makes them.")
    return Recipe.from_dict(with_overrides(given, overrides))


def recipe_tables(path: str | Path) -> dict[str, Any]:
    """A recipe file's tables as they stand there; `path` as `read_recipe` takes it, and raising the same."""
    path, shipped = Path(path), shipped_recipes()
    if not path.exists() and not path.suffix:
        if path.as_posix() not in shipped:
            raise UnknownName("recipe", path.as_posix(), shipped)
        path = shipped[path.as_posix()]
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadRecipe(f"recipe {path} does not exist. `foreword list recipes` shows those that ship.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecipe(f"recipe {path} cannot be read: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"recipe {path} is not valid TOML: {error}.") from None


def with_overrides(given: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """The same settings with `section.key=value` applied.

    Choosing another method.name leaves the old method's own keys behind, another method.init the words or the prefix it started
    from, another backbone.name the old one's revision, and another generate.preset the keys that presets set.
    """
    return with_settings(given, [parse_override(text) for text in overrides])


def with_settings(given: Mapping[str, Any], parsed: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    """The same settings with each (section, key, value) in place; see `with_overrides`."""
    merged = {section: dict(keys) if isinstance(keys, Mapping) else keys for section, keys in given.items()}
    for section, key, value in parsed:
        keys = merged.setdefault(section, {})
        if not isinstance(keys, dict):
            raise BadRecipe(f"{section} is a section, e.g. [{section}], got {keys!r}.")
        if (section, key) == ("method", "name") and value != keys.get("name", DEFAULT_METHOD):
            for own in set(keys) - set(MethodRecipe.model_fields):
                del keys[own]
        if (section, key) == ("backbone", "name") and value != keys.get("name", DEFAULT_BACKBONE):
            keys.pop("revision", None)
        if (section, key) == ("method", "init") and value != keys.get("init"):
            for key_of_init in ("init_words", "init_prefix"):
                keys.pop(key_of_init, None)
        if (section, key) == ("generate", "preset") and value != keys.get("preset", "greedy"):
            for preset_key in {name for preset in PRESETS.values() for name in preset}:
                keys.pop(preset_key, None)
    for section, key, value in parsed:
        merged[section][key] = value
    return merged


def reopened(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """A trained run's recipe with overrides of where it runs, how it decodes and how it is scored.

    Raises:
        BadRecipe, UnknownName: an override that cannot be read, or would change what was trained.
    """
    for override in overrides:
        section, key, _ = parse_override(override)
        name = f"{section}.{key}"
        if (section not in SET_LATER and name not in SET_LATER) or name in DECIDES_TRAINING:
            can = ", ".join(name if "." in name else f"{name}." for name in SET_LATER)
            raise BadRecipe(f"--set {override} would change what was trained; here {can} can be set.")
    return Recipe.from_dict(with_overrides(recipe.to_dict(), overrides)) if overrides else recipe


def parse_override(text: str) -> tuple[str, str, Any]:
    """("method", "prefix_len", 20) from "method.prefix_len=20"; what is not a TOML value is taken as text."""
    name, equals, raw = text.partition("=")
    section, dot, key = name.strip().partition(".")
    if not equals or not section or (dot and not key) or (not dot and section not in Recipe.model_fields):
        raise BadRecipe(f"--set wants section.key=value, e.g. method.prefix_len=20; got {text!r}.")
    if not dot:
        raise BadRecipe(
            f"{section} is a section: set one of its keys, e.g. {section}.{next(iter(sections_of({})[section].model_fields))}=..."
        )
    try:
        return section, key, tomllib.loads(f"value = {raw.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return section, key, raw.strip()
