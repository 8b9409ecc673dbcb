"""Words and worked examples in front of a source: nothing is trained, and in decoder-only models they are a prefix."""

import json
from pathlib import Path

import pytest
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, model_folder, tiny_recipe

import foreword
from foreword.backbone.wording import source_ids, target_ids, words_ids
from foreword.errors import BadRecipe
from foreword.generation import Decoding, answers, generate
from foreword.marks import MASK
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


def test_an_answer_stands_in_its_place_in_an_encoders_text():
    backbone = tiny_backbone("bert")
    method = Prompting(backbone, "so {source}", num_examples=1, examples=[(f"is it {MASK} .", "y")])
    assert method.template.before == tuple(
        token for words in ("so", "is it y .", "so") for token in words_ids(backbone, words)
    )


def test_the_prompt_is_a_prefix():
    backbone = tiny_backbone("llama")
    method = Prompting(backbone, "so {source}", num_examples=2, examples=TEXTS[:2])
    prefix, decoding = method.prefix(), Decoding(max_new_tokens=8)
    assert prefix is not None
    sources = [source for source, _ in TEXTS]
    assert generate(backbone, sources, decoding, prefix) == answers(backbone, sources, decoding, method=method).texts
    assert Prompting(backbone, "{source} so").prefix() is None
    assert Prompting(backbone).prefix() is None


@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_a_run_of_it_takes_no_step_and_is_kept_with_its_examples(place, tmp_path, family):
    tuned = foreword.train(prompting_recipe(place, family, num_examples=2), tmp_path / "run")
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
