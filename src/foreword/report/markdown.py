"""A sweep's report as Markdown: what made it, verdicts, the table with its intervals and differences.

Comes in:  Results and what was made of them.      Goes out: Markdown; for pages that say the rest themselves, the table alone.
"""

from collections.abc import Sequence

from foreword.report.claims import Verdict
from foreword.report.results import Results
from foreword.report.tables import Cell, Table, fine_print, header, lines, notes, told
from foreword.table import as_markdown


def in_full(results: Results, table: Table, verdicts: Sequence[Verdict]) -> str:
    missing = [f"- `{name}`: {why}" for name, why in results.missing.items()]
    claims = [f"- {v.claim.says}: **{v.word}**. {v.told} {v.why}".rstrip() for v in verdicts]
    note = (
        "Mean ± standard deviation over the runs; in brackets the 95 % interval (other seeds and other test examples). "
        + fine_print(results)
    )
    parts = [
        f"# {results.title}",
        results.about,
        results.gaps,
        "\n".join(missing),
        "## What the papers say, and what was found here" if claims else "",
        "\n".join(claims),
        "## Figures",
        note,
        as_markdown(header(table), lines(table, with_notes)),
    ]
    return "\n\n".join(part.rstrip() for part in parts if part) + "\n"


def compact(table: Table) -> str:
    """Means, spreads and stars."""
    return as_markdown(header(table), lines(table, told))


def with_notes(cell: Cell) -> str:
    """ "0.512 ± 0.010 * (0.498 to 0.526; +0.100, p = 0.004)"."""
    return f"{told(cell)} ({'; '.join(notes(cell))})" if notes(cell) else told(cell)
