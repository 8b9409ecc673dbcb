"""Tasks whose answers are texts: articles with headlines, dialogues with summaries, lines in two languages."""

import gzip
import json
from pathlib import Path

import pytest

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.tasks import Example, load_task

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the data sets in {SHARED}")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def news(tmp_path):
    """Two topics of ten articles; the second article of sport comes a second time."""
    for topic in ("politics", "sport"):
        for number in range(10):
            write(tmp_path / topic / f"{number:03}.txt", f"{topic} {number}\n\nIt was {topic}.\n\nNumber {number}.\n")
    write(tmp_path / "sport" / "001a.txt", "Again\n\nIt was sport. Number 1.")
    return tmp_path


def test_an_article_is_read_and_its_headline_written(news):
    task = load_task("bbc", news)
    assert task.splits == ("train", "dev", "test")
    assert task.examples("dev") == [
        Example("It was politics. Number 1.", ("politics 1",), "politics"),
        Example("It was sport. Number 1.", ("sport 1",), "sport"),
    ]
    assert [len(task.examples(split)) for split in task.splits] == [14, 2, 4]


def test_an_article_that_comes_twice_is_in_one_split(news):
    task = load_task("bbc", news)
    sources = [example.source for split in task.splits for example in task.examples(split)]
    assert len(sources) == len(set(sources)) == 20


def test_new_topics_are_tested_that_training_never_saw(news):
    task = load_task("bbc", news, train_topics="politics", test_topics="sport")
    groups = {split: {example.group for example in task.examples(split)} for split in task.splits}
    assert groups == {"train": {"politics"}, "dev": {"politics"}, "test": {"sport"}}
    assert task.examples("test") == [e for e in load_task("bbc", news).examples("test") if e.group == "sport"]


def test_bad_articles_and_topics_are_told(news, tmp_path):
    with pytest.raises(UnknownName, match=r"unknown topic 'sports'\. Did you mean 'sport'\? Known: politics, sport"):
        load_task("bbc", news, test_topics="sports")
    write(news / "sport" / "012.txt", "Only a headline\n\n")
    with pytest.raises(BadData, match=r"file sport/012\.txt: a headline and nothing else\. Give the article"):
        load_task("bbc", news).examples("train")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadData, match=r"empty: no folder with text files is in it\. Give the folder with a folder"):
        load_task("bbc", tmp_path / "empty")
    with pytest.raises(BadData, match=r"none: cannot be read \(No such file or directory\)\. Give the folder"):
        load_task("bbc", tmp_path / "none")


@real
def test_bbc_news_is_read_whole_and_each_text_once():
    task = load_task("bbc", SHARED / "bbc_news")
    sizes = {split: len(task.examples(split)) for split in task.splits}
    assert sizes == {"train": 1475, "dev": 212, "test": 425}
    assert sum(sizes.values()) == 2112  # 2,225 files, of which 113 come twice


def test_a_dialogue_has_one_summary_or_three(tmp_path):
    write(tmp_path / "dialogsum.dev.jsonl", json.dumps({"dialogue": "#A#: Hi.\n#B#: Ho.", "summary": "They greet."}))
    three = {"dialogue": "#A#: Hi.", "summary1": "a", "summary2": "b", "summary3": "c", "topic1": "t"}
    write(tmp_path / "dialogsum.test.jsonl", json.dumps(three))
    task = load_task("dialogsum", tmp_path)
    assert task.examples("dev") == [Example("#A#: Hi. #B#: Ho.", ("They greet.",))]
    assert task.examples("test") == [Example("#A#: Hi.", ("a", "b", "c"))]
    write(tmp_path / "dialogsum.train.jsonl", json.dumps({"dialogue": "#A#: Hi."}))
    with pytest.raises(BadData, match=r"line 1: 'summary' must be a non-empty string, got null"):
        load_task("dialogsum", tmp_path).examples("train")


@real
def test_dialogsum_is_read_whole():
    task = load_task("dialogsum", SHARED / "dialogsum")
    assert {split: len(task.records(split)) for split in task.splits} == {"dev": 500, "test": 500}
    assert {len(example.references) for example in task.records("test")} == {3}


@pytest.fixture
def lines(tmp_path):
    write(tmp_path / "train.en", "A dog.\nTwo cats.\n")
    write(tmp_path / "train.de", "Ein Hund.\nZwei Katzen.\n")
    for ending, text in (("en", "A cow.\n"), ("de", "Eine Kuh.\n")):
        (tmp_path / f"val.{ending}.gz").write_bytes(gzip.compress(text.encode()))
    return tmp_path


def test_lines_of_two_files_belong_together_packed_or_not(lines):
    task = load_task("parallel", lines)
    assert task.splits == ("train", "dev")
    assert task.pairs("train") == [("A dog.", "Ein Hund."), ("Two cats.", "Zwei Katzen.")]
    assert task.pairs("dev") == [("A cow.", "Eine Kuh.")]
    back = load_task("parallel", lines, source="de", target="en", test="train")
    assert back.pairs("test") == [("Ein Hund.", "A dog."), ("Zwei Katzen.", "Two cats.")]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": "fr"}, BadData, r"no train, dev or test with the endings \.fr and \.de is in it\. Check the path"),
        ({"test": "test_2016"}, BadData, r"test_2016\.en and test_2016\.de are not both in it\. Check task\.test"),
        ({"target": "en"}, BadRecipe, r"task\.source and task\.target must be two endings of files, got 'en' for both"),
    ],
)
def test_lines_that_are_not_there_are_told(lines, arguments, error, message):
    with pytest.raises(error, match=message):
        load_task("parallel", lines, **arguments)


def test_lines_that_do_not_match_are_told(lines):
    write(lines / "train.de", "Ein Hund.\n")
    with pytest.raises(
        BadData, match=r"train\.en: it has 2 lines, but train\.de has 1\. Their lines must belong together"
    ):
        load_task("parallel", lines).pairs("train")
    write(lines / "train.de", "Ein Hund.\n \n")
    with pytest.raises(BadData, match=r"train\.en, line 2: the line in train\.de must be a non-empty string"):
        load_task("parallel", lines).pairs("train")
    (lines / "val.en.gz").write_bytes(b"A cow.")
    with pytest.raises(BadData, match=r"val\.en\.gz: it ends in \.gz, but cannot be unpacked\. Check that it is whole"):
        load_task("parallel", lines).pairs("dev")
    (lines / "val.en.gz").write_bytes(gzip.compress(b"A cow." * 99)[:30])
    with pytest.raises(BadData, match=r"cannot be unpacked"):
        load_task("parallel", lines).pairs("dev")


@real
def test_multi30k_is_read_whole():
    folder = SHARED / "text2text" / "multi30k" / "task1_raw"
    task = load_task("parallel", folder, test="test_2016_flickr")
    assert {split: len(task.records(split)) for split in task.splits} == {"train": 29000, "dev": 1014, "test": 1000}
