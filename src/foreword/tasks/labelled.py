"""Tasks whose answers are classes: a template turns a record into a text with a place for the answer, a word for each class.

Comes in:  records as a data set's files have them; a template; the words.
Goes out:  a source with MASK where the answer goes, and the word that is right. A masked model fills the place; any other
model reads up to it and goes on. SOFT stands where the template has a place for a vector of a method's own.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from foreword.errors import BadRecipe
from foreword.marks import MASK, SOFT, SOURCE
from foreword.tasks.reading import Fault, Faults, read_json_lines, show, split_files, wanted_text
from foreword.tasks.task import Example, Task

NAME = re.compile(r"\{([^{}]*)\}")
VECTORS = re.compile(r"soft(?::([1-9]\d*))?")


class Labelled(Task):
    """Final subclasses say what the fields and classes are, and where a file keeps them."""

    classes: Mapping[str, str]  # as the files have them -> the word that stands for it, unless others are given
    fields: tuple[str, ...]
    template: ClassVar[str]
    usual_files: ClassVar[dict[str, tuple[str, ...]]]
    metrics = ("accuracy", "majority")
    merges = False
    has_places = True

    def __init__(
        self, path: str | Path | None = None, template: str = "", words: str = "", train: str = "", dev: str = "", test: str = ""
    ):  # fmt: skip
        """`words`: one for each class, in their order, parted by commas."""
        self.files = split_files(self.name, path, self.usual_files, {"train": train, "dev": dev, "test": test})
        self.pattern = checked(template or self.template, self.fields)
        self.num_soft = num_soft(self.pattern)
        self.words = chosen(words, self.classes)
        self.question = question_of(self.pattern)
        super().__init__(self.files)

    def asking(self, text: str) -> str:
        """A text that is in no file, as the task would ask about it. Raises BadRecipe: a record has more fields than a text."""
        if len(fields := fields_of(self.pattern)) != 1:
            raise BadRecipe(f"task {self.name!r} asks about {' and '.join(fields) or 'nothing'}, not about one text.")
        return self.question.replace(SOURCE, text)

    @abstractmethod
    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        """(place in the file, fields, class, unit) of each record; a Fault raised on the way is noted by `read`."""

    def read(self, split: str) -> list[Example]:
        faults, records = Faults(self.files[split]), []
        word_of = dict(zip(self.classes, self.words, strict=True))
        for place, given, label, unit in self.rows(self.files[split], faults):
            with faults.at(place):
                texts = {field: wanted_text(given.get(field), f"{field!r}").strip() for field in self.fields}
                if (name := as_name(label)) not in word_of:
                    raise Fault(f"'label' must be {' or '.join(word_of)}, got {show(label)}.")
                records.append(Example(render(self.pattern, texts), (word_of[name],), unit=unit))
        return faults.checked(records)


class JSONLabelled(Labelled):
    """A record is a line of JSON with the fields and a label (SuperGLUE's files, and FewGLUE's: 32 to train on, 32 to choose by).

    The validation file is the test split: its labels are public, and the papers report on it. Without FewGLUE's dev32.jsonl there
    is no dev split; `task.dev_split = "train"` draws one out of the training data, rather than choose by the test.
    """

    usual_files = {"train": ("train.jsonl",), "dev": ("dev32.jsonl", "dev.jsonl"), "test": ("val.jsonl",)}

    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        for number, line in read_json_lines(path, faults):
            if isinstance(line, dict):
                yield number, line, line.get("label"), ""
            else:
                faults.note(number, f"must be an object, got {show(line)}.")


def render(template: str, texts: Mapping[str, str]) -> str:
    """The template with the fields' texts, MASK where the answer goes, and SOFT for each vector."""

    def put(match: re.Match[str]) -> str:
        vectors = VECTORS.fullmatch(match.group(1))
        return SOFT * int(vectors.group(1) or 1) if vectors else texts.get(match.group(1), MASK)

    return NAME.sub(put, template)


def question_of(template: str) -> str:
    """What a text that is in no file becomes, "{source}" in it; empty where a record has more texts than one."""
    fields = fields_of(template)
    return render(template, {fields[0]: SOURCE}) if len(fields) == 1 else ""


def num_soft(template: str) -> int:
    """Places for vectors in it."""
    return render(template, {}).count(SOFT)


def fields_of(template: str) -> tuple[str, ...]:
    """The names in braces that stand for a record's texts."""
    return tuple(dict.fromkeys(n for n in NAME.findall(template) if n != "mask" and not VECTORS.fullmatch(n)))


def as_name(label: object) -> str:
    """True -> "true", 1 -> "1", "entailment" as it is."""
    return label if isinstance(label, str) else json.dumps(label)


def checked(template: str, fields: tuple[str, ...]) -> str:
    """Raises BadRecipe: no place for the answer, or two; a name that is no field."""
    names = NAME.findall(template)
    if names.count("mask") != 1:
        raise BadRecipe(f"task.template must hold {{mask}} once, where the answer goes, got {template!r}.")
    for name in fields_of(template):
        if name not in fields:
            known = ", ".join(f"{{{field}}}" for field in (*fields, "mask", "soft"))
            raise BadRecipe(f"task.template: there is no field {{{name}}}; there are {known}, got {template!r}.")
    return template


def chosen(words: str, classes: Mapping[str, str]) -> tuple[str, ...]:
    """A word for each class. Raises BadRecipe: too few, too many, or one twice."""
    given = tuple(word.strip() for word in words.split(",")) if words else tuple(classes.values())
    if len(given) != len(classes) or len(set(given)) != len(given) or not all(given):
        raise BadRecipe(
            f"task.words must be one word for each of {', '.join(classes)}, parted by commas, got {words!r}."
        )
    return given
