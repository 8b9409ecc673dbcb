"""Tasks whose answers are classes: read from their own formats, told as a text with a place for the answer."""

import json
import re
from pathlib import Path

import pytest

from foreword.errors import BadData, BadRecipe, UnknownName
from foreword.marks import MASK
from foreword.metrics import score
from foreword.tasks import TASKS, Example, load_task

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "nlu"
real = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the understanding data sets in {SHARED}")
QUESTIONS = [
    {"question": "Who sells?", "answers": [{"text": "Ann", "label": 1}, {"text": "Bo", "label": 0}]},
    {"question": "Where?", "answers": [{"text": "Rye", "label": 0}]},
]


def one(folder: Path, name: str, file: str, text: str, **arguments: str):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(text, encoding="utf-8")
    return load_task(name, folder, **arguments)


@pytest.mark.parametrize(
    ("name", "file", "text", "examples"),
    [
        ("boolq", "val.jsonl", json.dumps({"passage": "Ann sells.", "question": "does ann", "label": True}),
         [Example(f"Ann sells. Question: does ann ? The answer was {MASK} .", ("yes",))]),
        ("cb", "val.jsonl", json.dumps({"premise": "p", "hypothesis": "h", "label": "neutral"}),
         [Example(f"p h {MASK} .", ("maybe",))]),
        ("rte", "val.jsonl", json.dumps({"premise": "p", "hypothesis": "h", "label": "not_entailment"}),
         [Example(f"p h {MASK} .", ("no",))]),
        ("multirc", "val.jsonl", json.dumps({"passage": {"text": "P", "questions": QUESTIONS}}),
         [Example(f"P Who sells? Ann {MASK}", ("yes",), unit="1.0"), Example(f"P Who sells? Bo {MASK}", ("no",), unit="1.0"),
          Example(f"P Where? Rye {MASK}", ("no",), unit="1.1")]),
        ("sst2", "dev.tsv", "sentence\tlabel\na \"fine film\t1\n", [Example(f'a "fine film It was {MASK} .', ("great",))]),
        ("agnews", "test.csv", '3,"Shares, up","They ""rose""."\n',
         [Example(f'Shares, up They "rose". This is about {MASK} .', ("business",))]),
    ],
)  # fmt: skip
def test_a_record_is_told_by_its_template(tmp_path, name, file, text, examples):
    assert one(tmp_path, name, file, text).examples("test") == examples


def test_imdbs_folders_are_read(tmp_path):
    for label, text in (("pos", "Good.<br />Very."), ("neg", "Bad.")):
        one(tmp_path / "test" / label, "jsonl", "test.jsonl", "{}")
        (tmp_path / "test" / label / "1.txt").write_text(text)
    examples = load_task("imdb", tmp_path).examples("test")
    assert sorted(examples, key=lambda example: example.source) == [
        Example(f"Bad. It was {MASK} .", ("terrible",)),
        Example(f"Good. Very. It was {MASK} .", ("great",)),
    ]
    (tmp_path / "train").mkdir()
    with pytest.raises(BadData, match=r"train/neg: no such folder, or no text files in it\. Expected pos/\*\.txt and"):
        load_task("imdb", tmp_path).examples("train")


def test_template_and_words_are_the_users_to_choose(tmp_path):
    line = json.dumps({"premise": "p", "hypothesis": "h", "label": "entailment"})
    task = one(tmp_path, "rte", "val.jsonl", line, template="{hypothesis}? {mask}, {premise}", words="Yes, No")
    assert task.examples("test") == [Example(f"h? {MASK}, p", ("Yes",))]
    assert task.words == ("Yes", "No")
    assert load_task("bulletins").words == ()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"template": "{premise}"},
            r"task\.template must hold \{mask\} once, where the answer goes, got '\{premise\}'",
        ),
        ({"template": "{mask}{mask}"}, r"task\.template must hold \{mask\} once"),
        (
            {"template": "{premis} {mask}"},
            r"there is no field \{premis\}; there are \{premise\}, \{hypothesis\}, \{mask\}",
        ),
        (
            {"words": "yes"},
            r"task\.words must be one word for each of entailment, not_entailment, parted by commas, got 'yes'",
        ),
        ({"words": "yes, yes"}, r"task\.words must be one word for each"),
    ],
)
def test_a_template_or_words_that_do_not_fit_are_told(tmp_path, arguments, message):
    with pytest.raises(BadRecipe, match=message):
        one(tmp_path, "rte", "val.jsonl", "{}", **arguments)


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("rte", "val.jsonl", "3", r"val\.jsonl, line 1: must be an object, got 3"),
        ("rte", "val.jsonl", '{"premise": "p", "hypothesis": "h", "label": "no"}', r"must be entailment or not_ent.*got \"no\""),
        ("rte", "val.jsonl", '{"premise": "p", "label": "entailment"}', r"'hypothesis' must be a non-empty string, got null"),
        ("rte", "val.jsonl", '{"premise": "p", "hypothesis": "\ue000", "label": "entailment"}', r"it holds the character U\+E000"),
        ("multirc", "val.jsonl", '{"passage": "p"}', r"line 1: 'passage' must be a dict, got \"p\""),
        ("multirc", "val.jsonl", '{"passage": {"questions": [{"answers": [{}]}]}}', r"line 1: 'text' must be a str, got null"),
        ("rte", "val.jsonl", '{"premise": "\ue001", "hypothesis": "h", "label": "entailment"}', r"holds the character U\+E001"),
        ("sst2", "dev.tsv", "sentence\tlabel\na\t1\tmore\n", r"dev\.tsv, line 2: 3 fields where there must be 2: sentence, label"),
        ("sst2", "dev.tsv", "sentence\tlabel\n" + "a" * 140_000, r"line 2: a text of more than 131,072 characters"),
        ("agnews", "test.csv", '3,a,b\n3,"' + "a" * 140_000, r"test\.csv, line 2: a text of more than 131,072 characters"),
        ("sst2", "dev.tsv", "text\tlabel\na\t1\n", r"dev\.tsv, line 1: the columns must be sentence and label, got text, label"),
        ("agnews", "test.csv", "3,a\n", r"test\.csv, line 1: 2 fields where there must be 3: class, headline, text"),
    ],
)  # fmt: skip
def test_a_bad_record_is_told(tmp_path, name, file, text, message):
    with pytest.raises(BadData, match=message):
        one(tmp_path, name, file, text).examples("test")


def test_blank_lines_are_passed_over(tmp_path):
    assert len(one(tmp_path, "sst2", "dev.tsv", "sentence\tlabel\na\t1\n\nb\t0\n\n").examples("test")) == 2


@real
@pytest.mark.parametrize(
    ("name", "folder", "sizes", "largest"),
    [
        ("boolq", "fewglue_32dev/BoolQ", {"train": 32, "dev": 32, "test": 3270}, ("yes", 2033)),
        ("cb", "fewglue_32dev/CB", {"train": 32, "dev": 32, "test": 56}, ("no", 28)),
        ("rte", "fewglue_32dev/RTE", {"train": 32, "dev": 32, "test": 277}, ("yes", 146)),
        ("sst2", "sst2", {"train": 1000, "test": 872}, ("great", 444)),
    ],
)
def test_the_published_files_are_read_whole(name, folder, sizes, largest):
    task = load_task(name, SHARED / folder)
    assert {split: len(task.records(split)) for split in task.splits} == sizes
    answers = [record.references[0] for record in task.records("test")]
    assert (max(task.words, key=answers.count), max(map(answers.count, task.words))) == largest
    assert name in TASKS


def test_multircs_f1_is_that_of_the_word_for_right(tmp_path):
    (tmp_path / "val.jsonl").write_text(json.dumps({"passage": {"text": "P", "questions": QUESTIONS}}))
    assert load_task("multirc", tmp_path).metrics[0] == "f1-yes"
    task = load_task("multirc", tmp_path, words="false, true")
    examples = task.examples("test")
    answers = [example.references[0] for example in examples]
    scores = score(answers, [example.references for example in examples], task.metrics, resamples=5)
    assert {name: scores[name].value for name in ("f1-true", "exact-match", "accuracy")} == {
        "f1-true": 1.0,
        "exact-match": 1.0,
        "accuracy": 1.0,
    }


def test_the_first_reviews_are_of_both_classes(tmp_path):
    """`eval.size` takes the first, and the folders stand behind each other."""
    for label in ("pos", "neg"):
        (tmp_path / "test" / label).mkdir(parents=True)
        for number in range(30):
            (tmp_path / "test" / label / f"{number}.txt").write_text(f"{label} {number}")
    examples = load_task("imdb", tmp_path).examples("test")
    assert {example.references for example in examples[:10]} == {("great",), ("terrible",)}
    assert examples == load_task("imdb", tmp_path).examples("test")


@real
def test_multircs_answers_are_in_the_units_of_their_questions():
    records = load_task("multirc", SHARED / "fewglue_32dev" / "MultiRC").records("test")
    assert (len(records), len({record.unit for record in records})) == (4848, 953)


def test_your_own_classes_are_named_in_the_recipe(tmp_path):
    lines = [{"text": "Rain again.", "label": "bad"}, {"text": "Sun!", "label": "good"}]
    (tmp_path / "train.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    task = load_task("classes", tmp_path, classes="good, bad", words="great, poor")
    assert task.words == ("great", "poor")
    assert task.examples("train") == [
        Example(f"Rain again. It was {MASK} .", ("poor",)),
        Example(f"Sun! It was {MASK} .", ("great",)),
    ]
    other = load_task("classes", tmp_path, classes="good,bad", template="{text} {text} {mask}")
    assert other.examples("train")[0] == Example(f"Rain again. Rain again. {MASK}", ("bad",))
    with pytest.raises(BadRecipe, match=r"needs task\.classes: two labels or more, parted by commas, got 'good'"):
        load_task("classes", tmp_path, classes="good")
    with pytest.raises(BadData, match=r"line 1: 'label' must be good or worse, got \"bad\""):
        load_task("classes", tmp_path, classes="good,worse").examples("train")


def test_an_article_belongs_to_its_topic(tmp_path):
    for topic in ("business", "entertainment", "politics", "sport", "tech"):
        for number in range(3):
            one(tmp_path / topic, "jsonl", "train.jsonl", "{}")
            (tmp_path / topic / f"{number}.txt").write_text(f"Head {number}\n\nIt was {topic} {number}.\n")
    task = load_task("bbc-topics", tmp_path)
    assert task.splits == ("train", "dev", "test")
    assert Example(f"Head 0 . It was entertainment 0. This is about {MASK} .", ("film",)) in task.examples("test")
    assert {answer for example in task.examples("dev") for answer in example.references} == set(task.words)
    assert task.question == "", "an article has a headline, a text may have none"
    of_texts = load_task("bbc-topics", tmp_path, template="{text} It is {mask}")
    assert of_texts.question == f"{{source}} It is {MASK}"


def documents(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        sentences = [f"Here is the sentence {i} of text {number}." for i in range(6)]
        (folder / f"{number:02}.txt").write_text("Short. " + " ".join(sentences))
    return folder


def place(sentence: str) -> tuple[int, int]:
    """Which sentence of which text it is."""
    at, text = re.findall(r"\d+", sentence)[:2]
    return int(at), int(text)


def test_texts_ask_which_sentence_is_the_next(tmp_path):
    folder = documents(tmp_path, 30)
    task = load_task("pretext", folder, kind="pairs", size=300)
    assert [len(task.records(split)) for split in task.splits] == [300, 15]
    relation = {"no": 0, "maybe": 0, "yes": 0}
    for example in task.records("train"):
        (at, own), (other_at, other) = map(place, re.split(r"(?<=\.) ", example.source)[:2])
        assert example.source.endswith(f" {MASK} ."), "a decoder answers there, and must have read both"
        (answer,) = example.references
        relation[answer] += 1
        assert answer == ("no" if own != other else "yes" if other_at == at + 1 else "maybe")
    assert min(relation.values()) > 60
    both = [{place(example.source)[1] for example in task.records(split)} for split in task.splits]
    assert not both[0] & both[1], "a document of dev is in training"


def test_texts_ask_which_of_six_is_the_next(tmp_path):
    task = load_task("pretext", documents(tmp_path, 30), kind="choices", size=40)
    assert task.words == ("A", "B", "C", "D", "E", "F")
    for example in task.records("train"):
        first, _, listed = example.source.partition(" What comes next ? ")
        at, own = place(first)
        options = dict(zip(task.words, map(place, listed.split(" . ")[1:]), strict=True))
        assert options[example.references[0]] == (at + 1, own)
        assert [text for _, text in options.values()].count(own) == 2
    assert load_task("pretext", tmp_path, kind="choices", size=40).data_hash("train") == task.data_hash("train")


def test_the_words_of_a_task_that_texts_set_can_be_chosen(tmp_path):
    """For a masked model to whose tokenizer "maybe" is several tokens."""
    folder = documents(tmp_path, 30)
    usual, other = (load_task("pretext", folder, size=40, words=words) for words in ("", "no, so, yes"))
    assert other.words == ("no", "so", "yes")
    change = {"no": "no", "maybe": "so", "yes": "yes"}
    assert [(s, change[a]) for s, a in usual.pairs("train")] == other.pairs("train")
    with pytest.raises(BadRecipe, match="task.words must be one word for each of two, apart, next, parted by commas"):
        load_task("pretext", folder, words="no, yes")


def test_texts_that_set_no_task_are_told(tmp_path):
    with pytest.raises(UnknownName, match=r"unknown kind of pretext 'pair'\. Did you mean 'pairs'\?"):
        load_task("pretext", tmp_path, kind="pair")
    with pytest.raises(BadRecipe, match=r"task\.size must be at least 1, got 0"):
        load_task("pretext", tmp_path, size=0)
    documents(tmp_path, 3)
    with pytest.raises(BadData, match=r"3 text files of 4 sentences or more are in it, and at least 4 are needed"):
        load_task("pretext", tmp_path).examples("train")


def test_a_text_that_stands_there_twice_counts_twice(tmp_path):
    task = one(tmp_path, "sst2", "dev.tsv", "sentence\tlabel\ngood film\t1\ngood film\t0\ngood film\t1\n")
    assert [example.references for example in task.examples("test")] == [("great",), ("terrible",), ("great",)]
