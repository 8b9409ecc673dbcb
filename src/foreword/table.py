"""Runs side by side: a row for each way of training, its seeds and its tasks together, made from the runs' own result files.

Comes in:  folders of runs, or of an untouched backbone's results.      Goes out: rows; Markdown.
"""

import json
import statistics
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from foreword.errors import RunError
from foreword.writing import read_json

PATHS = ("train.start_from", "method.init_prefix", "method.behind", "backbone.name", "task.path")
NEEDED = ("scores", "method", "backbone", "recipe")


@dataclass(frozen=True)
class Row:
    """Runs that differ in their seed alone, or in their seed and their task.

    settings:  this one's, of those that are not alike in all rows ("backbone.name": "editor"), or, of a method's own and its
               training's, in all of the method's ("method.prefix_len": 10).
    trained, stored: how many numbers, of a model of `num_parameters`; of each run, for a layer that reads classes has its task's.
    scores:    metric ("accuracy", or "cb accuracy" where tasks are several) -> one score for each run.
    train_s:   seconds, of each run that was trained.
    """

    name: str
    settings: Mapping[str, Any]
    trained: Sequence[int]
    stored: Sequence[int]
    num_parameters: Sequence[int]
    scores: Mapping[str, Sequence[float]]
    train_s: Sequence[float]
    runs: Sequence[str]
    commands: Sequence[str] = ()  # that trained them, but for seed and folder: one for each task


def rows_of(folders: Sequence[str | Path], split: str, metrics: Sequence[str] = ()) -> list[Row]:
    """A row for all runs that differ in their seed alone, in the order in which the first of each was given.

    Where the runs are of several tasks, a row holds a way's runs on all of them, and a score's name begins with its task's.

    Args:
        metrics: which scores; none = all.

    Raises:
        RunError: a folder without a result for the split; none of the scores asked for.
    """
    there = {Path(folder).resolve(): Path(folder) for folder in folders}  # one that is given twice is one run
    results = [(folder, result_of(folder, split)) for folder in there.values()]
    several = len({result["recipe"]["task"]["name"] for _, result in results}) > 1
    groups: dict[str, list[tuple[Path, dict[str, Any]]]] = {}
    for folder, result in results:
        groups.setdefault(key_of(result, several), []).append((folder, result))
    flat = [(members[0][1]["method"]["name"], settings_of(members[0][1], several)) for members in groups.values()]
    values: dict[tuple[str, str], set[str]] = {}
    for method, settings in flat:
        for name, value in settings.items():
            values.setdefault(scope(method, name), set()).add(json.dumps(value))
    rows = [
        row(members, {n: v for n, v in settings.items() if len(values[scope(method, n)]) > 1}, several, metrics)
        for members, (method, settings) in zip(groups.values(), flat, strict=True)
    ]
    if metrics and not any(one.scores for one in rows):
        raise RunError(f"no run was scored by {' or '.join(metrics)}. Leave --metrics out to see what there is.")
    return rows


def scope(method: str, setting: str) -> tuple[str, str]:
    """What a setting is compared among: a method's own and its training's among this method's rows, any other among all."""
    return (method if setting.startswith(("method.", "train.")) else "", setting)


def result_of(folder: Path, split: str) -> dict[str, Any]:
    path = folder / f"result-{split}.json"
    if not path.is_file():
        raise RunError(f"{folder} has no {path.name}. `foreword eval {folder} --split {split}` writes it.")
    return read_json(path, NEEDED, "Remove it, and run `foreword eval` again.")


def key_of(result: Mapping[str, Any], several: bool) -> str:
    """Equal for runs that differ in nothing but their seed, or but their seed and task where tasks are several."""
    return json.dumps([result["method"]["name"], settings_of(result, several)], sort_keys=True)


def settings_of(result: Mapping[str, Any], several: bool) -> dict[str, Any]:
    """The recipe's settings that decide what is trained and scored; of an untouched backbone none of the training's."""
    untouched = result["method"]["name"] == "untouched"
    left_out = {"train.seed", "method.name", "backbone.threads", "backbone.device", "backbone.dtype"}
    sections = ["backbone", *([] if several else ["task"]), *([] if untouched else ["method", "train"]), "generate"]
    settings = {
        f"{section}.{key}": value
        for section in sections
        for key, value in result["recipe"][section].items()
        if f"{section}.{key}" not in left_out
    }
    return settings if several else settings | {"eval.size": result["recipe"]["eval"]["size"]}


def row(
    members: Sequence[tuple[Path, dict[str, Any]]], settings: Mapping[str, Any], several: bool, metrics: Sequence[str]
) -> Row:
    (_, first), *_ = members
    by_task: dict[str, list[Mapping[str, Any]]] = {}
    sizes: dict[str, int] = {}
    for folder, result in members:
        task, size = result["recipe"]["task"]["name"], result["recipe"]["eval"]["size"]
        by_task.setdefault(task, []).append(result["scores"]["all"])
        if sizes.setdefault(task, size) != size:
            raise RunError(
                f"{folder} was scored with eval.size={size}, and another run of the same row with {sizes[task]}. Show them apart."
            )
    scores = {
        f"{task} {metric}" if several else metric: [run[metric]["value"] for run in scored]
        for task, scored in by_task.items()
        for metric in scored[0]
        if metric in (metrics or scored[0]) and all(metric in run for run in scored)
    }
    runs, commands = [], {}
    for folder, result in members:
        if (folder / "run.json").is_file():
            runs.append(read_json(folder / "run.json", ["state"]))
            commands.setdefault(result["recipe"]["task"]["name"], runs[-1].get("command", ""))
    return Row(
        first["method"]["name"],
        settings,
        [result["method"]["trained_parameters"] for _, result in members],
        [result["method"]["stored_parameters"] for _, result in members],
        [result["backbone"]["num_parameters"] for _, result in members],
        scores,
        [run["state"]["train_s"] for run in runs],
        [str(folder) for folder, _ in members],
        [command for command in commands.values() if command],
    )


def cells(rows: Sequence[Row], commands: bool = True) -> tuple[list[str], list[list[str]]]:
    """Header and rows, as text: means, and behind them the standard deviation over the seeds.

    Args:
        commands: with a last column for what trained each; on several tasks it holds several.
    """
    metrics = list(dict.fromkeys(metric for one in rows for metric in one.scores))
    header = ["method", "trained", "stored", *metrics, "seeds", "minutes", *(["command"] if commands else [])]
    return header, [
        [
            name,
            counted(one.trained, one.num_parameters),
            counted(one.stored, one.num_parameters),
            *(spread(one.scores.get(metric, ())) for metric in metrics),
            str(max(map(len, one.scores.values()), default=len(one.runs))),
            f"{statistics.mean(one.train_s) / 60:.1f}" if one.train_s else "-",
            *(["; ".join(one.commands) or "-"] if commands else []),
        ]
        for name, one in zip(labels(rows), rows, strict=True)
    ]


def labels(rows: Sequence[Row]) -> list[str]:
    """Each row's method, and the settings in which it differs from the others.

    How it was trained stands there only where rows would read alike without it, and of that what they differ in.
    """
    short = [label(one, {key for key in one.settings if not key.startswith("train.")}) for one in rows]
    found = []
    for name, one in zip(short, rows, strict=True):
        alike = [other.settings for other, its_name in zip(rows, short, strict=True) if its_name == name]
        differs = {key for key, value in one.settings.items() if any(its.get(key) != value for its in alike)}
        found.append(label(one, {key for key in one.settings if not key.startswith("train.") or key in differs}))
    return found


def label(one: Row, keys: Container[str]) -> str:
    """The method and these of its settings.

    Of a path its last part, and nothing where it is empty: where a run starts from is another's folder on some machine.
    """
    shown = {key: Path(value).name if key in PATHS else value for key, value in one.settings.items() if key in keys}
    told = [key.split(".") + [str(value)] for key, value in shown.items() if value != ""]
    return " ".join([one.name, *(f"{section if key == 'name' else key}={value}" for section, key, value in told)])


def counted(numbers: Sequence[int], of: Sequence[int]) -> str:
    """ "1,234 (0.5 %)", or the least and the most, with the largest share that one is of its own whole."""
    least, most = min(numbers), max(numbers)
    share = max(100 * number / whole for number, whole in zip(numbers, of, strict=True))
    if not most:
        return "0"
    told = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"{told} ({'< 0.001' if share < 0.001 else f'{share:.0f}' if share >= 10 else f'{share:.2g}'} %)"


def spread(scores: Sequence[float]) -> str:
    if not scores:
        return "-"
    deviation = f" ± {statistics.stdev(scores):.3f}" if len(scores) > 1 else ""
    return f"{statistics.mean(scores):.3f}{deviation}"


def markdown(rows: Sequence[Row], commands: bool = True) -> str:
    header, lines = cells(rows, commands)
    if commands:
        lines = [[*line, command if command == "-" else f"`{command}`"] for *line, command in lines]
    return as_markdown(header, lines)


def as_markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [[" ".join(cell.replace("|", "\\|").splitlines()) for cell in row] for row in (header, *lines)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (rows[0], ["---"] * len(header), *rows[1:]))
