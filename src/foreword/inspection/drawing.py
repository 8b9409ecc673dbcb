"""Pictures of what was found inside prefixes.

Comes in:  tensors out of Findings.      Goes out: Pictures.

Letters: L layers, N query heads of a layer, P prefix positions.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from matplotlib.axis import Axis
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from foreword.report.plots import COLOURS, MARKS, Picture, as_svg, canvas, sheet, short

FEW_LAYERS = 8  # two small pictures beside one another; of more layers three, which a phone can still show
FEW_NAMES = 12  # the figures of so many fit into their squares


def heads(site: str, shares: Tensor) -> Picture:
    """[L, N, P] as a square for each head of each layer."""
    by_head = shares.sum(dim=2)
    with canvas(5.2, 0.9 + 0.32 * len(by_head)) as (figure, axes):
        image = axes.imshow(by_head.numpy(), vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axes.set_xlabel("head")
        axes.set_ylabel("layer")
        whole_numbers(axes.xaxis, axes.yaxis)
        figure.colorbar(image, ax=axes, label="share of attention")
        return Picture(f"heads-{site}", f"Attention that each head gives the prefix ({site})", as_svg(figure))


def positions(site: str, shares: Tensor) -> Picture:
    """[L, N, P]: for each layer what each head gives each position, on one scale, in which small shares can be told apart."""
    num_layers, num_heads, _ = shares.shape
    columns = min(num_layers, 2 if num_layers <= FEW_LAYERS else 3)
    rows = -(-num_layers // columns)
    with sheet(5.2, 0.7 + rows * (0.5 + 0.1 * num_heads)) as figure:
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        scale = PowerNorm(0.5, vmin=0, vmax=float(shares.max()))
        for axes in grid.flat[num_layers:]:
            axes.set_axis_off()
        for layer, axes in enumerate(grid.flat[:num_layers]):
            image = axes.imshow(shares[layer].numpy(), norm=scale, cmap="viridis", aspect="auto")
            axes.set_title(f"layer {layer}", fontsize=8, pad=2)
            axes.tick_params(labelbottom=layer >= num_layers - columns)
            whole_numbers(axes.xaxis, axes.yaxis)
        figure.supxlabel("position", fontsize=9)
        figure.supylabel("head", fontsize=9)
        figure.colorbar(image, ax=list(grid.flat), label="share of attention")
        return Picture(f"positions-{site}", f"Attention that each head gives each position ({site})", as_svg(figure))


def lost(what: str, whole: float, without: Sequence[float]) -> Picture:
    """By how much the loss rises without each."""
    with canvas(5.2, 2.6) as (figure, axes):
        axes.bar(range(len(without)), [loss - whole for loss in without], color=COLOURS[1], width=0.8)
        axes.axhline(0, color="#444", linewidth=0.6)
        axes.set_xlabel(what)
        axes.set_ylabel("nats per token more")
        whole_numbers(axes.xaxis)
        return Picture(f"without-{what}", f"Loss without each {what}", as_svg(figure))


def square(alike: Tensor) -> Picture:
    with canvas(4.2, 3.5) as (figure, axes):
        image = axes.imshow(alike.numpy(), vmin=-1, vmax=1, cmap="RdBu_r")
        axes.set_xlabel("position")
        axes.set_ylabel("position")
        whole_numbers(axes.xaxis, axes.yaxis)
        figure.colorbar(image, ax=axes, label="cosine")
        return Picture("alike", "How alike positions are", as_svg(figure))


def plane(names: Sequence[str], points: Sequence[Tensor]) -> Picture:
    """Of each its positions [P, 2]."""
    with canvas(5.2, 3.6 + 0.1 * len(names)) as (figure, axes):
        handles: list[Any] = []
        for number, own in enumerate(points):
            colour, mark = COLOURS[number % len(COLOURS)], MARKS[(number + number // len(COLOURS)) % len(MARKS)]
            handles.append(
                axes.scatter(own[:, 0].tolist(), own[:, 1].tolist(), s=18, alpha=0.8, color=colour, marker=mark)
            )
        figure.legend(handles, list(map(short, names)), loc="outside lower center", ncols=2, frameon=False)
        axes.set_xticks([])
        axes.set_yticks([])
        return Picture("plane", "Where their positions lie", as_svg(figure))


def likeness(names: Sequence[str], alike: Tensor) -> Picture:
    """[K, K]"""
    with canvas(5.2, 1.2 + 0.36 * len(names)) as (figure, axes):
        image = axes.imshow(alike.numpy(), vmin=-1, vmax=1, cmap="RdBu_r", aspect="auto")
        axes.set_xticks(range(len(names)))
        axes.set_yticks(range(len(names)), [f"{short(name)}  {number}" for number, name in enumerate(names)])
        if len(names) <= FEW_NAMES:
            for row, values in enumerate(alike.tolist()):
                for column, value in enumerate(values):
                    colour = "white" if abs(value) > 0.6 else "black"
                    axes.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=7, color=colour)
        figure.colorbar(image, ax=axes, label="cosine")
        return Picture("likeness", "How alike they are", as_svg(figure))


def layers(site: str, shares: Mapping[str, Tensor]) -> Picture:
    """Name -> [L, N, P]: what each layer's heads together give the prefix of that name."""
    by_layer = torch.stack([of_one.sum(dim=2).mean(dim=1) for of_one in shares.values()])  # [K, L]
    with canvas(5.2, 0.9 + 0.3 * len(shares)) as (figure, axes):
        image = axes.imshow(by_layer.numpy(), vmin=0, vmax=1, cmap="viridis", aspect="auto")
        axes.set_xlabel("layer")
        axes.set_yticks(range(len(shares)), list(map(short, shares)))
        whole_numbers(axes.xaxis)
        figure.colorbar(image, ax=axes, label="share of attention")
        return Picture(f"layers-{site}", f"Attention that each layer gives them ({site})", as_svg(figure))


def whole_numbers(*along: Axis) -> None:
    """Layers, heads and positions have no halves."""
    for axis in along:
        axis.set_major_locator(MaxNLocator(integer=True))
