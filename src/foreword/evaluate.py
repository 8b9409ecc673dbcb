"""Scores of a split: generate, score, and write down what the figures are figures of.

Comes in:  a backbone with or without a prefix, a task's split, metrics.      Goes out: a Result, and its record.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from foreword.backbone import Backbone
from foreword.generation import Decoding, Progress, answers
from foreword.methods import Method
from foreword.metrics import Scores, score
from foreword.prefix import Prefix
from foreword.provenance import code_commit, machine, versions
from foreword.recipe import settings_hash
from foreword.tasks import ALL, Example, Task
from foreword.vetting import check_metrics


@dataclass(frozen=True)
class Result:
    """Texts of a split and their scores, for all examples and for each group."""

    scores: Mapping[str, Scores]  # group -> scores; "all" always
    texts: Sequence[str]
    examples: Sequence[Example]
    num_cut_sources: int
    wall_s: float

    def value(self, metric: str, group: str = ALL) -> float:
        """Raises MissingTool where the metric was skipped."""
        return self.scores[group][metric].value


def evaluate(
    backbone: Backbone,
    examples: Sequence[Example],
    decoding: Decoding,
    prefix: Prefix | None,
    metrics: Sequence[str],
    max_source_len: int = 0,
    resamples: int = 1000,
    progress: Progress | None = None,
    method: Method | None = None,
    words: Sequence[str] = (),
    per_word: bool = False,
) -> Result:
    """Generate a text for every example and score them, all together and each group apart.

    Args:
        method, words, per_word: as `answers` has them.

    Raises:
        UnknownName: a metric that does not exist; before anything is generated.
    """
    check_metrics(metrics, words)
    began = time.monotonic()
    sources = [example.source for example in examples]
    made = answers(backbone, sources, decoding, prefix, max_source_len, progress, method, words, per_word)
    wall_s = time.monotonic() - began
    groups = {ALL: list(range(len(examples)))}
    for row, example in enumerate(examples):
        if example.group:
            groups.setdefault(example.group, []).append(row)
    if len(groups) == 2 and all(example.group for example in examples):  # one group is everything
        groups = {ALL: groups[ALL]}
    scores = {
        group: score(
            [made.texts[r] for r in rows],
            [list(examples[r].references) for r in rows],
            metrics,
            resamples=resamples,
            units=[examples[r].unit for r in rows],
        )  # fmt: skip
        for group, rows in groups.items()
    }
    return Result(scores, made.texts, examples, made.num_cut_sources, wall_s)


def result_record(
    result: Result, backbone: Backbone, task: Task, split: str, recipe: Mapping[str, Any], method: Mapping[str, Any]
) -> dict[str, Any]:
    """Everything a reader needs to trust the scores or to have them again.

    Args:
        method: name, trained and stored parameters, their share of the backbone; {"name": "untouched"} for none.
    """
    commit = code_commit()
    return {
        "scores": {group: {n: asdict(s) for n, s in scores.scores.items()} for group, scores in result.scores.items()},
        "skipped": dict(result.scores[ALL].skipped),
        "signature": signature(result, backbone, task, split, recipe, method, commit),
        "method": dict(method),
        "backbone": {
            "name": backbone.name,
            "revision": backbone.revision,
            "fingerprint": backbone.fingerprint,
            "num_parameters": backbone.num_parameters,
            "dtype": dtype_of(backbone),
        },
        "data": {
            "task": task.name,
            "split": split,
            "hash": task.data_hash(split),
            "references_hash": references_hash(result.examples),
            "num_examples": len(result.examples),
        },
        "num_cut_sources": result.num_cut_sources,
        "generation_s": round(result.wall_s, 2),
        "recipe": dict(recipe),
        "code_commit": commit,
        "versions": versions(),
        "machine": {**machine(), "device": str(backbone.device), "threads": torch.get_num_threads()},
    }


def references_hash(examples: Sequence[Example]) -> str:
    """sha256 (hex) over what the texts were held against: two systems scored on the same can be compared example by example."""
    told = json.dumps([[example.references, example.group, example.unit] for example in examples])
    return hashlib.sha256(told.encode()).hexdigest()


def signature(
    result: Result, backbone: Backbone, task: Task, split: str, recipe: Mapping[str, Any], method: Mapping[str, Any], commit: str
) -> str:  # fmt: skip
    """One line that says what the scores are of, in sacrebleu's manner; `settings` hashes the whole recipe."""
    trained = recipe["method"] if recipe["method"]["name"] == method["name"] else {}
    revision = f"@{backbone.revision[:12]}" if backbone.revision else ""
    parts = {
        "task": task.name,
        "split": split,
        "n": len(result.examples),
        "data": task.data_hash(split)[:12],
        "backbone": f"{backbone.name}{revision}",
        "weights": backbone.fingerprint[:12],
        "dtype": dtype_of(backbone),
        "method": method["name"],
        **{
            key: str(value).replace("|", "/")
            for key, value in trained.items()
            if key != "name" and value not in ("", []) and value is not False
        },
        **({"seed": recipe["train"]["seed"]} if trained else {}),
        "decoding": recipe["generate"]["preset"],
        "beams": recipe["generate"]["beams"],
        "settings": settings_hash(recipe),
        "code": commit or "release",
        "v": versions().get("foreword", ""),
    }
    return "|".join(f"{key}:{value}" for key, value in parts.items())


def dtype_of(backbone: Backbone) -> str:
    return str(backbone.dtype).removeprefix("torch.")
