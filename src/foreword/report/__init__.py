"""What a sweep found, for people: verdicts on the papers' claims, tables, pictures, samples; made only from result files.

Comes in:  a sweep's folder.      Goes out: `report.html`, `report.md`, `report.csv` and `plots/*.svg` in it.
"""

from foreword.report.claims import Verdict, verdicts
from foreword.report.markdown import in_full
from foreword.report.page import page
from foreword.report.plots import pictures
from foreword.report.results import Results, read_results
from foreword.report.samples import samples
from foreword.report.tables import Table, as_csv, table_of
from foreword.writing import write_text

__all__ = ["Results", "Verdict", "read_results", "verdicts", "write_report"]

PAGE = "report.html"


def write_report(results: Results, inside: str = "") -> tuple[list[Verdict], Table]:
    """The page and its parts, into the sweep's folder; the verdicts on the sweep's claims, and its figures.

    Args:
        inside: what was seen inside the prefixes, as HTML.
    """
    out = results.folder
    table, found, drawn = table_of(results), verdicts(results), pictures(results)
    for picture in drawn:
        write_text(out / "plots" / f"{picture.name}.svg", picture.svg)
    write_text(out / "report.md", in_full(results, table, found))
    write_text(out / "report.csv", as_csv(results, table))
    write_text(out / PAGE, page(results, table, found, drawn, samples(results, table), inside))
    return found, table
