"""Words and worked examples in front of a source: nothing is trained, and in decoder-only models they are a prefix."""

import json
import sys
from pathlib import Path

import pytest
from tests.tiny_models import spacing_tokenizer, tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, model_folder, tiny_recipe

import foreword
from foreword.backbone import Backbone
from foreword.backbone.wording import source_ids, target_ids, words_ids
from foreword.errors import BadRecipe
from foreword.generation import Decoding, answers, generate
from foreword.generation.rows import Asked, in_batches
from foreword.marks import MASK
from foreword.methods import Method
from foreword.methods.base.heads import Headed
from foreword.methods.p_tuning import PTuning
from foreword.methods.prompting import Prompting
from foreword.recipe import Recipe


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("place")
    for family in ("gpt2", "t5"):
        model_folder(folder / family, family)
    data_folder(folder / "data")
    return folder


def prompting_recipe(place: Path, family: str = "gpt2", **settings: object) -> Recipe:
    plain = tiny_recipe(place / family, place / "data", task={"max_target_len": 12}).to_dict()
    return Recipe.from_dict({**plain, "method": {"name": "prompting", **settings}})


def test_examples_stand_in_front_as_training_writes_pairs():
    backbone = tiny_backbone("gpt2")
    method = Prompting(backbone, "so {source}", num_examples=2, examples=TEXTS[:2])
    so = backbone.tokenizer(" so", add_special_tokens=False)["input_ids"]
    (one, two, asked), _ = source_ids(backbone, ["a1", "b2", "c3"], 99)
    (the_red, one_dog), _ = target_ids(backbone, ["the red", "one dog"], 99)
    assert method.arrange(asked) == [*so, *one, *the_red, *so, *two, *one_dog, *so, *asked]
    assert method.num_added == len(method.arrange(asked)) - len(asked)


def test_without_the_separator_a_decoder_reads_plain_text():
    """To GPT-2 the marker says that a document is over, so that a question in front of it is not its answer's."""
    backbone = tiny_backbone("gpt2")
    method = Prompting(backbone, "so {source}", num_examples=1, separator=False, examples=[("is it a", "y")])
    (asked,), _ = source_ids(backbone, ["is it b"], 99)
    plain = [*ids_of(backbone, " so is it a y"), *ids_of(backbone, "\n\n"), *ids_of(backbone, " so is it b")]
    assert method.arrange(asked) == plain
    assert method.num_added == len(plain) - len(asked)
    assert Prompting(backbone, separator=False).arrange(asked) == asked[:-1]
    again = Prompting.restored(backbone, method.export(), separator=False)
    assert (again.arrange(asked), again.prefix()) == (plain, None)
    with pytest.raises(BadRecipe, match=r"method\.separator=false is for decoder-only models, which .* is not"):
        Prompting(tiny_backbone("t5"), separator=False)


@pytest.mark.parametrize(("separator", "text"), [(False, "a dog"), (True, "a dog\n\nso it is\n\nup")])
def test_plain_text_ends_where_the_next_example_would_begin(monkeypatch, separator, text):
    """A model that was shown three goes on with a fourth of its own; behind the marker the end is learnt."""
    backbone = tiny_backbone("gpt2")
    written = ids_of(backbone, " a dog\n\nso it is\n\nup")
    monkeypatch.setattr(sys.modules["foreword.generation.answers"], "answer_ids", lambda *_: ([written], 0))
    method = Prompting(backbone, separator=separator)
    assert answers(backbone, ["is it"], method=method).texts == [text]
    again = Prompting.restored(backbone, method.export(), separator=separator)
    assert answers(backbone, ["is it"], method=again).texts == [text]


def test_an_answer_stands_in_its_place_in_an_encoders_text():
    backbone = tiny_backbone("bert")
    method = Prompting(backbone, "so {source}", num_examples=1, examples=[(f"is it {MASK} .", "y")])
    assert method.template.before == tuple(words_ids(backbone, "so is it y . so"))


@pytest.mark.parametrize("family", ["bert", "bart"])
def test_words_and_source_are_read_as_one_text(family):
    """To many tokenizers a word within a text and one at its start are two tokens."""
    backbone = spaced_backbone(family)
    whole = "say so : is it a cat ? in short :"
    assert read_by(Prompting(backbone, "say so : {source} in short :"), "is it a cat ?") == ids_of(backbone, whole)
    shown = Prompting(backbone, "note : {source} is", num_examples=2, examples=[("one hat", "yes"), ("two men", "no")])
    whole = "note : one hat is yes note : two men is no note : a dog is"
    assert read_by(shown, "a dog") == ids_of(backbone, whole)
    shown = Prompting(backbone, num_examples=1, examples=[("one hat", "yes")])
    assert read_by(shown, "a dog") == ids_of(backbone, "one hat yes a dog")
    assert read_by(Prompting(backbone, "{source} so"), "a dog") == ids_of(backbone, "a dog so"), "nothing is in front"


def test_a_headed_method_and_a_mix_of_words_and_vectors_read_so_too():
    backbone = spaced_backbone("bert")
    mixed = PTuning(backbone, "{soft:1} say {soft:1} {source} so", encoder="none")
    say, a, dog, so = ids_of(backbone, "say a dog so")
    assert read_by(mixed, "a dog") == [-1, say, -2, a, dog, so]
    assert read_by(PTuning(backbone, "{soft:1} {source}", encoder="none"), "a dog") == [-1, *ids_of(backbone, "a dog")]
    headed = Headed(Prompting(backbone, "say {source}"), 2)
    assert read_by(headed, "a dog") == ids_of(backbone, "say a dog")


def spaced_backbone(family: str) -> Backbone:
    backbone = tiny_backbone(family)
    return Backbone(backbone.model, spacing_tokenizer(), backbone.name)


def ids_of(backbone: Backbone, text: str) -> list[int]:
    return backbone.tokenizer(text, add_special_tokens=False)["input_ids"]


def read_by(method: Method, source: str) -> list[int]:
    """A source as generation reads it."""
    seen: list[int] = []
    asked = Asked([source], method=method)
    in_batches(method.backbone, asked, 1, 4, lambda texts, *_: [seen.extend(texts.ids[0].tolist())])
    return seen


def test_the_prompt_is_a_prefix():
    backbone = tiny_backbone("llama")
    method = Prompting(backbone, "so {source}", num_examples=2, examples=TEXTS[:2])
    prefix, decoding = method.prefix(), Decoding(max_new_tokens=8)
    assert prefix is not None
    sources = [source for source, _ in TEXTS]
    assert generate(backbone, sources, decoding, prefix) == answers(backbone, sources, decoding, method=method).texts
    assert Prompting(backbone, "{source} so").prefix() is None
    assert Prompting(backbone).prefix() is None


@pytest.mark.parametrize(("family", "separator"), [("gpt2", True), ("gpt2", False), ("t5", True)])
def test_a_run_of_it_takes_no_step_and_is_kept_with_its_examples(place, tmp_path, family, separator):
    tuned = foreword.train(prompting_recipe(place, family, num_examples=2, separator=separator), tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (run["state"]["step"], run["method"]["trained_parameters"]) == (0, 0)
    (place / "data" / "train.jsonl").rename(tmp_path / "train.jsonl")
    try:
        opened = foreword.open_run(tmp_path / "run")
        assert opened.generate(["a1", "b2"]) == tuned.generate(["a1", "b2"])
        assert opened.evaluate("test").texts == tuned.evaluate("test").texts
    finally:
        (tmp_path / "train.jsonl").rename(place / "data" / "train.jsonl")
    assert tuned.generate(["a1", "b2"]) != foreword.untouched(tuned.recipe).generate(["a1", "b2"])


def test_what_cannot_be_is_told(place, tmp_path):
    with pytest.raises(BadRecipe, match=r"method\.num_examples must be at most 7, the training pairs; got 9"):
        foreword.train(prompting_recipe(place, num_examples=9), tmp_path / "run")
    with pytest.raises(BadRecipe, match=r"\{soft\} is trained, and here nothing is: choose p-tuning"):
        prompting_recipe(place, template="{soft} {source}")
    with pytest.raises(BadRecipe, match=r"template must hold \{source\} once"):
        prompting_recipe(place, template="so")
