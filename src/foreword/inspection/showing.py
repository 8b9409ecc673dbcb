"""Findings as one page.

Comes in:  Findings of one prefix or of several.      Goes out: `inspect.html` and `inspect.json`; a part of another page.
"""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from foreword.inspection.comparing import compared
from foreword.inspection.drawing import heads, lost, positions, square
from foreword.inspection.looking import Findings
from foreword.inspection.numbers import figures, shares_of
from foreword.report.html import document, join, picture
from foreword.report.page import INSIDE
from foreword.writing import write_json, write_text

PAGE = INSIDE  # under this name a report finds it


def write_inspection(found: Sequence[Findings], out: Path) -> dict[str, Any]:
    """The page and its figures, into a folder; the figures."""
    data = write_figures(found, out)
    write_text(out / PAGE, page(found))
    return data


def write_figures(found: Sequence[Findings], out: Path) -> dict[str, Any]:
    """Each one's, and those that tell how alike they are."""
    together = [comparison.figures() for comparison in compared(found)]
    data = {"prefixes": [figures(one) for one in found], **({"side_by_side": together} if together else {})}
    write_json(out / "inspect.json", data)
    return data


def page(found: Sequence[Findings]) -> str:
    names = ", ".join(one.name for one in found)
    sections = [f"<h2>{escape(one.name)}</h2>{section(one)}" if len(found) > 1 else section(one) for one in found]
    return document(f"Inside {names}", join([f"<h1>Inside {escape(names)}</h1>", side_by_side(found), *sections]))


def as_part(found: Sequence[Findings]) -> str:
    """The same for another page: what is side by side stands open, the rest is folded up."""
    folded = [f"<details><summary>{escape(one.name)}</summary>{section(one)}</details>" for one in found]
    return join([side_by_side(found), *folded])


def side_by_side(found: Sequence[Findings]) -> str:
    drawn = [made for comparison in compared(found) for made in comparison.pictures()]
    if not drawn:
        return ""
    return (
        f"<h3>Side by side</h3><div class='pictures'>{join(map(picture, drawn))}</div>"
        "<p class='soft'>Those of one shape. On the plane is each position of each, all its numbers, on the two directions that "
        "show most; how alike two are is the cosine between the means of their positions.</p>"
    )


def section(one: Findings) -> str:
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
    return f"<h3>Nearest words</h3><div class='wide'><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
