"""Your own files, JSON lines and CSV: what is written is read, and what cannot be read is told line by line."""

import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foreword.errors import BadData
from foreword.tasks import Example, load_task

GOOD = '{"source": "a", "references": ["b"]}\n'


def jsonl(tmp_path, text, encoding="utf-8"):
    (tmp_path / "train.jsonl").write_bytes(text.encode(encoding))
    return load_task("jsonl", tmp_path)


def csv_task(tmp_path, text, **arguments):
    (tmp_path / "train.csv").write_bytes(text.encode())
    return load_task("csv", tmp_path, **arguments)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"group": "all"}, r"a group cannot be called 'all', as all groups together are. Give it another name"),
        (
            {"source": "a \ue001 b"},
            r"it holds the character U\+E001, which marks the place of a trained vector here. Take it",
        ),
        ({"target": "\ue000"}, r"it holds the character U\+E000, which marks the place of an answer here. Take it out"),
    ],
)
def test_what_would_be_taken_for_a_mark_of_ours_is_told(tmp_path, line, message):
    task = jsonl(tmp_path, GOOD + json.dumps({"source": "a", "target": "b", **line}))
    with pytest.raises(BadData, match=f"task 'jsonl', train split, record 2: {message}"):
        task.examples("train")


def test_json_without_end_is_told_by_its_line(tmp_path):
    """The bug: Python gives up on brackets within brackets with an error of its own, and the command crashed."""
    deep = '{"source": ' + "[" * 200_000
    with pytest.raises(BadData, match=r"train\.jsonl, line 2: JSON that is nested too deeply to be data"):
        jsonl(tmp_path, f"{GOOD}{deep}\n").examples("train")


def test_a_text_longer_than_csv_takes_is_told(tmp_path):
    with pytest.raises(BadData, match=r"a text of more than 131,072 characters\. Look for a quote that is not closed"):
        csv_task(tmp_path, "source,target\na,b\n" + "a" * 140_000 + ",b\n").examples("train")


def test_the_three_forms_of_a_line(tmp_path):
    lines = [
        {"source": " a text ", "references": ["one", " two"], "group": "g", "id": 7},
        {"table": {"name": "The Vaults", "food": ["French", "Thai"], "stars": 5, "price": 4.5}, "target": "one"},
        {"triples": [["The Vaults", "near", "Café Adriatic"], ["The Vaults", "stars", 5]], "target": "one"},
    ]
    task = jsonl(tmp_path, "\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    assert task.examples("train") == [
        Example(" a text ", ("one", " two"), "g"),
        Example("name : The Vaults | food : French | food : Thai | stars : 5 | price : 4.5", ("one",)),
        Example("The Vaults : near : Café Adriatic | The Vaults : stars : 5", ("one",)),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"source": "a", "target": "b", "group": "\\ud800"}', r"'group' must be a string, got"),
        (
            '{"table": {"\\ud800": "b"}, "target": "b"}',
            r"a field's name must be a non-empty string or a number, got",
        ),
        ('{"source": ' + "1" * 5000 + "}", r"not JSON that can be read \(Exceeds the limit"),
        ('{"source": "a", "references": ""}', r"'references' must be a non-empty list of strings, got \"\"\. Drop the"),
        ('{"source": "a", "references": []}', r"'references' must be a non-empty list of strings, got \[\]"),
        ('{"source": "a", "references": ["b", " "]}', r'must be a non-empty list of strings, got \["b", " "\]'),
        ('{"source": "a", "references": ["b", 3]}', r'must be a non-empty list of strings, got \["b", 3\]'),
        ('{"source": "a"}', r"give 'references' \(a list of strings\) or 'target' \(one string\), got neither"),
        ('{"source": "a", "target": "b", "references": ["b"]}', r"or 'target' \(one string\), got both"),
        ('{"source": "a", "target": null}', r"'target' must be a non-empty string, got null"),
        ('{"source": "  ", "target": "b"}', r"'source' must be a non-empty string, got \"  \""),
        ('{"source": 3, "target": "b"}', r"'source' must be a non-empty string, got 3"),
        ('{"source": "\\ud83d", "target": "b"}', r"'source' must be a non-empty string, got \"\\ud83d\""),
        ('{"target": "b"}', r"give one of 'source', 'table' and 'triples', got none of them"),
        ('{"source": "a", "table": {"a": "b"}, "target": "b"}', r"'triples', got source, table"),
        ('{"table": {}, "target": "b"}', r"'table' must be an object of fields and values, got \{\}"),
        (
            '{"table": {"a": null}, "target": "b"}',
            r"field 'a' of 'table' must be a non-empty string or a number, got n",
        ),
        (
            '{"table": {"a": []}, "target": "b"}',
            r"field 'a' of 'table' must be a non-empty string or a number, got \[\]",
        ),
        ('{"table": {"a": true}, "target": "b"}', r"must be a non-empty string or a number, got true"),
        ('{"triples": [], "target": "b"}', r"'triples' must be a non-empty list, got \[\]"),
        (
            '{"triples": [["a", "b"]], "target": "b"}',
            r"a triple must be \[subject, relation, object\], got \[\"a\", \"b\"\]",
        ),
        (
            '{"triples": [["a", "", "c"]], "target": "b"}',
            r"a relation must be a non-empty string or a number, got \"\"",
        ),
        ('{"source": "a", "target": "b", "group": 3}', r"'group' must be a string, got 3"),
        ('["a", "b"]', r"must be an object with a source and references, got \[\"a\", \"b\"\]"),
        ('{"source": "a"', r"not JSON \(Expecting ',' delimiter, column 15\)\. Write one JSON object a line"),
    ],
)
def test_a_bad_line_is_told_with_file_line_and_reason(tmp_path, line, message):
    with pytest.raises(BadData, match=r"train\.jsonl, line 3: .*" + message):
        jsonl(tmp_path, GOOD + "\n" + line + "\n" + GOOD).pairs("train")


def test_all_bad_lines_are_told_the_first_ten_in_full(tmp_path):
    bad = '{"source": "a", "references": []}\n'
    with pytest.raises(BadData) as told:
        jsonl(tmp_path, GOOD + bad * 12 + "nonsense\n").pairs("train")
    first, *rest = str(told.value).splitlines()
    assert first.endswith("train.jsonl: 13 faults, the first 10:")
    assert [line.split(":")[0] for line in rest] == [f"  line {number}" for number in range(2, 12)]
    with pytest.raises(BadData, match=r"train\.jsonl: 2 faults:\n  line 1: 'references'.*\n  line 2: not JSON"):
        jsonl(tmp_path, bad + "nonsense\n" + GOOD).pairs("train")


def test_long_values_are_cut_in_messages(tmp_path):
    with pytest.raises(BadData, match=r"got \"x{56}\.\.\.\. Drop") as told:
        jsonl(tmp_path, json.dumps({"source": "a", "references": "x" * 5000})).pairs("train")
    assert len(str(told.value)) < 300 + len(str(tmp_path))


@pytest.mark.parametrize(
    ("text", "encoding", "message"),
    [
        ("", "utf-8", r"train\.jsonl: the file is empty"),
        (" \n\n", "utf-8", r"train\.jsonl: the file is empty"),
        (
            GOOD + '{"source": "é"}',
            "latin-1",
            r"train\.jsonl, line 2: not UTF-8 \(byte 0xe9\)\. Save the file as UTF-8",
        ),
        ("\ufeff" + GOOD + "\udce9", "utf-8", r"train\.jsonl, line 2: not UTF-8 \(byte 0xe9\)"),
    ],
)
def test_a_file_that_is_no_text_is_told_as_a_whole(tmp_path, text, encoding, message):
    (tmp_path / "train.jsonl").write_bytes(text.encode(encoding, errors="surrogateescape"))
    with pytest.raises(BadData, match=message):
        load_task("jsonl", tmp_path).pairs("train")


def test_a_file_that_disappears_or_turns_into_a_folder_is_told(tmp_path):
    task = jsonl(tmp_path, GOOD)
    (tmp_path / "train.jsonl").unlink()
    with pytest.raises(BadData, match=r"train\.jsonl: no such file\. Check the path"):
        task.pairs("train")
    (tmp_path / "train.jsonl").mkdir()
    with pytest.raises(BadData, match=r"train\.jsonl: cannot be read \(Is a directory\)"):
        task.pairs("train")


def test_byte_order_marks_and_windows_line_ends_do_no_harm(tmp_path):
    assert jsonl(tmp_path, "\ufeff" + GOOD.replace("\n", "\r\n") * 2).pairs("train") == [("a", "b"), ("a", "b")]
    assert csv_task(tmp_path, "\ufeffsource,target\r\na,b\r\n").pairs("train") == [("a", "b")]


def test_csv_columns_are_named_by_arguments(tmp_path):
    text = 'id,title,article,topic\n1,"One, two","A\nB",x\n2,Three,C,y\n\n3,Four,C,y\n'
    task = csv_task(tmp_path, text, source="article", target="title", group="topic")
    assert task.examples("train") == [Example("A\nB", ("One, two",), "x"), Example("C", ("Three", "Four"), "y")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "text,target\na,b\n",
            r"line 1: no column 'source'; the columns are text, target\. Name yours with the task's",
        ),
        ("source,target,source\na,b,c\n", r"line 1: more than one column 'source'"),
        ('source,target\n"a\nb",c\nd\n', r"line 4: 1 fields where the header has 2\. Put texts that hold commas in q"),
        ("source,target\na,b,c\n", r"line 2: 3 fields where the header has 2"),
        ("source,target\na, \n", r"line 2: column 'target' must be a non-empty string, got \" \""),
        ("source,target\n,b\n", r"line 2: column 'source' must be a non-empty string, got \"\""),
        ('source,target\na,b\nc,"d\n', r"line 3: not CSV \(unexpected end of data\)\. Look for a quote that is not"),
        ("source,target\n", r"train\.csv: no examples in it\. Give a file with at least one"),
        ("\n\n", r"train\.csv: the file is empty"),
    ],
)
def test_a_bad_csv_is_told_with_file_line_and_reason(tmp_path, text, message):
    with pytest.raises(BadData, match=message):
        csv_task(tmp_path, text).pairs("train")


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
rows = st.lists(st.tuples(texts, texts), min_size=1, max_size=8)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@given(rows)
@in_one_folder
def test_json_lines_written_are_read_the_same(tmp_path, pairs):
    lines = [json.dumps({"source": s, "target": t}, ensure_ascii=False) for s, t in pairs]
    assert jsonl(tmp_path, "\n".join(lines)).pairs("train") == pairs


@given(rows)
@in_one_folder
def test_csv_written_is_read_the_same(tmp_path, pairs):
    with open(tmp_path / "train.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("source", "target"), *pairs])
    assert load_task("csv", tmp_path).pairs("train") == pairs
