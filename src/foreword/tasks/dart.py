"""DART: triples from tables, WebNLG and E2E to sentences, from the JSON or XML files of its release v1.1.1.

Comes in:  dart-v1.1.1-full-{train,dev,test}.json or .xml, or one such file per split.
Goes out:  "Mars Hill College : joined : 1973 | Mars Hill College : location : Mars Hill, North Carolina".

As in the prefix-tuning paper's code: relations in lower case, no bar before the first triple, blank texts passed over
(the official test set has one), entries with the same triples one example. Texts are stripped at the ends.

Source: Li and Liang (2021), arXiv:2101.00190, appendix A.1; data: Nan et al. (2021), arXiv:2007.02871.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import final

from foreword.errors import BadData
from foreword.tasks.linearize import linearize_triples
from foreword.tasks.reading import Fault, Faults, read_json, read_text, show, split_files
from foreword.tasks.task import Example, Task

FILES = {
    split: (f"dart-v1.1.1-full-{split}.json", f"dart-v1.1.1-full-{split}.xml") for split in ("train", "dev", "test")
}


@final
class DART(Task):
    """A record is an entry; the test set's 5,097 entries are 4,159 examples."""

    name = "dart"
    metrics = ("webnlg-bleu", "webnlg-meteor", "ter")  # DART is scored by WebNLG's scripts

    def __init__(self, path: str | Path | None = None, train: str = "", dev: str = "", test: str = ""):
        self.files = split_files(self.name, path, FILES, {"train": train, "dev": dev, "test": test})
        super().__init__(self.files)

    def read(self, split: str) -> list[Example]:
        path = self.files[split]
        faults, records = Faults(path, unit="entry"), []
        for number, entry in read_entries(path):
            with faults.at(number):
                records.append(from_xml(entry) if isinstance(entry, ElementTree.Element) else from_json(entry))
        return faults.checked(records)


def read_entries(path: Path) -> list[tuple[object, object]]:
    """(number, entry) for each entry; a number is the place in JSON, the `eid` in XML."""
    if path.suffix != ".xml":
        data = read_json(path)
        if not isinstance(data, list):
            raise BadData(path, "must be a list of entries. Give a JSON or XML file of DART v1.1.1.")
        return list(enumerate(data, start=1))
    try:
        # As text, not bytes: a fault in the encoding is then told like everywhere else.
        root = ElementTree.fromstring(read_text(path))
    except ElementTree.ParseError as error:
        raise BadData(path, f"not XML ({error}).", line=error.position[0]) from None
    return [(entry.get("eid", place), entry) for place, entry in enumerate(root.iter("entry"), start=1)]


def from_json(entry: object) -> Example:
    """An entry as the JSON release has it."""
    if not isinstance(entry, dict):
        raise Fault(f"must be an object, got {show(entry)}.")
    triples, texts = entry.get("tripleset"), entry.get("annotations")
    if not isinstance(triples, list) or not isinstance(texts, list):
        raise Fault("'tripleset' and 'annotations' must be lists.")
    return record(triples, [text.get("text") if isinstance(text, dict) else None for text in texts])


def from_xml(entry: ElementTree.Element) -> Example:
    """An entry as the XML release has it, its triples with bars between their parts."""
    triples = [(triple.text or "").split(" | ") for triple in entry.iter("mtriple")]
    return record(triples, [text.text or "" for text in entry.iter("lex")])


def record(triples: list, texts: list) -> Example:
    """One entry from its parts, whichever format they came from."""
    if not triples:
        raise Fault("no triples. Drop the entry or give it some.")
    for triple in triples:
        if not isinstance(triple, list) or len(triple) != 3 or not all(isinstance(part, str) for part in triple):
            raise Fault(f"a triple must be subject, relation and object, got {show(triple)}.")
    if not all(isinstance(text, str) for text in texts):
        raise Fault("every annotation must have a string 'text'.")
    references = tuple(text.strip() for text in texts if text.strip())
    if not references:
        raise Fault("no text. Drop the entry or give it one.")
    return Example(linearize_triples((s, relation.lower(), o) for s, relation, o in triples), references)
