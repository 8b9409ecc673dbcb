"""Findings as numbers and as one page.

Comes in:  Findings of one prefix or of several.      Goes out: `inspect.html` and `inspect.json`.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from torch import Tensor

from foreword.inspection.drawing import heads, lost, plane, positions, square
from foreword.inspection.looking import Findings
from foreword.report.html import document, join, picture
from foreword.report.page import INSIDE
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
        "attention_share": {site: round(share, 4) for site, share in shares_of(one).items()},
        "attention": {site: rounded(shares) for site, shares in one.attention.items()},  # [L, N, P]
        "loss": round(one.loss, 4),
        "loss_without_position": [round(loss, 4) for loss in one.without_position],
        "loss_without_layer": {site: [round(loss, 4) for loss in losses] for site, losses in one.without_layer.items()},
        "nearest_words": [[word for word, _ in near] for near in one.words],
    }


def rounded(tensor: Tensor) -> Any:
    """As lists; five digits, for of many positions each has a small share."""
    return [rounded(row) for row in tensor] if tensor.ndim > 1 else [round(float(value), 5) for value in tensor]


def shares_of(one: Findings) -> dict[str, float]:
    """site -> the share of attention that the whole prefix has, over all layers and heads."""
    return {site: float(part.sum(dim=2).mean()) for site, part in one.attention.items()}


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
    told = ", ".join(f"{share:.0%} in {site} attention" for site, share in shares_of(one).items())
    drawn = [
        *(heads(site, part) for site, part in one.attention.items()),
        *(positions(site, part) for site, part in one.attention.items()),
        *([lost("position", one.loss, one.without_position)] if one.without_position else []),
        *(lost(f"layer ({site})", one.loss, losses) for site, losses in one.without_layer.items()),
        square(one.alike),
    ]
    return join(
        [
            f"<h2>{escape(one.name)}</h2>" if several else "",
            f"<p>On {one.num_texts} texts it is given {told}. The loss with it is {one.loss:.3f} nats per token.</p>",
            f"<div class='pictures'>{join(map(picture, drawn))}</div>",
            words(one),
        ]
    )


def words(one: Findings) -> str:
    if not one.words:
        return ""
    rows = ""
    for number, near in enumerate(one.words):
        told = ", ".join(f"{word.strip() or repr(word)} {cosine:.2f}" for word, cosine in near)
        rows += f"<tr><th>{number}</th><td>{escape(told)}</td></tr>"
    head = "<tr><th>vector</th><th>nearest words, with their cosines</th></tr>"
    return f"<h2>Nearest words</h2><div class='wide'><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
