"""Data sets through `datasets`, here from local folders in the hub's format: no network."""

import json
import sys

import pytest

from foreword.errors import BadData, MissingTool
from foreword.tasks import Example, load_task


@pytest.fixture
def folder(tmp_path, monkeypatch):
    datasets = pytest.importorskip("datasets", reason="the optional package datasets is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_json_lines_in_the_hubs_format(folder):
    write(folder / "train.jsonl", [{"article": "a", "title": "b"}, {"article": "a", "title": "c"}])
    write(folder / "validation.jsonl", [{"article": "d", "title": "e"}])
    task = load_task("hub", folder, source="article", target="title")
    assert task.splits == ("train", "dev")
    assert task.examples("train") == [Example("a", ("b", "c"))]
    assert task.pairs("dev") == [("d", "e")]


def test_parquet_with_lists_of_references_and_groups(folder):
    datasets = pytest.importorskip("datasets")
    rows = [{"source": "a", "references": ["b", "c"], "topic": "x"}]
    datasets.Dataset.from_list(rows).to_parquet(folder / "test.parquet")
    task = load_task("hub", str(folder), target="references", group="topic")
    assert task.examples("test") == [Example("a", ("b", "c"), "x")]


def test_a_column_within_a_column(folder):
    """Translations stand on the hub as one column of languages."""
    write(folder / "train.jsonl", [{"translation": {"en": "a", "de": "b"}}])
    task = load_task("hub", folder, source="translation.en", target="translation.de")
    assert task.pairs("train") == [("a", "b")]
    with pytest.raises(BadData, match=r"row 1: column 'translation' has no part 'fr', got \{"):
        load_task("hub", folder, source="translation.en", target="translation.fr").pairs("train")


@pytest.mark.parametrize(
    ("row", "arguments", "message"),
    [
        ({"source": "a", "text": "b"}, {}, r"no column 'target'; the columns are source, text\. Name yours with the"),
        ({"source": "a", "target": ""}, {}, r"\(train\), row 1: column 'target' must be a non-empty string, got \"\""),
        ({"source": "a", "target": ["", "b"]}, {}, r"row 1: column 'target' must be a non-empty list of strings"),
        ({"source": "a", "target": "b", "n": 3}, {"group": "n"}, r"row 1: column 'n' must hold strings, got 3"),
        (
            {"source": "a", "target": "b"},
            {"train": "x"},
            r"the splits are train\. Name yours with the arguments train,",
        ),
    ],
)
def test_a_bad_data_set_is_told(folder, row, arguments, message):
    write(folder / "train.jsonl", [row])
    with pytest.raises(BadData, match=message):
        load_task("hub", folder, **arguments).pairs("train")


def test_what_datasets_complains_of_is_told_as_ours(folder):
    with pytest.raises(BadData, match=r"data: cannot be loaded \(.*\)\. Check path, config, revision and the network"):
        load_task("hub", folder)


def test_a_data_set_that_is_a_program_is_told_with_where_its_files_are(folder):
    (folder / "data.py").write_text("import datasets\n")
    with pytest.raises(BadData, match=r"but found data\.py\)\. Most have a copy .*task\.revision=refs/convert/parquet"):
        load_task("hub", folder)


def test_without_the_package_the_command_to_get_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingTool, match=r"needs the package datasets.*pip install 'foreword\[hub\]'"):
        load_task("hub", "some/name")
