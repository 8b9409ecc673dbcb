"""A sweep's figures as a table: a row for each way, a column for each score.

Comes in:  Results.      Goes out: a Table; its parts as text; as CSV.
"""

import csv
import io
import itertools
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from foreword.experiment import LOSS_PAIRS
from foreword.report.compare import Difference, Estimate, difference, estimate, paired
from foreword.report.results import LOSS, Results, Run
from foreword.sweep.grid import SEED, matches
from foreword.table import counted

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Cell:
    """A figure: of which runs, and how it differs from the one all are held against.

    `against` is None of that one itself, where there is none, and where the runs of both have one and the same score.
    """

    estimate: Estimate
    runs: Sequence[Run]
    against: Difference | None = None

    @property
    def stands_out(self) -> bool:
        return self.against is not None and self.against.p is not None and self.against.p < SIGNIFICANT


@dataclass(frozen=True)
class Row:
    labels: Sequence[str]  # of the table's row axes
    runs: Sequence[Run]
    cells: Mapping[tuple[str, str], Cell]  # (column label, "" where the sweep has no columns; metric) -> figure
    minutes: float | None  # of training, the runs' median: one that was held up does not count for more

    @property
    def sizes(self) -> tuple[str, str]:
        """What was trained and what is stored, as numbers and as a share of the backbone."""
        of = [run.num_parameters for run in self.runs]  # a row may go across backbones
        trained = [run.method["trained_parameters"] for run in self.runs]
        stored = [run.method["stored_parameters"] for run in self.runs]
        return counted(trained, of), counted(stored, of)


@dataclass(frozen=True)
class Table:
    axes: Sequence[str]  # whose labels are the rows'
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]


def table_of(results: Results) -> Table:
    """All figures of a sweep: seeds, and the axes it goes across, are averaged over."""
    sweep = results.sweep
    heads = results.axes[sweep.columns] if sweep.columns else [""]
    rows = [row(results, labels, runs, heads) for labels, runs in runs_of_rows(results)]
    columns = [
        (head, metric)
        for head in heads
        for metric in results.metrics
        if any((head, metric) in row.cells for row in rows)
    ]
    return Table(row_axes(results), columns, rows)


def row_axes(results: Results) -> list[str]:
    return [axis for axis in results.axes if axis not in {SEED, *results.sweep.across, results.sweep.columns}]


def runs_of_rows(results: Results) -> list[tuple[Sequence[str], list[Run]]]:
    """Each row's labels, and its runs."""
    axes = row_axes(results)
    rows = itertools.product(*(results.axes[axis] for axis in axes))
    found = [(labels, results.chosen(**dict(zip(axes, labels, strict=True)))) for labels in rows]
    return [(labels, runs) for labels, runs in found if runs]


def row(results: Results, labels: Sequence[str], runs: Sequence[Run], heads: Sequence[str]) -> Row:
    sweep, cells = results.sweep, {}
    for head in heads:
        here = [run for run in runs if not head or run.at.get(sweep.columns) == head]
        for metric in results.metrics:
            if scored := [run for run in here if metric in run.scores]:
                cells[head, metric] = Cell(estimate(scored, metric), scored, held_against(results, scored, metric))
    return Row(labels, runs, cells, minutes_of(runs))


def minutes_of(runs: Sequence[Run]) -> float | None:
    """Their median, of those that were trained."""
    times = [run.train_s / 60 for run in runs if run.train_s is not None]
    return statistics.median(times) if times else None


def held_against(results: Results, runs: Sequence[Run], metric: str) -> Difference | None:
    """The difference from the runs that all are compared with, those that are like these in all else."""
    chosen = results.sweep.against
    if not chosen or all(matches(run.at, chosen) for run in runs):
        return None
    others = [run for run in results.chosen(**chosen) if metric in run.scores]
    pairs = paired(runs, others, list(chosen))
    if len({run.scores[metric] for a, b in pairs for run in (*a, *b)}) < 2:
        return None  # no pairs, or a score that no run has a say in, as the share of the most frequent answer
    return difference(pairs, metric)


def told(cell: Cell) -> str:
    """ "0.512 ± 0.010 *": the mean, the runs' standard deviation, and a star where it stands out."""
    spread = "" if cell.estimate.deviation is None else f" ± {cell.estimate.deviation:.3f}"
    return f"{cell.estimate.value:.3f}{spread}{' *' if cell.stands_out else ''}"


def notes(cell: Cell) -> list[str]:
    """The interval, and by how much the figure differs, with p where there are enough trials for one."""
    e, d = cell.estimate, cell.against
    found = [f"{e.low:.3f} to {e.high:.3f}"] if e.low < e.high else []
    if d is not None:
        p = "" if d.p is None else f", p = {d.p:.3f}" if d.p >= 0.001 else ", p < 0.001"
        found.append(f"{d.value:+.3f}{p}")
    return found


def fine_print(results: Results) -> str:
    """What differences and stars are, what losses are, what is missing in intervals; "" where there is nothing of it."""
    stars = (
        f"Differences are from {results.against}, on the same draws in pairs; * where p < {SIGNIFICANT}. Stars are not corrected "
        f"for there being many figures: of those that do not differ one in {1 / SIGNIFICANT:.0f} has one by chance."
    )
    losses = (
        f"Losses are nats per target token of what was kept, on up to {LOSS_PAIRS} pairs of each split, the same for all runs on "
        "the same data: they tell runs apart better than training from dev. Their intervals are of other seeds alone."
    )
    bare = sum(not run.resampled for run in results.runs)
    draws = (
        f"Of {bare} of the {len(results.runs)} runs the scores on draws of the test examples are not there: intervals that they "
        "are in are of other seeds alone."
    )
    has_losses = any(metric.startswith(f"{LOSS}/") for metric in results.metrics)
    return " ".join([stars] * bool(results.against) + [losses] * has_losses + [draws] * bool(bare))


def header(table: Table) -> list[str]:
    """Column heads, without what all rows have alike."""
    axes = [axis.split(".")[-1] for axis in table.axes]
    scores = [" ".join(filter(None, column)) for column in table.columns]
    return [*axes, *scores, "trained", "stored", "runs", "minutes"]


def lines(table: Table, figure: Callable[[Cell], str]) -> list[list[str]]:
    """The rows as text, each figure as the function tells it."""
    return [
        [
            *row.labels,
            *(figure(row.cells[column]) if column in row.cells else "-" for column in table.columns),
            *row.sizes,
            str(len(row.runs)),
            "-" if row.minutes is None else f"{row.minutes:.1f}",
        ]
        for row in table.rows
    ]


def records(results: Results, table: Table) -> list[dict[str, Any]]:
    """Every figure with all that is known of it, as plain data; None where there is nothing to know."""
    found = []
    for row in table.rows:
        labels = dict(zip(table.axes, row.labels, strict=True))
        for (head, metric), cell in row.cells.items():
            e, d, first = cell.estimate, cell.against, cell.runs[0]
            figures = {"mean": e.value, "deviation": e.deviation, "low": e.low, "high": e.high, "runs": e.num_runs}
            differs = [d.value, d.low, d.high, d.p] if d is not None else [None] * 4
            figures |= zip(["difference", "difference_low", "difference_high", "p"], differs, strict=True)
            figures |= {"trained": first.method["trained_parameters"], "stored": first.method["stored_parameters"]}
            paths = " ".join(run.path.relative_to(results.folder).as_posix() for run in cell.runs)
            found.append(
                {
                    **labels,
                    "column": head,
                    "metric": metric,
                    **figures,
                    "minutes": minutes_of(cell.runs),
                    "results": paths,
                }
            )
    return found


def as_csv(results: Results, table: Table) -> str:
    """A line for each figure."""
    out, rows = io.StringIO(), records(results, table)
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()})
    return out.getvalue()
