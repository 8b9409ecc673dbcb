"""Your own data as JSON lines: texts, tables or triples with the texts they should become.

Comes in:  train.jsonl, dev.jsonl, test.jsonl in a folder, or one file per split. A line is one of
               {"source": "a text", "references": ["one", "two"]}
               {"table": {"name": "The Vaults", "food": ["French", "Thai"]}, "references": ["one"]}
               {"triples": [["The Vaults", "near", "Café Adriatic"]], "references": ["one"]}
           with "target": "one" allowed for a single reference, and "group": "a name" for scores by group.
Goes out:  sources and references as written; tables and triples in one line. Other members are passed over.
"""

from pathlib import Path
from typing import final

from foreword.tasks.linearize import linearize_fields, linearize_triples
from foreword.tasks.reading import (
    Fault,
    Faults,
    is_text,
    read_json_lines,
    show,
    split_files,
    wanted_references,
    wanted_text,
)
from foreword.tasks.task import Example, Task

FILES = {"train": ("train.jsonl",), "dev": ("dev.jsonl",), "test": ("test.jsonl",)}


@final
class Jsonl(Task):
    """A record is a line."""

    name = "jsonl"
    metrics = ("bleu", "rouge-l", "chrf")

    def __init__(self, path: str | Path | None = None, train: str = "", dev: str = "", test: str = ""):
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        faults, records = Faults(path), []
        for number, line in read_json_lines(path, faults):
            with faults.at(number):
                records.append(example(line))
        return faults.checked(records)


def example(line: object) -> Example:
    """One parsed line as a record."""
    if not isinstance(line, dict):
        raise Fault(f"must be an object with a source and references, got {show(line)}.")
    group = line.get("group", "")
    if group != "" and not is_text(group):
        raise Fault(f"'group' must be a string, got {show(group)}.")
    return Example(source(line), references(line), group)


def source(line: dict) -> str:
    """The text, or the table or triples in one line."""
    given = [kind for kind in ("source", "table", "triples") if kind in line]
    if len(given) != 1:
        raise Fault(f"give one of 'source', 'table' and 'triples', got {', '.join(given) or 'none of them'}.")
    if "table" in line:
        return linearize_fields(fields(line["table"]))
    if "triples" in line:
        return linearize_triples(triples(line["triples"]))
    return wanted_text(line["source"], "'source'")


def references(line: dict) -> tuple[str, ...]:
    """All of `references`, or the one `target`."""
    if ("references" in line) == ("target" in line):
        state = "both" if "target" in line else "neither"
        raise Fault(f"give 'references' (a list of strings) or 'target' (one string), got {state}.")
    if "target" in line:
        return (wanted_text(line["target"], "'target'"),)
    return wanted_references(line["references"], "'references'")


def fields(table: object) -> list[tuple[str, str]]:
    """(field, value) in the table's order; a field with a list comes once per value."""
    if not isinstance(table, dict) or not table:
        raise Fault(f"'table' must be an object of fields and values, got {show(table)}.")
    pairs = [(as_text(name, "a field's name"), value) for name, values in table.items() for value in several(values)]
    return [(name, as_text(value, f"field {name!r} of 'table'")) for name, value in pairs]


def several(values: object) -> list:
    """A list as it is, anything else as a list of one; an empty list stays one value, to be refused."""
    return values if isinstance(values, list) and values else [values]


def triples(given: object) -> list[tuple[str, str, str]]:
    """The triples, each checked to have its three parts."""
    if not isinstance(given, list) or not given:
        raise Fault(f"'triples' must be a non-empty list, got {show(given)}.")
    for triple in given:
        if not isinstance(triple, list) or len(triple) != 3:
            raise Fault(f"a triple must be [subject, relation, object], got {show(triple)}.")
    return [(as_text(s, "a subject"), as_text(r, "a relation"), as_text(o, "an object")) for s, r, o in given]


def as_text(value: object, what: str) -> str:
    """Strings and numbers as text; null, true and nested values have no one reading and are refused."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not is_text(value):
        raise Fault(f"{what} must be a non-empty string or a number, got {show(value)}.")
    return value
