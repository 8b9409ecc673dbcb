"""A tag for each word: read from files, placed at each word's last token, learnt, read off, scored."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import model_folder, tiny_recipe

import foreword
from foreword.backbone import Backbone
from foreword.backbone.word_places import word_places
from foreword.backbone.wording import markers, source_ids
from foreword.errors import BadData, BadRecipe, UnsupportedBackbone
from foreword.generation import answers
from foreword.methods import build_method
from foreword.methods.prompt_tuning import Settings as PromptTuning
from foreword.metrics import score
from foreword.metrics.tags import spans
from foreword.recipe import Recipe
from foreword.tasks import Example, load_task

TAGS = "O,B-PER,I-PER,B-LOC"
SENTENCES = [
    (["ann", "sings", "in", "rye"], ["B-PER", "O", "O", "B-LOC"]),
    (["the", "hat", "of", "mister", "bo", "gray"], ["O", "O", "O", "B-PER", "I-PER", "I-PER"]),
    (["rye", "is", "far"], ["B-LOC", "O", "O"]),
]


def columns(sentences=SENTENCES) -> str:
    return "\n".join("".join(f"{w} x {t}\n" for w, t in zip(*sentence, strict=True)) for sentence in sentences)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory) -> Path:
    """Every split holds the same three sentences."""
    folder = tmp_path_factory.mktemp("tagged")
    for name in ("train", "valid", "test"):
        (folder / f"{name}.txt").write_text("-DOCSTART- x O\n\n" + columns())
    return folder


def tag_recipe(model: Path, data: Path, **changes: dict) -> Recipe:
    task = {"name": "tags", "path": str(data), "classes": TAGS, **changes.pop("task", {})}
    train = {"lr": 0.03, "max_steps": 120, "eval_every": 120, "log_every": 60, **changes.pop("train", {})}
    method = changes.pop("method", {"name": "p-tuning-v2", "prefix_len": 4})
    return tiny_recipe(model, data, task=task, method=method, train=train, eval={"metrics": []}, **changes)


def test_columns_and_json_lines_hold_the_same(tagged, tmp_path):
    lines = [json.dumps({"words": words, "tags": tags}) for words, tags in SENTENCES]
    (tmp_path / "test.jsonl").write_text("\n".join(lines))
    of_columns, of_lines = (load_task("tags", folder, classes=TAGS).examples("test") for folder in (tagged, tmp_path))
    assert [(e.source, e.references) for e in of_columns] == [(e.source, e.references) for e in of_lines]
    assert of_columns[0] == Example("ann sings in rye", ("B-PER O O B-LOC",))


def test_a_sentence_that_comes_back_is_another_example(tmp_path):
    (tmp_path / "test.conll").write_text(columns([SENTENCES[0], SENTENCES[0]]))
    assert len(load_task("tags", tmp_path, classes=TAGS).examples("test")) == 2


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("test.txt", "ann B-PER\nsings\n", r"test.txt, line 1: 2 words, and 1 tags\. Give each word one\."),
        ("test.txt", "ann B-ORG\n", r"a tag must be O or B-PER or I-PER or B-LOC \(task\.classes\), got \"B-ORG\"\."),
        (
            "test.jsonl",
            '{"words": "ann", "tags": ["O"]}',
            r"'words' must be a non-empty list of strings, got \"ann\"\.",
        ),
        ("test.jsonl", '{"words": ["a b"], "tags": ["O"]}', r"'words' must be strings without spaces, got \"a b\"\."),
        ("test.jsonl", '{"words": ["a"]}', r"'tags' must be a non-empty list of strings, got null\."),
        ("test.jsonl", "[1]", r"must be an object with words and tags, got \[1\]\."),
    ],
)
def test_faults_are_named_with_their_place(tmp_path, file, text, message):
    (tmp_path / file).write_text(text)
    with pytest.raises(BadData, match=message):
        load_task("tags", tmp_path, classes=TAGS).records("test")


def test_the_tags_must_be_named(tagged):
    with pytest.raises(BadRecipe, match=r"needs task\.classes: two tags or more, parted by commas, got 'O'\."):
        load_task("tags", tagged, classes="O")


@settings(deadline=None)
@given(st.lists(st.text("abcdeghilmnorsty.,", min_size=1, max_size=9), min_size=1, max_size=8), st.integers(0, 40))
def test_a_words_place_is_where_its_last_token_stands(words, num_cut):
    for family in ("gpt2", "bert", "scribe"):
        backbone = backbones(family)
        words = [f"{word}ß" for word in words] if family == "scribe" else words  # two tokens or more, by its bytes
        (whole,), _ = source_ids(backbone, [" ".join(words)], 10**6)
        (ids,), _ = source_ids(backbone, [" ".join(words)], max(len(whole) - num_cut, 8))
        places = word_places(backbone, " ".join(words), len(ids))
        assert places == sorted(set(places))
        begins = [markers(backbone)[0], *(place + 1 for place in places)]
        for word, begin, place in zip(words, begins, places, strict=False):
            assert str(backbone.tokenizer.decode(ids[begin : place + 1])).strip() == word
        assert len(places) == len(words) or len(ids) < len(whole)


LOADED: dict[str, Backbone] = {}


def backbones(family: str) -> Backbone:
    if family not in LOADED:
        LOADED[family] = Backbone.load("scribe") if family == "scribe" else tiny_backbone(family)
    return LOADED[family]


def test_a_tokenizer_that_keeps_no_places_is_refused():
    class Slow:
        is_fast = False

    backbone = tiny_backbone("bert")
    backbone.tokenizer = Slow()  # type: ignore[assignment]
    with pytest.raises(
        UnsupportedBackbone, match=r"does not say where its tokens stand, so no word can be given a tag"
    ):
        word_places(backbone, "a b", 4)


@pytest.mark.parametrize("family", ["bert", "gpt2"])
@pytest.mark.parametrize(
    "method",
    [
        {"name": "p-tuning-v2"},
        {"name": "prompt-tuning", "prompt_len": 3, "head": True},
        {"name": "full-finetuning", "head": True},
        {"name": "prompt-mixture", "num_prompts": 2, "prompt_len": 2, "head": True},
        {"name": "ipt", "num_tokens": 2, "head": True},
    ],
    ids=lambda method: method["name"],
)
def test_tags_are_learnt_and_read_off_again(tmp_path, tagged, family, method):
    rate = {"lr": 0.002 if method["name"] == "full-finetuning" else 0.03}
    recipe = tag_recipe(model_folder(tmp_path / "model", family), tagged, method=method, train=rate)
    tuned = foreword.train(recipe, tmp_path / "run")
    texts = ["ann sings in rye", "rye is far", "the hat of mister bo gray"]
    said = tuned.generate(texts)
    assert [len(line.split()) for line in said] == [4, 3, 6]
    assert [tuned.generate([text])[0] for text in texts] == said  # whoever stands beside it
    assert foreword.open_run(tmp_path / "run").generate(texts) == said
    result = tuned.evaluate("test")
    assert result.value("tag-accuracy") > 0.9
    assert result.value("span-f1") > 0.8


def test_every_tag_is_read_at_its_own_word(tagged):
    """Beside the slow way: each word's scores from a pass of its own."""
    for family in ("gpt2", "bert"):
        backbone = tiny_backbone(family)
        settings = PromptTuning.model_validate({"prompt_len": 3, "head": True})
        method = build_method(settings, backbone, seed=1, words=[None] * 4)
        with torch.no_grad():
            for parameter in method.trained_parameters().values():
                parameter.copy_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(2)))
        texts = [" ".join(words) for words, _ in SENTENCES]
        made = answers(backbone, texts, method=method, words=("a", "b", "c", "d"), per_word=True).texts
        for text, line in zip(texts, made, strict=True):
            (ids,), _ = source_ids(backbone, [text], 100)
            arranged = method.arrange(ids)
            one = backbone.texts_of(arranged)
            ahead = len(arranged) - len(ids)  # in front of the words, behind the marker that opens the text
            for place, letter in zip(word_places(backbone, text, len(ids)), line.split(), strict=True):
                hidden, _ = backbone.outputs(one, method.injection(one), torch.tensor([place + ahead]))
                assert "abcd"[int(method.read(hidden).argmax())] == letter


def test_words_that_a_limit_cuts_off_get_no_tag(tmp_path, tagged, capsys):
    recipe = tag_recipe(model_folder(tmp_path / "model"), tagged, task={"max_source_len": 8}, train={"max_steps": 2})
    tuned = foreword.train(recipe, tmp_path / "run")
    assert "sources are longer than 8 tokens and are cut at the end" in capsys.readouterr().err
    made = tuned.answers(["the hat of mister bo gray", "rye is far"])
    assert made.num_cut_sources >= 1
    assert len(made.texts[0].split()) < 6


@pytest.mark.parametrize("objective", ["sum", "token-mean"])
def test_a_batch_of_words_that_all_are_cut_off_is_a_batch_without_targets(tmp_path, objective):
    lines = [(["x" * 60, "is"], ["O", "O"]), (["up", "rye"], ["O", "B-LOC"])]
    for name in ("train", "valid", "test"):
        (tmp_path / f"{name}.txt").write_text(columns(lines))
    train = {"batch_size": 1, "objective": objective, "max_steps": 4}
    recipe = tag_recipe(model_folder(tmp_path / "model", "bert"), tmp_path, task={"max_source_len": 20}, train=train)
    tuned = foreword.train(recipe, tmp_path / "run")
    assert tuned.answers(["x" * 60]).texts == [""]


def test_a_decoder_without_a_layer_for_them_writes_the_tags(tmp_path, tagged):
    method = {"name": "prefix-tuning", "mlp_dim": 0, "prefix_len": 4}
    recipe = tag_recipe(
        model_folder(tmp_path / "model"), tagged, method=method, task={"max_target_len": 60}, train={"max_steps": 300}
    )
    tuned = foreword.train(recipe, tmp_path / "run")
    (line,) = tuned.generate(["ann sings in rye"], max_new_tokens=60)
    assert line.startswith("B-PER O")


@pytest.mark.parametrize(
    ("family", "method", "error", "message"),
    [
        ("bart", {"name": "p-tuning-v2"}, UnsupportedBackbone, r"which has no place for each word of a source"),
        ("gpt2", {"name": "infix-tuning", "head": True}, BadRecipe, r"an infix stands behind the source, where none of its words"),
        ("bert", {"name": "prefix-tuning"}, BadRecipe, r"only a trained layer can read a tag off each word"),
    ],
)  # fmt: skip
def test_what_cannot_tag_is_refused(tmp_path, tagged, family, method, error, message):
    recipe = tag_recipe(model_folder(tmp_path / "model", family), tagged, method=method)
    with pytest.raises(error, match=message):
        foreword.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O B-PER I-PER O", {(1, 2, "PER")}),
        ("B-PER B-PER", {(0, 0, "PER"), (1, 1, "PER")}),
        ("I-PER I-LOC", {(0, 0, "PER"), (1, 1, "LOC")}),
        ("B-PER O I-PER", {(0, 0, "PER"), (2, 2, "PER")}),
        ("NOUN NOUN O", {(0, 0, "NOUN"), (1, 1, "NOUN")}),
    ],
)
def test_spans_are_conllevals(tags, found):
    assert spans(tags.split()) == found


def test_scores_of_tags():
    """Of three spans one is found whole, one too short, one not; a word without a tag is wrong."""
    said = ["B-PER I-PER O B-LOC O", "O O"]
    wanted = [["B-PER I-PER O B-LOC I-LOC"], ["O O B-PER"]]
    scores = score(said, wanted, ["tag-accuracy", "span-f1"])
    assert scores["tag-accuracy"].value == pytest.approx(6 / 8)
    assert scores["span-f1"].value == pytest.approx(2 * 1 / (2 + 3))
    assert "of:words" in scores["tag-accuracy"].signature
    assert "scheme:bio" in scores["span-f1"].signature
