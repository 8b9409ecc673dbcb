"""The WebNLG challenge 2017: RDF triples to sentences, from its JSON release.

Comes in:  train.json, dev.json, test.json, or one such file per split.
Goes out:  " | Aarhus_Airport : cityServed : \"Aarhus, Denmark\" | ..." with group "seen" or "unseen" by category.

As in the prefix-tuning paper's code: the modified triples; a bar and a space before every triple, the first included,
so that a source begins with a space; underscores and quotation marks stay as DBpedia has them; only texts marked
"good" are trained on, all of them are references. Entries with the same triples are one example.
What differs: that code leaves out the bars in the very first entry when it decodes; here all are alike.

Source: Li and Liang (2021), arXiv:2101.00190, appendix A.1; data: Gardent et al. (2017), the WebNLG challenge.
"""

from pathlib import Path
from typing import final

from foreword.errors import BadData
from foreword.tasks.linearize import BAR, linearize_triples
from foreword.tasks.reading import Fault, Faults, read_json, show, split_files, wanted_text
from foreword.tasks.task import Example, Task

FILES = {"train": ("train.json",), "dev": ("dev.json",), "test": ("test.json",)}
UNSEEN = frozenset({"Artist", "Athlete", "CelestialBody", "MeanOfTransportation", "Politician"})


@final
class WebNLG(Task):
    """A record is an entry; `UNSEEN` are the categories that only the test set has."""

    name = "webnlg"
    metrics = ("webnlg-bleu", "webnlg-meteor", "ter")

    def __init__(self, path: str | Path | None = None, train: str = "", dev: str = "", test: str = ""):
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        faults, records = Faults(path, unit="entry"), []
        for number, entry in read_entries(path):
            with faults.at(number):
                record = example(entry, only_good=split == "train")
                if record.references:  # five training entries have no text marked "good"
                    records.append(record)
        return faults.checked(records)


def read_entries(path: Path) -> list[tuple[str, object]]:
    """(number, entry) for each entry of a file."""
    data = read_json(path)
    entries = data.get("entries") if isinstance(data, dict) else None
    if not isinstance(entries, list):
        raise BadData(path, "no list 'entries' at the top. Give the JSON release of WebNLG 2017.")
    numbered = []
    for place, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or len(entry) != 1:
            raise BadData(path, f"entry {place}: must be one object under its number, got {show(entry)}.")
        numbered.extend(entry.items())
    return numbered


def example(entry: object, only_good: bool) -> Example:
    """One entry as a record; `only_good` leaves out texts that annotators marked as faulty."""
    if not isinstance(entry, dict):
        raise Fault(f"must be an object, got {show(entry)}.")
    triples = entry.get("modifiedtripleset")
    if not isinstance(triples, list) or not triples:
        raise Fault(f"'modifiedtripleset' must be a non-empty list, got {show(triples)}.")
    texts = entry.get("lexicalisations")
    if not isinstance(texts, list) or not texts:
        raise Fault(f"'lexicalisations' must be a non-empty list, got {show(texts)}. Give the release with texts.")
    references = tuple(
        wanted_text(part(text, "lex"), "'lex'") for text in texts if not only_good or part(text, "comment") == "good"
    )
    source = BAR + linearize_triples([(part(t, "subject"), part(t, "property"), part(t, "object")) for t in triples])
    return Example(source, references, "unseen" if entry.get("category") in UNSEEN else "seen")


def part(item: object, key: str) -> str:
    """A string member of a triple or text."""
    value = item.get(key) if isinstance(item, dict) else None
    if not isinstance(value, str):
        raise Fault(f"{key!r} must be a string in {show(item)}.")
    return value
