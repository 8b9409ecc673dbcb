"""Which settings make two experiments the same.

Comes in:  a recipe.      Goes out: hashes of its settings, for signatures and for finding a run again.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from foreword.recipe.sections import Recipe

PLACES_OF_MODEL = {"name", "revision", "device", "threads"}
PLACES_OF_DATA = {"path", "train", "dev", "test"}
INDIFFERENT = {
    "backbone.device",
    "backbone.threads",
    "train.trackers",
    *(f"task.{place}" for place in PLACES_OF_DATA),
}


def settings_hash(recipe: Mapping[str, Any]) -> str:
    """12 hex digits over every setting that can change a text or a score: not where model and data lie or what computes them.

    (Model and data are in a signature by hashes of their own.)
    """
    backbone = {key: value for key, value in recipe["backbone"].items() if key not in PLACES_OF_MODEL}
    task = {key: value for key, value in recipe["task"].items() if key not in PLACES_OF_DATA}
    settings = {**recipe, "backbone": backbone, "task": task}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def decisive(recipe: Recipe) -> dict[str, Any]:
    """ "section.key" -> value of all that is no default and decides figures: not where data lies, nor what computes it.

    (Defaults are left out so that a setting that a later Foreword adds does not part it from results of before.)
    """
    given = recipe.model_dump(mode="json", exclude_defaults=True)
    found = {f"{section}.{key}": value for section, keys in given.items() for key, value in keys.items()}
    if "train.start_from" in found:  # the same run, wherever the sweep's folder lies
        found["train.start_from"] = PurePath(found["train.start_from"]).name
    return {"method.name": recipe.method.name} | {k: v for k, v in found.items() if k not in INDIFFERENT}


def identity(recipe: Recipe) -> str:
    """12 hex digits over the decisive settings."""
    return hashlib.sha256(json.dumps(decisive(recipe), sort_keys=True).encode()).hexdigest()[:12]
