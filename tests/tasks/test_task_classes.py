"""Tasks whose answers are classes: read from their own formats, told as a text with a place for the answer."""

import json
from pathlib import Path

import pytest

from foreword.errors import BadData, BadRecipe
from foreword.marks import MASK
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
    assert examples == [
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
        ("multirc", "val.jsonl", '{"passage": "p"}', r"line 1: 'passage' must be a dict, got \"p\""),
        ("multirc", "val.jsonl", '{"passage": {"questions": [{"answers": [{}]}]}}', r"line 1: 'text' must be a str, got null"),
        ("sst2", "dev.tsv", "text\tlabel\na\t1\n", r"dev\.tsv, line 1: the columns must be sentence and label, got text, label"),
        ("agnews", "test.csv", "3,a\n", r"test\.csv, line 1: 2 fields where there must be 3: class, headline, text"),
    ],
)  # fmt: skip
def test_a_bad_record_is_told(tmp_path, name, file, text, message):
    with pytest.raises(BadData, match=message):
        one(tmp_path, name, file, text).examples("test")


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


@real
def test_multircs_answers_are_in_the_units_of_their_questions():
    records = load_task("multirc", SHARED / "fewglue_32dev" / "MultiRC").records("test")
    assert (len(records), len({record.unit for record in records})) == (4848, 953)
