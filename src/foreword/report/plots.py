"""Pictures of a sweep, as in the papers: a score over an axis, with its 95 % interval.

Comes in:  Results and what [sweep.plots] asks for.      Goes out: SVG texts, the same for the same results.
"""

import io
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from foreword.recipe import PlotRecipe
from foreword.report.compare import Estimate, estimate
from foreword.report.results import Results

COLOURS = ("#0b6e99", "#c8553d", "#5b8c5a", "#7d5ba6", "#b8860b", "#4a4a4a")  # told apart by colour-blind readers too
MARKS = ("o", "s", "^", "D", "v", "P")
LONGEST_NAME = 20  # letters
WIDTH, HEIGHT, ROW = 5.2, 3.4, 0.32  # inches; ROW: of a label where they stand below one another
SIDE_BY_SIDE = 0.1  # inches between the figures of one label there


@dataclass(frozen=True)
class Picture:
    """`name` is fit for a file, `title` says what is drawn."""

    name: str
    title: str
    svg: str


def pictures(results: Results) -> list[Picture]:
    """One for each metric of each plot that has something to show."""
    found: dict[str, Picture] = {}
    for plot in results.sweep.plots:
        shown = [metric for metric in plot.metrics if any(metric in run.scores for run in results.runs)]
        for metrics in [shown] if plot.together and shown else [[metric] for metric in shown]:
            axis, lines = (named.split(".")[-1] for named in (plot.x, plot.lines))
            what = " and ".join(metrics)
            name, title = "-".join([axis, *metrics]), f"{what} by {axis}"
            if name in found:  # the same with other lines
                name, title = f"{name}-{lines or 'all'}", f"{title}, {lines or 'all together'}"
            found[name] = Picture(name.replace("/", "-").replace(" ", "_"), title, drawn(results, plot, metrics))
    return list(found.values())


def drawn(results: Results, plot: PlotRecipe, metrics: Sequence[str]) -> str:
    """A line for each label of the plot's `lines`; where several metrics stand together, for each of them."""
    named = [(metric, "", metric) for metric in metrics] if len(metrics) > 1 else []
    named = named or [(line, line, metrics[0]) for line in lines_of(results, plot)]
    series = {name: points_of(results, plot, metric, line) for name, line, metric in named}
    series = {name: points for name, points in series.items() if points}
    labels = [label for label in results.axes[plot.x] if any(label in points for points in series.values())]
    numeric = all(is_number(label, above=0.0 if plot.log else -math.inf) for label in labels)
    row = max(ROW, SIDE_BY_SIDE * (len(series) + 1))
    height = HEIGHT if numeric else 1.2 + row * len(labels)
    metric = metrics[0] if len(metrics) == 1 else ""  # of several the legend tells
    handles: list[Any] = []
    with canvas(WIDTH, height) as (figure, axes):
        for number, points in enumerate(series.values()):
            style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKS[number % len(MARKS)]}
            if numeric:
                handles.append(along_numbers(axes, labels, points, style))
            else:
                off = (number - (len(series) - 1) / 2) * SIDE_BY_SIDE / row
                handles.append(below_one_another(axes, labels, points, style, off))
        axis = plot.x.split(".")[-1].replace("_", " ")
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        if numeric:
            axes.set_xlabel(axis)
            axes.set_ylabel(metric)
            if plot.log:
                axes.set_xscale("log")
                axes.set_xticks([float(label) for label in labels], labels)
                axes.minorticks_off()
        else:
            axes.set_yticks(range(len(labels)), list(map(short, labels)))
            axes.invert_yaxis()
            axes.set_xlabel(metric)
        if len(series) > 1:
            place = {} if numeric else {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": min(len(series), 4)}
            axes.legend(handles, list(map(short, series)), frameon=False, **place)
        return as_svg(figure)


@contextmanager
def sheet(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches, to be drawn on and turned into SVG within the block."""
    given: dict[Any, Any] = {"svg.hashsalt": "foreword", "font.size": 9, "svg.fonttype": "none"}
    given["text.parse_math"] = False  # a dollar in a label is one
    with matplotlib.rc_context(given):
        yield Figure(figsize=(width, height), layout="constrained")


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """The same with its one pair of axes."""
    with sheet(width, height) as figure:
        yield figure, figure.add_subplot()


def as_svg(figure: Figure) -> str:
    """The same text for the same figure."""
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def lines_of(results: Results, plot: PlotRecipe) -> Sequence[str]:
    return results.axes[plot.lines] if plot.lines else [""]


def points_of(results: Results, plot: PlotRecipe, metric: str, line: str) -> dict[str, Estimate]:
    """x's label -> figure, over all other axes."""
    found = {}
    for label in results.axes[plot.x]:
        chosen = {plot.x: label} | ({plot.lines: line} if plot.lines else {})
        if runs := [run for run in results.chosen(**chosen) if metric in run.scores]:
            found[label] = estimate(runs, metric)
    return found


def along_numbers(axes: Axes, labels: Sequence[str], points: dict[str, Estimate], style: dict[str, Any]) -> Any:
    there = [label for label in labels if label in points]
    at = [float(label) for label in there]
    [line] = axes.plot(at, [points[label].value for label in there], linewidth=1.4, markersize=4, **style)
    low, high = ([getattr(points[label], end) for label in there] for end in ("low", "high"))
    axes.fill_between(at, low, high, alpha=0.15, linewidth=0, color=style["color"])
    return line


def below_one_another(
    axes: Axes, labels: Sequence[str], points: dict[str, Estimate], style: dict[str, Any], off: float
) -> Any:
    """`off`: by how much of a row they stand below its middle, so that none hides another."""
    there = [(row + off, points[label]) for row, label in enumerate(labels) if label in points]
    values = [point.value for _, point in there]
    reach = [[p.value - p.low for _, p in there], [p.high - p.value for _, p in there]]
    return axes.errorbar(
        values, [row for row, _ in there], xerr=reach, linestyle="none", markersize=5, capsize=2, elinewidth=1, **style
    )


def is_number(label: str, above: float = -math.inf) -> bool:
    """Whether it is one that an axis can show, which on a logarithmic scale zero is not."""
    try:
        return above < float(label) < math.inf
    except ValueError:
        return False


def short(name: str) -> str:
    """Of a long name its end, where names differ: a whole path would leave the picture no room."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
