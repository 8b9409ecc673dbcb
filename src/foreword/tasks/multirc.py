"""MultiRC: is an answer to a question about a passage right, from SuperGLUE's JSON lines; every answer is an example.

Source: Khashabi et al. (2018); the template is Jiang et al. (2022), arXiv:2206.01958.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, final

from foreword.tasks.labelled import JSONLabelled
from foreword.tasks.reading import Fault, Faults, read_json_lines, show


@final
class MultiRC(JSONLabelled):
    """A line holds a passage, its questions and their answers; the answers to one question are a unit."""

    name = "multirc"
    fields = ("passage", "question", "answer")
    classes = {"0": "no", "1": "yes"}
    template = "{passage} {question} {answer} {mask}"
    metrics = ("f1-yes", "exact-match", "accuracy", "majority")

    def __init__(
        self, path: str | Path | None = None, template: str = "", words: str = "", train: str = "", dev: str = "", test: str = ""
    ):  # fmt: skip
        """`words`: for an answer that is wrong and one that is right, parted by a comma."""
        super().__init__(path, template, words, train, dev, test)
        self.metrics = (f"f1-{self.words[1]}", *self.metrics[1:])

    def rows(self, path: Path, faults: Faults) -> Iterator[tuple[object, Mapping[str, object], object, str]]:
        for number, line in read_json_lines(path, faults):
            with faults.at(number):
                passage = part(line, "passage", dict)
                for place, question in enumerate(part(passage, "questions", list)):
                    for answer in part(question, "answers", list):
                        asked = {"passage": passage.get("text"), "question": question.get("question")}
                        fields = {**asked, "answer": part(answer, "text", str)}
                        yield number, fields, answer.get("label"), f"{number}.{place}"


def part(given: object, name: str, kind: type) -> Any:
    """A member of an object, of the kind it must be."""
    value = given.get(name) if isinstance(given, dict) else None
    if not isinstance(value, kind):
        raise Fault(f"{name!r} must be a {kind.__name__}, got {show(value)}.")
    return value
