"""What the ways wrote, side by side.

Comes in:  Results whose folder still has its texts; the data, if it is at hand.
Goes out:  a few examples with every way's text.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from foreword.errors import ForewordError
from foreword.evaluate import references_hash
from foreword.report.results import Results, Run
from foreword.report.tables import Row, Table
from foreword.tasks import Example, load_task

SHOWN = 4  # examples, evenly over the split


@dataclass(frozen=True)
class Sample:
    """`source` and `reference` are "" where the data is not at hand; `texts`: a row's labels -> its first run's text."""

    head: str  # the label of the table's column that it is of
    source: str
    reference: str
    texts: Mapping[str, str]


def samples(results: Results, table: Table) -> list[Sample]:
    """Of every column's data a few examples, each with the text of each row's first run."""
    found = []
    for head in dict.fromkeys(head for head, _ in table.columns):
        shown = {" ".join(row.labels): run for row in table.rows if (run := first_with_texts(row, head)) is not None}
        first = next(iter(shown.values()), None)
        if first is None:
            continue
        shown = {label: run for label, run in shown.items() if run.scored_on == first.scored_on}
        lines = {label: run.texts.read_text(encoding="utf-8").splitlines() for label, run in shown.items()}
        num = min(map(len, lines.values()))
        examples = examples_of(first)
        for at in range(0, num, max(1, num // SHOWN)):
            if len([sample for sample in found if sample.head == head]) == SHOWN:
                break
            source, reference = ("", "") if examples is None else (examples[at].source, examples[at].references[0])
            found.append(Sample(head, source, reference, {label: texts[at] for label, texts in lines.items()}))
    return found


def first_with_texts(row: Row, head: str) -> Run | None:
    for (column, _), cell in row.cells.items():
        if column == head:
            for run in cell.runs:
                if run.texts.is_file():
                    return run
    return None


def examples_of(run: Run) -> Sequence[Example] | None:
    """What the texts answer; None where the data is not at hand, or has changed."""
    wanted = run.recipe.task
    try:
        task = load_task(wanted.name, wanted.path or None, wanted.instruction, **wanted.arguments)
        examples = task.examples(run.recipe.eval.split)[: run.recipe.eval.size or None]
        return examples if references_hash(examples) == run.scored_on else None
    except ForewordError:
        return None
