"""Prompts and prefixes that vote: each answers in one batch as it would alone, and the answer of the most counts."""

import json
import shutil
from collections import Counter

import pytest
from tests.test_understanding import class_recipe, data
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, data_folder, model_folder, prefix_method, tiny_recipe

import foreword
from foreword.errors import BadRecipe, PrefixMismatch, RunError
from foreword.generation import Decoding, answers
from foreword.marks import MASK
from foreword.methods import Voting, build_method, majority
from foreword.methods.p_tuning import PTuning
from foreword.methods.prompt_tuning import PromptTuning
from foreword.recipe import section_of
from foreword.tuned import voting

__all__ = ["data"]  # the fixture
SOURCES = [source for source, _ in TEXTS]


def test_the_answer_of_the_most_counts_and_of_as_many_the_earliest():
    assert majority(["b", "a", "a"]) == "a"
    assert majority(["b", "a", "c"]) == "b"
    assert majority(["c", "b", "b", "a", "a"]) == "b"


def members_of(family, how):
    backbone = tiny_backbone(family)
    if how == "prefixes":
        return backbone, [prefix_method(backbone, prefix_len=length, seed=length) for length in (2, 5, 3)]
    if how == "prompts":
        return backbone, [PromptTuning(backbone, 3, init="random", seed=seed) for seed in range(3)]
    return backbone, [PTuning(backbone, "so {soft:2} {source} {soft:1}", "none", seed=seed) for seed in range(3)]


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5"])
@pytest.mark.parametrize("how", ["prefixes", "prompts", "template"])
@pytest.mark.parametrize("beams", [1, 2])
def test_members_answer_in_one_batch_as_each_alone(family, how, beams):
    backbone, members = members_of(family, how)
    decoding = Decoding(max_new_tokens=2, batch_size=3, beams=beams)
    alone = []
    for member in members:
        prefix = member.prefix()
        alone.append(answers(backbone, SOURCES, decoding, prefix, method=None if prefix else member).texts)
    voted = answers(backbone, SOURCES, decoding, method=Voting(members)).texts
    assert voted == [majority(said) for said in zip(*alone, strict=True)]
    assert any(Counter(said).most_common(1)[0][1] < 3 for said in zip(*alone, strict=True)), (
        "all agree: nothing is seen"
    )


def test_what_cannot_stand_in_one_batch_is_told():
    backbone, (first, *_) = members_of("gpt2", "template")
    message = (
        r"only prefixes, or prompts of one template, stand in one batch to vote; these are of PTuning, PrefixTuning"
    )
    with pytest.raises(BadRecipe, match=message):
        Voting([first, prefix_method(backbone)])
    told = section_of("prompt-tuning").model_validate({"name": "prompt-tuning", "prompt_len": 2, "head": True})
    with pytest.raises(
        BadRecipe, match=r"with a layer for the classes \(method\.head\) do not vote with runs that have none"
    ):
        Voting([build_method(told, backbone, words=[None] * 2), first])
    v2 = section_of("p-tuning-v2").model_validate({"name": "p-tuning-v2"})
    with pytest.raises(BadRecipe, match=r"these are of PTuningV2\. Score them apart"):
        Voting([build_method(v2, backbone, words=[None] * 2, seed=seed) for seed in range(2)])
    with pytest.raises(BadRecipe, match=r"these are of PTuning\. Score them apart"):
        Voting([first, PTuning(backbone, "{soft:3} {source}", "none")])


@pytest.mark.parametrize("family", ["bert", "gpt2", "bart"])
@pytest.mark.parametrize(
    "method",
    [{"name": "prefix-tuning", "prefix_len": 3}, {"name": "prompt-tuning", "prompt_len": 3}, {"name": "warp"}],
    ids=["prefix", "prompt", "warp"],
)
def test_members_with_layers_of_their_own_answer_in_one_batch_as_each_alone(family, method):
    """Each one's rows are read by its own layer."""
    backbone = tiny_backbone(family)
    told = section_of(method["name"]).model_validate({**method, "head": True})
    members = [build_method(told, backbone, words=[None] * 3, seed=seed) for seed in range(3)]
    decoding, words = Decoding(batch_size=3), ("a", "b", "c")
    sources = [f"{source} {MASK}" if family == "bert" else source for source in SOURCES]
    alone = [answers(backbone, sources, decoding, method=member, words=words).texts for member in members]
    voted = answers(backbone, sources, decoding, method=Voting(members), words=words).texts
    assert voted == [majority(said) for said in zip(*alone, strict=True)]
    assert len({tuple(said) for said in alone}) > 1, "all agree: nothing is seen"


@pytest.mark.parametrize("family", ["bert", "gpt2"])
@pytest.mark.parametrize(
    "method", [{}, {"name": "prompt-tuning", "prompt_len": 3, "head": True}], ids=["words", "layer"]
)
def test_runs_vote_on_classes(tmp_path, data, family, method):
    model, folders = model_folder(tmp_path / "model", family), []
    for seed in range(3):
        recipe = class_recipe(model, data, method=method, train={"max_steps": 30, "seed": seed})
        foreword.train(recipe, tmp_path / f"run{seed}")
        folders.append(tmp_path / f"run{seed}")
    alone = [foreword.open_run(folder).evaluate("test").texts for folder in folders]
    together = voting(folders, out=tmp_path / "vote")
    assert together.evaluate("test").texts == [majority(said) for said in zip(*alone, strict=True)]
    kept = json.loads((tmp_path / "vote" / "result-test.json").read_text())
    assert kept["method"]["name"] == "vote"
    assert kept["method"]["runs"] == [str(folder) for folder in folders]
    one = json.loads((folders[0] / "run.json").read_text())["method"]["stored_parameters"]
    assert kept["method"]["stored_parameters"] == 3 * one


@pytest.mark.parametrize(
    "asked", [{"words": "n, y"}, {"template": "{premise} so {hypothesis} {mask}"}], ids=["words", "template"]
)
def test_runs_that_answer_other_questions_do_not_vote(tmp_path, data, asked):
    model = model_folder(tmp_path / "model")
    for name, task in (("a", {}), ("b", asked)):
        foreword.train(class_recipe(model, data, task=task, train={"max_steps": 1}), tmp_path / name)
    with pytest.raises(
        BadRecipe, match=r"b is of another task than .*a, or has other words or another template for it"
    ):
        voting([tmp_path / "a", tmp_path / "b"])


def test_runs_that_do_not_belong_together_are_told(tmp_path):
    data_folder(tmp_path / "data")
    for name, seed in (("a", 0), ("b", 1)):
        recipe = tiny_recipe(
            model_folder(tmp_path / f"model-{name}", seed=seed), tmp_path / "data", train={"max_steps": 1}
        )
        foreword.train(recipe, tmp_path / name)
    with pytest.raises(RunError, match=r"a vote needs at least two runs, got 1\. Give their folders"):
        voting([tmp_path / "a"])
    with pytest.raises(PrefixMismatch, match=r"the run in .*/b is not of the model of .*/a, .*\. Score it apart"):
        voting([tmp_path / "a", tmp_path / "b"])
    shutil.copytree(tmp_path / "a", tmp_path / "c")
    record = json.loads((tmp_path / "c" / "run.json").read_text())
    (tmp_path / "c" / "run.json").write_text(json.dumps({**record, "tokenizer_hash": "another"}))
    with pytest.raises(PrefixMismatch, match=r"the run in .*/c is not of the model of .*/a"):
        voting([tmp_path / "a", tmp_path / "c"])
    with pytest.raises(RunError, match=r"a holds a run\. Choose another --out for the vote's results"):
        voting([tmp_path / "a", tmp_path / "a"], out=tmp_path / "a")
