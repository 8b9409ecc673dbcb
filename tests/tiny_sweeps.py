"""A sweep's folder as `foreword sweep` leaves it, with scores of our own choosing: no model runs."""

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from foreword.recipe import Recipe, identity, settings_hash
from foreword.report.results import Results, read_results
from foreword.writing import write_arrays

At = Mapping[str, str]


def sweep_folder(
    folder: Path,
    axes: Mapping[str, Sequence[str]],
    score: Callable[[At], float | None],
    sweep: Mapping[str, Any] | None = None,
    spread: float = 0.01,
    metric: str = "bleu",
) -> Path:
    """A run for each combination of labels, `seed` among the axes; where `score` says None, the run has no result yet."""
    points = []
    draws = np.random.default_rng(1).normal(0, 1, 50)
    for labels in itertools.product(*axes.values()):
        at = dict(zip(axes, labels, strict=True))
        name = "-".join(labels)
        recipe = recipe_of(at)
        points.append({"name": name, "at": at, "kind": "train", "split": "test", "identity": identity(recipe)})
        value = score(at)
        if value is None:
            continue
        run = folder / "runs" / name
        run.mkdir(parents=True)
        (run / "result-test.json").write_text(json.dumps(result(recipe, value, metric)))
        (run / "run.json").write_text(
            json.dumps({"state": {"train_s": 60.0}, "losses": {"train": 1.0, "dev": 2 - value}})
        )
        (run / "texts-test.txt").write_text(f"{name} one\n{name} <two>\n")
        write_arrays(run / "resamples-test.safetensors", {f"all/{metric}": value + spread * draws})
    asked = {"title": "A tiny sweep", "metrics": [metric, "loss/dev"], **(sweep or {})}
    plan = {
        "version": 1, "command": "foreword sweep tiny.toml", "quick": False, "sweep": asked, "axes": dict(axes), "points": points
    }  # fmt: skip
    (folder / "sweep.json").write_text(json.dumps(plan))
    return folder


def recipe_of(at: At) -> Recipe:
    return Recipe.from_dict({"train": {"seed": int(at.get("seed", 0))}, "task": {"voice": "-".join(at.values())}})


def result(recipe: Recipe, value: float, metric: str) -> dict[str, Any]:
    told = recipe.to_dict()
    return {
        "scores": {"all": {metric: {"value": value}}},
        "signature": f"task:bulletins|split:test|data:{'d' * 12}|method:prefix-tuning|settings:{settings_hash(told)}",
        "recipe": told,
        "method": {"name": "prefix-tuning", "trained_parameters": 40, "stored_parameters": 10},
        "backbone": {"num_parameters": 1000},
        "data": {"hash": "d" * 64, "split": "test", "references_hash": "r"},
        "code_commit": "0123456789ab",
    }


def results_of(tmp_path: Path, *arguments: Any, **named: Any) -> Results:
    return read_results(sweep_folder(tmp_path, *arguments, **named))
