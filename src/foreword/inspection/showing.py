"""Findings as pictures and as one page.

Comes in:  Findings of one prefix or of several.      Goes out: `inspect.html` and `inspect.json`.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from foreword.inspection.looking import Findings, projected
from foreword.report.html import document, join, picture
from foreword.report.page import INSIDE
from foreword.report.plots import COLOURS, MARKS, Picture, as_svg, canvas
from foreword.writing import write_json, write_text

PAGE = INSIDE  # under this name a report finds it


def write_inspection(found: Sequence[Findings], out: Path) -> dict[str, Any]:
    """The page and its figures, into a folder; the figures."""
    data = {"prefixes": [figures(one) for one in found]}
    write_json(out / "inspect.json", data)
    write_text(out / PAGE, page(found))
    return data


def figures(one: Findings) -> dict[str, Any]:
    """What was found as plain numbers, rounded to what can be believed of them."""
    return {
        "name": one.name,
        "texts": one.num_texts,
        "attention": {site: rounded(shares.sum(dim=2)) for site, shares in one.attention.items()},
        "attention_by_position": {site: rounded(shares.mean(dim=(0, 1))) for site, shares in one.attention.items()},
        "loss": round(one.loss, 4),
        "loss_without_position": [round(loss, 4) for loss in one.without_position],
        "loss_without_layer": {site: [round(loss, 4) for loss in losses] for site, losses in one.without_layer.items()},
        "nearest_words": [[word for word, _ in near] for near in one.words],
    }


def rounded(tensor: Tensor) -> Any:
    return [rounded(row) for row in tensor] if tensor.ndim > 1 else [round(float(value), 4) for value in tensor]


def page(found: Sequence[Findings]) -> str:
    names = ", ".join(one.name for one in found)
    parts = [f"<h1>Inside {escape(names)}</h1>"]
    if len(found) > 1:
        parts.append(f"<h2>Side by side</h2><div class='pictures'>{picture(plane(found))}</div>")
        parts.append(
            "<p class='soft'>Each position of each prefix, all its keys and values, on the two directions that show most.</p>"
        )
    for one in found:
        parts.append(section(one, several=len(found) > 1))
    return document(f"Inside {names}", join(parts))


def section(one: Findings, several: bool) -> str:
    shares = {site: float(part.sum(dim=2).mean()) for site, part in one.attention.items()}
    told = ", ".join(f"{share:.0%} in {site} attention" for site, share in shares.items())
    drawn = [
        *(heads(site, part) for site, part in one.attention.items()),
        *(along_positions(site, part) for site, part in one.attention.items()),
        *([lost("position", one.loss, one.without_position)] if one.without_position else []),
        *(lost(f"layer ({site})", one.loss, losses) for site, losses in one.without_layer.items()),
        square(one.alike),
    ]
    return join(
        [
            f"<h2>{escape(one.name)}</h2>" if several else "",
            f"<p>On {one.num_texts} texts the prefix is given {told}. The loss with it is {one.loss:.3f} nats per token.</p>",
            f"<div class='pictures'>{join(map(picture, drawn))}</div>",
            words(one),
        ]
    )


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


def along_positions(site: str, shares: Tensor) -> Picture:
    """[L, N, P]: what each position is given, a line for each layer's heads together."""
    with canvas(5.2, 3.0) as (figure, axes):
        for layer, values in enumerate(shares.mean(dim=1).tolist()):
            tone = 0.25 + 0.75 * (layer + 1) / len(shares)
            axes.plot(range(len(values)), values, color=COLOURS[0], alpha=tone, linewidth=1.2, marker=".", markersize=3)
        axes.set_xlabel("position")
        axes.set_ylabel("share of attention")
        whole_numbers(axes.xaxis)
        axes.grid(alpha=0.25, linewidth=0.6)
        title = f"Attention to each position ({site}); a line for each layer, the upper ones darker"
        return Picture(f"positions-{site}", title, as_svg(figure))


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


def plane(found: Sequence[Findings]) -> Picture:
    with canvas(5.2, 4.0) as (figure, axes):
        for number, (one, points) in enumerate(zip(found, projected([f.positions for f in found]), strict=True)):
            colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
            axes.scatter(
                points[:, 0].tolist(), points[:, 1].tolist(), s=18, label=one.name, alpha=0.8, color=colour, marker=mark
            )
        axes.legend(frameon=False)
        axes.set_xticks([])
        axes.set_yticks([])
        return Picture("plane", "Prefixes side by side", as_svg(figure))


def whole_numbers(*along: Axis) -> None:
    """Layers, heads and positions have no halves."""
    for axis in along:
        axis.set_major_locator(MaxNLocator(integer=True))


def words(one: Findings) -> str:
    if not one.words:
        return ""
    rows = ""
    for number, near in enumerate(one.words):
        told = ", ".join(f"{word.strip() or repr(word)} {cosine:.2f}" for word, cosine in near)
        rows += f"<tr><th>{number}</th><td>{escape(told)}</td></tr>"
    head = "<tr><th>vector</th><th>nearest words, with their cosines</th></tr>"
    return f"<h2>Nearest words</h2><div class='wide'><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
