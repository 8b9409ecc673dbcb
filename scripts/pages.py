"""Fill README's and the docs' tables and pictures of results: `python -m scripts.pages` after new result files.

Comes in:  pages with blocks between `<!-- results: WHAT -->` and `<!-- end of results -->`; result files in results/.
Goes out:  the same pages, each block made anew; pictures in docs/pictures/.

WHAT is one of
  table PATTERN ... [--metrics a,b] [--no-commands]     runs side by side, as `foreword table` prints them
  sweep NAME [AXIS=LABEL]                               the table of results/reproduce/NAME, or a part of it: means, spreads, stars
  verdicts NAME                                         what became of its claims
  picture NAME PICTURE                                  one of its plots
"""

import argparse
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

from foreword.report import Results, read_results, verdicts
from foreword.report.markdown import compact
from foreword.report.plots import Picture, pictures
from foreword.report.tables import table_of
from foreword.table import markdown as table_markdown
from foreword.table import rows_of

HOUSE = Path(__file__).resolve().parents[1]
RESULTS = HOUSE / "results"
PICTURES = HOUSE / "docs" / "pictures"
PAGES = ("README.md", "docs/few_examples.md", "docs/reproduce.md")
BLOCK = re.compile(r"<!-- results: (?P<what>.+?) -->\n.*?<!-- end of results -->", re.DOTALL)
WORDS = {"holds": "**holds**", "does not hold": "**does not hold**", "cannot tell": "cannot tell"}


def filled(page: Path) -> str:
    """The page with each of its blocks made from the result files."""
    text = page.read_text(encoding="utf-8")
    return BLOCK.sub(lambda b: f"<!-- results: {b['what']} -->\n{made(b['what'], page)}<!-- end of results -->", text)


def made(what: str, page: Path) -> str:
    kind, *words = shlex.split(what)
    match kind:
        case "table":
            return side_by_side(words)
        case "sweep":
            name, *part = words
            results = part_of(results_of(name), *part[0].split("=")) if part else results_of(name)
            star = f"\n\\* differs from {results.against}\n" if results.against else ""
            return f"\n{compact(table_of(results))}{star}\n"
        case "verdicts":
            return f"\n{told(results_of(words[0]))}\n"
        case "picture":
            name, wanted = words
            where = os.path.relpath(PICTURES / f"{name}-{wanted}.svg", page.parent)
            return f"\n![{picture_of(name, wanted).title}]({where})\n\n"
    raise ValueError(f"{page}: a block of {kind!r}; known are table, sweep, verdicts and picture")


def side_by_side(words: list[str]) -> str:
    parser = argparse.ArgumentParser()
    parser.add_argument("patterns", nargs="+")
    parser.add_argument("--metrics", default="")
    parser.add_argument("--no-commands", action="store_true")
    asked = parser.parse_args(words)
    folders = [folder for pattern in asked.patterns for folder in sorted(RESULTS.glob(pattern))]
    rows = rows_of(folders, "test", [name for name in asked.metrics.split(",") if name])
    return f"\n{table_markdown(rows, not asked.no_commands)}\n"


def told(results: Results) -> str:
    lines = "| claim | published | here | figures |\n| --- | --- | --- | --- |\n"
    for verdict in verdicts(results):
        claim = verdict.claim
        there = f"{claim.source}: {claim.published}" if claim.published else claim.source
        why = f". {verdict.why}" if verdict.why else ""
        lines += f"| {claim.says} | {there} | {WORDS[verdict.word]} | {verdict.figures}{why} |\n"
    return lines


def part_of(results: Results, axis: str, label: str) -> Results:
    """The runs of one place on an axis, as if there had been no other."""
    runs = results.chosen(**{axis: label})
    if not runs:
        raise ValueError(f"{results.folder.name} has no runs with {axis}={label}; its axes are {dict(results.axes)}")
    columns = "" if results.sweep.columns == axis else results.sweep.columns
    axes = {name: labels for name, labels in results.axes.items() if name != axis}
    return replace(results, runs=runs, axes=axes, sweep=results.sweep.model_copy(update={"columns": columns}))


@cache
def results_of(name: str) -> Results:
    return read_results(RESULTS / "reproduce" / name)


def picture_of(name: str, wanted: str) -> Picture:
    there = {picture.name: picture for picture in pictures(results_of(name))}
    if wanted not in there:
        raise ValueError(f"{name} has no picture {wanted!r}; it has {', '.join(there)}")
    return there[wanted]


def wanted_pictures() -> Iterator[tuple[Path, str]]:
    """Each picture that a page shows, and what it should hold."""
    for page in PAGES:
        for block in BLOCK.finditer((HOUSE / page).read_text(encoding="utf-8")):
            kind, *words = shlex.split(block["what"])
            if kind == "picture":
                name, wanted = words
                yield PICTURES / f"{name}-{wanted}.svg", picture_of(name, wanted).svg


def main() -> None:
    for page in PAGES:
        (HOUSE / page).write_text(filled(HOUSE / page), encoding="utf-8")
    for path, svg in wanted_pictures():
        path.parent.mkdir(exist_ok=True)
        path.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
