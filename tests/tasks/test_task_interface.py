"""The room as a whole: names, arguments, splits, hashes, subsets; and that it is cheap to import."""

import inspect
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.tasks import ARGUMENTS, TASKS, Example, Task, check_arguments, load_task, subset
from foreword.tasks.labelled import Labelled
from foreword.tasks.linearize import linearize_fields, linearize_triples

IMPORT = """
import sys
import foreword.tasks
for name in ("bulletins", "csv_table", "dart", "e2e", "hub", "jsonl", "webnlg"):
    __import__(f"foreword.tasks.{name}")
heavy = {"torch", "transformers", "datasets", "numpy"} & set(sys.modules)
print(*heavy)
"""


def write_lines(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_importing_loads_nothing_heavy():
    assert subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True).stdout == "\n"


def test_every_argument_says_what_it_means():
    taken = {name for task in TASKS for name in inspect.signature(check_arguments(task)).parameters}
    assert set(ARGUMENTS) == taken - {"path"}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_by_name_is_a_class_of_that_name(name, tmp_path):
    task_class = check_arguments(name)
    assert isinstance(task_class, type)
    assert issubclass(task_class, Task)
    assert task_class.name == name
    assert task_class.metrics
    if name != "bulletins":
        with pytest.raises(BadRecipe, match=f"task {name!r} "):
            load_task(name)


@pytest.mark.parametrize(
    ("name", "arguments", "words", "message"),
    [
        ("jsonl", {}, "Describe {source} :", r"stands in front of every source, \{source\} and all, got 'Describe"),
        (
            "tags",
            {"classes": "O, B-X"},
            "Which words are names?",
            r"task 'tags' gives each word an answer, and these would have",
        ),
    ],
)
def test_an_instruction_that_would_spoil_the_sources_is_told(tmp_path, name, arguments, words, message):
    (tmp_path / "train.jsonl").write_text("")
    with pytest.raises(BadRecipe, match=f"task.instruction.*{message}"):
        load_task(name, train=str(tmp_path / "train.jsonl"), instruction=words, **arguments)


def test_an_instruction_makes_no_task_of_two_fields_one_of_one_text(tmp_path):
    """`eval.classifier` asks in this way, and would have judged by the words alone."""
    (tmp_path / "test.csv").write_text("1,a,b\n")
    task = load_task("agnews", tmp_path, instruction="Decide:")
    assert isinstance(task, Labelled)
    with pytest.raises(BadRecipe, match="task 'agnews' asks about headline and text, not about one text"):
        task.asking("some text")


@pytest.mark.parametrize(
    ("name", "path", "arguments", "error", "message"),
    [
        (
            "e2",
            None,
            {},
            UnknownName,
            r"unknown task 'e2'\. Did you mean 'e2e'\? Known: agnews, bbc, bbc-topics, boolq, bulletins",
        ),
        (
            "e2e",
            None,
            {},
            BadRecipe,
            r"task 'e2e' reads files: give path, a folder with trainset\.csv.*or single files",
        ),
        ("jsonl", None, {"trian": "a"}, UnknownName, r"argument of task 'jsonl' 'trian'\. Did you mean 'train'"),
        ("csv", None, {"source": 3}, BadRecipe, r"argument 'source' of task 'csv' wants str, got 3"),
        ("bulletins", None, {"seed": "x"}, BadRecipe, r"argument 'seed' of task 'bulletins' wants int, got 'x'"),
        ("bulletins", None, {"seed": True}, BadRecipe, r"wants int, got True"),
        ("bulletins", "here", {}, BadRecipe, r"makes its own data and takes no path, got 'here'"),
        ("bulletins", None, {"voice": "poe"}, UnknownName, r"unknown voice 'poe'\. Did you mean 'poet'\?"),
        ("hub", None, {}, BadRecipe, r"task 'hub' needs path"),
        ("jsonl", "no/such", {}, BadData, r"no/such: no such folder\. Give the folder with train\.jsonl, dev\.jsonl"),
        ("jsonl", None, {"dev": "no.jsonl"}, BadData, r"no\.jsonl: no such file\. Check the path"),
    ],
)
def test_a_task_that_cannot_be_loaded_says_what_to_do(name, path, arguments, error, message):
    with pytest.raises(error, match=message):
        load_task(name, path, **arguments)


def test_a_folder_without_the_files_and_a_file_for_a_folder_are_told_apart(tmp_path):
    with pytest.raises(BadData, match=r"none of train\.jsonl, dev\.jsonl, test\.jsonl is in this folder"):
        load_task("jsonl", tmp_path)
    file = write_lines(tmp_path / "mine.jsonl", [{"source": "a", "target": "b"}])
    with pytest.raises(BadData, match=r"this is a file\. Give path as a folder, or this file with one of train, dev"):
        load_task("jsonl", file)


def test_a_path_that_cannot_even_be_looked_at_is_told():
    """The bug: the system's own error, e.g. for a folder that is closed to one, ended in a traceback."""
    with pytest.raises(BadData, match=r"n{5000}: cannot be read \(File name too long\)\. Check the path"):
        load_task("jsonl", "n" * 5000)
    with pytest.raises(BadData, match=r"cannot be read \(File name too long\)\. Check the path"):
        load_task("jsonl", train="n" * 5000)


def test_a_split_the_task_lacks_is_refused_with_those_it_has(tmp_path):
    write_lines(tmp_path / "train.jsonl", [{"source": "a", "target": "b"}])
    task = load_task("jsonl", tmp_path)
    assert task.splits == ("train",)
    with pytest.raises(UnknownName, match=r"unknown split of task 'jsonl' 'test'\. Known: train\."):
        task.examples("test")


def test_single_files_stand_in_for_or_beside_a_folder(tmp_path):
    write_lines(tmp_path / "train.jsonl", [{"source": "a", "target": "b"}])
    other = write_lines(tmp_path / "other.jsonl", [{"source": "c", "target": "d"}])
    task = load_task("jsonl", tmp_path, train=str(other), test=str(other))
    assert task.splits == ("train", "test")
    assert task.pairs("train") == task.pairs("test") == [("c", "d")]


def test_a_source_that_returns_is_one_example_with_all_references_in_order(tmp_path):
    rows = [("a", ["1"], ""), ("b", ["2", "3"], ""), ("a", ["1", "4"], ""), ("a", ["5"], "other")]
    lines = [{"source": s, "references": r, "group": g} for s, r, g in rows]
    write_lines(tmp_path / "dev.jsonl", lines)
    task = load_task("jsonl", tmp_path)
    assert task.examples("dev") == [
        Example("a", ("1", "1", "4")),
        Example("b", ("2", "3")),
        Example("a", ("5",), "other"),
    ]
    assert task.pairs("dev") == [("a", "1"), ("b", "2"), ("b", "3"), ("a", "1"), ("a", "4"), ("a", "5")]


def test_the_hash_is_of_the_pairs_in_order(tmp_path):
    pairs = {"one": [("a", "b"), ("c", "d")], "two": [("c", "d"), ("a", "b")], "three": [("a", "bc"), ("c", "d")]}
    hashes = set()
    for name, rows in pairs.items():
        file = write_lines(tmp_path / f"{name}.jsonl", [{"source": s, "target": t} for s, t in rows])
        again = [load_task("jsonl", train=str(file)).data_hash("train") for _ in range(2)]
        assert again[0] == again[1]
        assert len(again[0]) == 64
        hashes.add(again[0])
    assert len(hashes) == 3


def test_a_file_that_changes_later_changes_nothing(tmp_path):
    file = write_lines(tmp_path / "train.jsonl", [{"source": "a", "target": "b"}])
    task = load_task("jsonl", tmp_path)
    before = task.pairs("train")
    write_lines(file, [{"source": "changed", "target": "b"}])
    before.append(("the caller's", "own list"))
    assert task.pairs("train") == [("a", "b")]


plain_words = st.text(st.characters(exclude_characters=":|", exclude_categories=["Cs"]), min_size=1).filter(str.strip)
names_and_values = st.lists(st.tuples(plain_words, plain_words), min_size=1, max_size=5)


@given(names_and_values, names_and_values)
def test_different_fields_read_differently(one, other):
    assert (linearize_fields(one) == linearize_fields(other)) == (one == other)


@given(names_and_values)
def test_fields_can_be_read_back(fields):
    assert [tuple(field.split(" : ")) for field in linearize_fields(fields).split(" | ")] == fields


@given(st.lists(st.tuples(plain_words, plain_words, plain_words), min_size=1, max_size=5))
def test_triples_can_be_read_back(triples):
    assert [tuple(triple.split(" : ")) for triple in linearize_triples(triples).split(" | ")] == triples


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32), st.integers(60, 200))
def test_a_smaller_subset_begins_a_larger_one_and_the_rest_is_disjoint(size, more, seed, total):
    items = range(total)
    large = subset(items, min(size + more, total), seed)
    small = subset(items, size, seed)
    assert small == large[:size]
    assert len(set(large)) == len(large)
    assert subset(items, size, seed) == small


def test_subsets_never_change_between_versions_and_differ_by_seed():
    assert subset(range(100), 5, seed=1) == SUBSET_OF_SEED_1
    assert subset(range(100), 5, seed=2) != SUBSET_OF_SEED_1
    assert sorted(subset(range(100), 100, seed=3)) == list(range(100))


SUBSET_OF_SEED_1 = [13, 91, 35, 20, 9]


@pytest.mark.parametrize("size", [0, -1, 4])
def test_a_subset_of_an_impossible_size_is_refused(size):
    with pytest.raises(BadRecipe, match=rf"between 1 and 3 items \(all there are\), got size {size}"):
        subset(["a", "b", "c"], size, seed=0)
