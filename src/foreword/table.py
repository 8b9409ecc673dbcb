"""Runs side by side: a row for each way of training, its seeds together, made from the runs' own result files.

Comes in:  folders of runs, or of an untouched backbone's results.      Goes out: rows; Markdown.
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.errors import RunError
from foreword.writing import read_json

NEEDED = ("scores", "method", "backbone", "recipe")


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed alone.

    settings:  of those that are not alike in all rows, this one's ("method.prefix_len": 10).
    trained, stored: how many numbers, and their share of the backbone's.
    scores:    metric -> one score for each run; train_s: seconds, likewise, of runs that were trained.
    """

    name: str
    settings: Mapping[str, Any]
    trained: int
    stored: int
    num_parameters: int
    scores: Mapping[str, Sequence[float]]
    train_s: Sequence[float]
    runs: Sequence[str]
    command: str = ""  # that trained them, but for seed and folder


def rows_of(folders: Sequence[str | Path], split: str) -> list[Row]:
    """A row for all runs that differ in their seed alone, in the order in which the first of each was given.

    Raises:
        RunError: a folder without a result for the split.
    """
    groups: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for folder in map(Path, folders):
        path = folder / f"result-{split}.json"
        if not path.is_file():
            raise RunError(f"{folder} has no {path.name}. `foreword eval {folder} --split {split}` writes it.")
        result = read_json(path, NEEDED, "Remove it, and run `foreword eval` again.")
        groups.setdefault(key_of(result), []).append((folder, result))
    flat = [settings_of(members[0][1]) for members in groups.values()]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    values = {name: {json.dumps(settings[name]) for settings in flat if name in settings} for name in names}
    differing = [name for name in names if len(values[name]) > 1]
    return [
        row(members, {n: settings[n] for n in differing if n in settings})
        for members, settings in zip(groups.values(), flat, strict=True)
    ]


def key_of(result: Mapping[str, Any]) -> str:
    """Equal for runs that differ in nothing but their seed."""
    return json.dumps([result["method"]["name"], settings_of(result)], sort_keys=True)


def settings_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe's settings that decide what is trained and scored; of an untouched backbone none of the training's."""
    untouched = result["method"]["name"] == "untouched"
    left_out = {"train.seed", "method.name", "backbone.threads", "backbone.device", "backbone.dtype"}
    sections = ("backbone", "task", "generate") if untouched else ("backbone", "task", "method", "train", "generate")
    return {
        f"{section}.{key}": value
        for section in sections
        for key, value in result["recipe"][section].items()
        if f"{section}.{key}" not in left_out
    }


def row(members: Sequence[tuple[Path, dict[str, Any]]], settings: Mapping[str, Any]) -> Row:
    (_, first), *_ = members
    metrics = [metric for metric in first["scores"]["all"] if all(metric in r["scores"]["all"] for _, r in members)]
    runs = [read_json(path, ["state"]) for folder, _ in members if (path := folder / "run.json").is_file()]
    return Row(
        first["method"]["name"],
        settings,
        first["method"]["trained_parameters"],
        first["method"]["stored_parameters"],
        first["backbone"]["num_parameters"],
        {metric: [r["scores"]["all"][metric]["value"] for _, r in members] for metric in metrics},
        [run["state"]["train_s"] for run in runs],
        [str(folder) for folder, _ in members],
        next((run.get("command", "") for run in runs), ""),
    )


def cells(rows: Sequence[Row]) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as text: means, and behind them the standard deviation over the seeds."""
    metrics = list(dict.fromkeys(metric for one in rows for metric in one.scores))
    header = ["method", "trained", "stored", *metrics, "seeds", "minutes", "command"]
    return header, [
        [
            " ".join([one.name, *(f"{key.partition('.')[2]}={value}" for key, value in one.settings.items())]),
            counted(one.trained, one.num_parameters),
            counted(one.stored, one.num_parameters),
            *(spread(one.scores.get(metric, ())) for metric in metrics),
            str(len(one.runs)),
            f"{statistics.mean(one.train_s) / 60:.1f}" if one.train_s else "-",
            one.command or "-",
        ]
        for one in rows
    ]


def counted(number: int, of: int) -> str:
    share = 100 * number / of
    return f"{number:,} ({share:.0f} %)" if share >= 10 else f"{number:,} ({share:.2g} %)" if number else "0"


def spread(scores: Sequence[float]) -> str:
    if not scores:
        return "-"
    deviation = f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores):.3f}{deviation}"


def markdown(rows: Sequence[Row]) -> str:
    header, lines = cells(rows)
    told = [[*line, command if command == "-" else f"`{command}`"] for *line, command in lines]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in told]
    return "".join(f"| {' | '.join(line)} |\n" for line in (header, ["---"] * len(header), *escaped))
