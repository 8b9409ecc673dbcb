"""A sweep's report as one page that needs nothing beside it: verdicts, tables, pictures, samples.

Comes in:  Results and what was made of them.      Goes out: HTML, every figure linked to the result files it is made of.
"""

from collections.abc import Mapping, Sequence
from html import escape

from foreword.marks import MASK
from foreword.report.claims import FAILS, HOLDS, Verdict
from foreword.report.html import document, join, picture, with_code
from foreword.report.plots import Picture
from foreword.report.results import Results
from foreword.report.samples import Sample
from foreword.report.tables import Cell, Row, Table, fine_print, header, notes, told

MOST_SHOWN = 300  # characters of a text, before somebody asks for the rest
GAP = "____"  # in a source: where the answer goes
INSIDE = "inspect.html"  # beside a run's result, where somebody looked into it
CLASSES = {HOLDS: "holds", FAILS: "fails"}


def page(
    results: Results,
    table: Table,
    verdicts: Sequence[Verdict],
    pictures: Sequence[Picture],
    samples: Sequence[Sample],
    seen: str = "",
) -> str:
    """`seen`: what was seen inside the prefixes, as HTML."""
    parts = [
        f"<h1>{escape(results.title)}</h1>",
        f"<p class='soft'>{with_code(results.about)}</p>",
        missing(results),
        claims(verdicts),
        "<h2>Figures</h2>",
        figures(results, table),
        "<h2>Pictures</h2><div class='pictures'>" + "".join(map(picture, pictures)) + "</div>" if pictures else "",
        inside(results, table, seen),
        written(samples),
    ]
    return document(results.title, join(parts))


def missing(results: Results) -> str:
    if not results.missing:
        return ""
    items = join(f"<li><code>{escape(name)}</code>: {escape(why)}</li>" for name, why in results.missing.items())
    return f"<details class='missing'><summary>{results.gaps}</summary><ul>{items}</ul></details>"


def claims(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    found = ["<h2>What the papers say, and what was found here</h2>"]
    for verdict in verdicts:
        claim = verdict.claim
        why = f"<p>{escape(verdict.why)}</p>" if verdict.why else ""
        found.append(
            f"<div class='claim {CLASSES.get(verdict.word, '')}'><p>{escape(claim.says)}. <b>{verdict.word}</b></p>"
            f"<p class='soft'>{escape(verdict.told)}</p>{why}</div>"
        )
    return join(found)


def figures(results: Results, table: Table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header(table))
    body = join(f"<tr>{cells(results, table, row)}</tr>" for row in table.rows)
    note = (
        "Mean ± standard deviation over the runs, below it the 95 % interval (other seeds and other test examples), then the "
        f"runs' result files. {fine_print(results)}"
    )
    grid = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f"<div class='wide'>{grid}</div><p class='soft'>{escape(note)}</p>"


def cells(results: Results, table: Table, row: Row) -> str:
    labels = "".join(f"<th>{escape(label)}</th>" for label in row.labels)
    sizes = "".join(f"<td>{escape(size)}</td>" for size in row.sizes)
    found = [figure(results, row.cells[column]) if column in row.cells else "<td>-</td>" for column in table.columns]
    minutes = "-" if row.minutes is None else f"{row.minutes:.1f}"
    return f"{labels}{''.join(found)}{sizes}<td>{len(row.runs)}</td><td>{minutes}</td>"


def figure(results: Results, cell: Cell) -> str:
    links = " ".join(
        f"<a href='{escape(run.path.relative_to(results.folder).as_posix())}' title='{escape(run.name)}'>{number}</a>"
        for number, run in enumerate(cell.runs, start=1)
    )
    if len(cell.runs) > 6:
        links = f"<details><summary>{len(cell.runs)} files</summary>{links}</details>"
    small = "".join(f"<small>{note}</small>" for note in (*map(escape, notes(cell)), links))
    return f"<td class='figure'>{escape(told(cell))}{small}</td>"


def inside(results: Results, table: Table, seen: str) -> str:
    """What was seen now, and the pages of the runs that were looked into (`foreword inspect`) now or earlier."""
    items = join(
        f"<li><a href='{escape(run.path.with_name(INSIDE).relative_to(results.folder).as_posix())}'>{escape(run.name)}</a></li>"
        for row in table.rows
        for run in row.runs
        if run.path.with_name(INSIDE).is_file()
    )
    pages = f"<p class='soft'>A page for each:</p><ul>{items}</ul>" if items else ""
    return f"<h2>Inside the prefixes</h2>{seen}{pages}" if seen or pages else ""


def written(samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    found = ["<h2>What they wrote</h2><p class='soft'>The first run of each row.</p>"]
    found += map(side_by_side, samples)
    return join(found)


def side_by_side(sample: Sample) -> str:
    """Source and reference, below them what each way made of it: a column each, as far as there is room."""
    source = sample.source.replace(MASK, GAP)
    given = {who: text for who, text in (("source", source), ("reference", sample.reference)) if text}
    ways = {who: text or "(nothing)" for who, text in sample.texts.items()}
    return f"<div class='sample'>{texts(given)}{texts(ways)}</div>"


def texts(by: Mapping[str, str]) -> str:
    """Nothing where there is none."""
    items = "".join(f"<div><dt>{escape(who)}</dt><dd dir='auto'>{folded(text)}</dd></div>" for who, text in by.items())
    return f"<dl>{items}</dl>" if items else ""


def folded(text: str) -> str:
    """An article's beginning, at which the rest is folded out; a shorter text as it is."""
    if len(text) <= MOST_SHOWN:
        return escape(text)
    head = text[:MOST_SHOWN].rsplit(" ", 1)[0]
    return f"<details><summary>{escape(head)} …</summary>{escape(text[len(head) :].strip())}</details>"
