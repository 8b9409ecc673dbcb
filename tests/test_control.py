"""Texts of a wanted class: a labelled task turned round, and a classifier trained here that says whether they obey."""

import json

import pytest
from tests.tiny_runs import model_folder, tiny_recipe

import foreword
from foreword.errors import BadRecipe, RunError
from foreword.tasks import Example, load_task
from foreword.tasks.labelled import Labelled

LINES = [("aaa bab", "good"), ("aba aab", "good"), ("xyx yxx", "bad"), ("yyx xyy", "bad")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A model, labelled texts, a classifier of them, and a run that writes them."""
    folder = tmp_path_factory.mktemp("place")
    model = model_folder(folder / "model")
    lines = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in LINES)
    for split in ("train", "dev", "test"):
        (folder / f"{split}.jsonl").write_text(lines)
    common = {"path": str(folder), "classes": "good, bad", "words": "g, b", "max_target_len": 16}
    reading = {"name": "classes", "template": "{text} {mask}", **common}
    train = {"max_steps": 150, "lr": 0.1, "batch_size": 4, "eval_every": 150}
    method = {"prefix_len": 6, "mlp_dim": 0}
    foreword.train(
        tiny_recipe(model, folder, task=reading, method=method, train=train, eval={"metrics": ["accuracy"]}),
        folder / "judge",
    )
    writing = {"name": "control", "of": "classes", **common}
    foreword.train(tiny_recipe(model, folder, task=writing, method=method, train=train), folder / "writer")
    return folder


def test_the_class_is_read_and_the_text_is_written(place):
    task = load_task("control", place, of="classes", classes="good, bad", words="g, b")
    assert task.records("test") == [
        Example({"good": "g", "bad": "b"}[label], (text,), label[0]) for text, label in LINES
    ]


def test_the_classifier_says_how_many_texts_obey(place):
    judge = foreword.open_run(place / "judge")
    assert judge.evaluate("test").value("accuracy") == 1.0
    result = foreword.open_run(place / "writer", [f"eval.classifier={place}/judge"]).evaluate("test")
    assert isinstance(judge.task, Labelled)
    verdicts = judge.answers([judge.task.asking(text) for text in result.texts]).texts
    right = [said == example.group for said, example in zip(verdicts, result.examples, strict=True)]
    assert judge.generate(result.texts) == verdicts, "a plain text is asked about as the task asks"
    assert result.value("control") == sum(right) / len(right)
    of_g = [hit for hit, example in zip(right, result.examples, strict=True) if example.group == "g"]
    assert result.value("control", "g") == sum(of_g) / len(of_g)
    assert len(result.examples) == len(LINES), "a text for each record, though only two classes are asked for"
    assert set(result.scores) == {"all", "g", "b"}


def test_a_classifier_that_cannot_judge_is_told(place):
    with pytest.raises(
        BadRecipe, match=r"eval\.classifier: .*writer is a run of task 'control', which has no classes of texts"
    ):
        foreword.open_run(place / "writer", [f"eval.classifier={place}/writer"]).evaluate("test")


def test_a_classifier_that_is_not_there_is_told_before_anything_is_written(place, monkeypatch):
    monkeypatch.setattr("foreword.tuned.evaluate_as", lambda *_, **__: pytest.fail("a whole split was answered first"))
    with pytest.raises(RunError, match="nowhere holds no run"):
        foreword.open_run(place / "writer", [f"eval.classifier={place}/nowhere"]).evaluate("test")


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"of": "cb"}, r"task\.of must be one of agnews, imdb, sst2, classes, got 'cb'"),
        ({"of": "agnews"}, r"task\.field must be one of headline, text, got ''"),
        ({"of": "sst2", "field": "text"}, r"task\.field must be one of sentence, got 'text'"),
    ],
)
def test_what_cannot_be_turned_round_is_told(tmp_path, told, message):
    with pytest.raises(BadRecipe, match=message):
        load_task("control", tmp_path, **told)


def test_a_task_of_two_texts_cannot_ask_about_one(tmp_path):
    (tmp_path / "val.jsonl").write_text("{}")
    task = load_task("rte", tmp_path)
    assert isinstance(task, Labelled)
    with pytest.raises(BadRecipe, match=r"task 'rte' asks about premise and hypothesis, not about one text"):
        task.asking("a")
