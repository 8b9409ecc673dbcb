"""The prefixes of a sweep: the first run of each row, looked into.

Comes in:  Results.      Goes out: a page beside each of these runs, `inspect.json` in the sweep's folder, a part of its report.
"""

from collections.abc import Callable
from dataclasses import replace

from foreword.errors import ForewordError
from foreword.inspection.looking import has_inside, look
from foreword.inspection.showing import as_part, write_figures, write_inspection
from foreword.report import Results
from foreword.report.tables import runs_of_rows
from foreword.tuned import open_run


def inside_of(results: Results, size: int, say: Callable[[str], None]) -> str:
    """As HTML; "" where no row has a prefix or a prompt whose weights are there.

    Args:
        size: texts to look at each with.
    """
    found = []
    for labels, (first, *_) in runs_of_rows(results):
        folder = first.path.parent
        if not (folder / "method.safetensors").is_file():
            continue
        try:
            if not has_inside(tuned := open_run(folder)):
                continue
            one = look(tuned, first.name, size)
        except ForewordError as error:  # its data is gone, say: the figures are there all the same
            say(f"note: {first.name} was not looked into: {error}")
            continue
        write_inspection([one], folder)
        found.append(replace(one, name=" ".join(labels) or first.name))
        say(f"looked into {first.name}")
    if not found:
        return ""
    write_figures(found, results.folder)
    return as_part(found)
