"""Files of texts: what they may look like, and what is said of those that cannot be read."""

import pytest

from foreword.errors import BadData
from foreword.metrics import read_hypotheses, read_references


@pytest.fixture
def write(tmp_path):
    def to_file(name: str, text: str | bytes):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to_file


def test_a_hypothesis_per_line_empty_ones_too(write):
    assert read_hypotheses(write("h", "one\n\nthree\tx é\n")) == ["one", "", "three\tx é"]
    assert read_hypotheses(write("h", "no line end")) == ["no line end"]
    assert read_hypotheses(write("h", "\ufeffof a\r\nwindows\u2028machine\r\n")) == ["of a", "windows\u2028machine"]
    assert read_hypotheses(write("h", "\n")) == [""]


def test_one_file_of_references_has_blank_lines_between_examples(write):
    assert read_references(write("r", "a\nb\n\n\nc\n \nd\ne\n\n")) == [["a", "b"], ["c"], ["d", "e"]]


def test_one_file_without_blank_lines_has_one_reference_each(write):
    assert read_references(write("r", "a\nb\n")) == [["a"], ["b"]]


def test_several_files_of_references_are_read_side_by_side(write):
    assert read_references([write("0", "a\nb\nc\n"), write("1", "A\n\nC\n"), write("2", "\nβ\n\n")]) == [
        ["a", "A"],
        ["b", "β"],
        ["c", "C"],
    ]


def test_files_that_cannot_be_read_are_named(write, tmp_path):
    with pytest.raises(BadData, match="absent: cannot be read: No such file"):
        read_hypotheses(tmp_path / "absent")
    with pytest.raises(BadData, match="h: is empty"):
        read_hypotheses(write("h", ""))
    with pytest.raises(BadData, match="h, line 2: is not UTF-8 text; convert it first"):
        read_hypotheses(write("h", b"fine\nnot \xff\n"))
    with pytest.raises(BadData, match="r: has only blank lines"):
        read_references(write("r", "\n \n"))
    with pytest.raises(BadData, match="references: no file was named"):
        read_references([])


def test_files_that_do_not_fit_together_are_told_apart(write):
    with pytest.raises(BadData, match=r"1: 1 lines, but .*0 has 2; line N of each belongs to example N"):
        read_references([write("0", "a\nb\n"), write("1", "a\n")])
    with pytest.raises(BadData, match=r"0, line 2: no reference: the line is empty here and in .*1"):
        read_references([write("0", "a\n\n"), write("1", "a\n\n")])
