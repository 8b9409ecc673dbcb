"""Every method where classes are read off: it learns them, nothing else moves, and what is kept reads them off a fresh copy.

A masked model compares the classes' words; of any model a layer of the method's own can read them. A combination that makes no
sense is refused, with the reason.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import tiny_training

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair, source_ids
from foreword.errors import ForewordError
from foreword.generation import answers
from foreword.marks import MASK
from foreword.methods import Method, build_method, reader_of, restore_method
from foreword.recipe import MethodRecipe, Recipe, method_names
from foreword.training import checkpoint

WORDS = ("y", "n")
ASKED = [("a cat no", "y"), ("a dog up", "n"), ("one hat so", "y"), ("two men my", "n")]
# What each is told here, its learning rate, and the share of the first loss that it must come down to. What stands in front of a
# random model's text moves its answers to all texts alike: those methods learn here how frequent the answers are.
TOLD: dict[str, tuple[dict[str, Any], float, float]] = {
    "adapters": ({"bottleneck_dim": 8}, 0.01, 0.5),
    "adapters lin": ({"variant": "lin", "bottleneck_dim": 8}, 0.02, 0.5),
    "autoprompt": ({"template": "{soft:3} {source}", "num_candidates": 10}, 1.0, 0.98),
    "bias-only": ({}, 0.02, 0.9),
    "full-finetuning": ({}, 0.003, 0.5),
    "infix-tuning": ({"infix_len": 4, "mlp_dim": 0}, 0.1, 0.5),
    "ipt": ({"num_tokens": 2}, 0.1, 0.9),
    "ipt prefix": ({"num_tokens": 2, "base": "prefix"}, 0.1, 0.9),
    "ipt lstm": ({"num_tokens": 2, "encoder": "lstm"}, 0.03, 0.9),
    "ipt cnn": ({"num_tokens": 2, "encoder": "cnn"}, 0.03, 0.9),
    "ipt mlp": ({"num_tokens": 2, "encoder": "mlp"}, 0.03, 0.9),
    "linear-io": ({}, 0.01, 0.5),
    "lora": ({"rank": 4}, 0.02, 0.5),
    "p-tuning": ({}, 0.03, 0.9),
    "p-tuning-v2": ({"prefix_len": 4}, 0.05, 0.5),
    "prefix-tuning": ({"prefix_len": 4, "mlp_dim": 0}, 0.2, 0.7),
    "prompt-mixture": ({"num_prompts": 2, "prompt_len": 3}, 0.1, 0.9),
    "prompt-tuning": ({"prompt_len": 4}, 0.1, 0.9),
    "prompting": ({"template": "so {source}"}, 0.1, 0.9),
    "side-network": ({}, 0.01, 0.5),
    "top-layers": ({"num_layers": 1}, 0.01, 0.5),
    "warp": ({}, 0.05, 0.5),
}
MASKED = ["bert", "roberta"]
SEEDS = {"roberta": 5}  # of seed 0 it is random in such a way that the place of the answer hardly hears the text
NO_PLACE = "so there is no place between them"
REFUSED = {("infix-tuning", kind): f"tiny-{kind} writes no target, {NO_PLACE}" for kind in MASKED}
REFUSED |= {
    ("infix-tuning", kind): f"tiny-{kind} reads its source apart from .*, {NO_PLACE}" for kind in ("bart", "t5")
}
REFUSED |= {("bias-only", kind): f"tiny-{kind} has no biases to train" for kind in ("llama", "t5")}
REFUSED_WITH_A_LAYER = {"autoprompt": "the search finds words, and trains no layer beside them"}


def test_no_method_is_left_out():
    assert {way.split()[0] for way in TOLD} == set(method_names())


@pytest.mark.parametrize("family", MASKED)
@pytest.mark.parametrize("way", TOLD)
def test_it_learns_classes_on_a_masked_model(tmp_path, way, family):
    learns_and_is_kept(tmp_path, family, way, {}, REFUSED.get((way, family)))


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5", *MASKED])
@pytest.mark.parametrize("way", TOLD)
def test_a_layer_of_its_own_learns_them_on_any_model(tmp_path, way, family):
    refused = REFUSED_WITH_A_LAYER.get(way) or REFUSED.get((way, family))
    learns_and_is_kept(tmp_path, family, way, {"head": True}, refused)


def learns_and_is_kept(folder: Path, family: str, way: str, head: dict[str, bool], refused: str | None) -> None:
    arguments, lr, share = TOLD[way]
    backbone, fresh = (tiny_backbone(family, SEEDS.get(family, 0)) for _ in range(2))
    if refused:
        with pytest.raises(ForewordError, match=refused):
            built(backbone, way, head)
        return
    weights = [(where, weight, weight.detach().clone()) for where, weight in backbone.model.named_parameters()]
    recipe, method = built(backbone, way, head)
    sources = [f"{text} {MASK} ." for text, _ in ASKED]
    ids, _ = source_ids(backbone, sources, 99, method.words_in_front)
    numbers = [WORDS.index(word) for _, word in ASKED]
    pairs = [Pair(method.arrange(source), [number]) for source, number in zip(ids, numbers, strict=True)]
    most = 60
    steps = most if method.trained_parameters() else 0
    told = {"lr": lr, "total_steps": steps, "batch_size": 4, "log_every": most, "eval_every": most}
    training = tiny_training(
        backbone, method, folder, pairs=pairs, dev=pairs, reader=reader_of(backbone, method, WORDS), **told
    )
    untrained = training.mean_loss(training.dev_pairs)
    training.run()
    if steps:
        assert training.mean_loss(training.dev_pairs) < share * untrained

    trained = {id(parameter) for parameter in method.trained_parameters().values()}
    for where, weight, before in weights:
        assert id(weight) in trained or torch.equal(weight, before), f"{where} moved"

    kept = checkpoint.load(folder / "method.safetensors")[0]
    method.load(kept)
    restored = restore_method(recipe, fresh, kept, len(WORDS))
    said = read_off(backbone, sources, method)
    assert said == read_off(fresh, sources, restored)
    if share <= 0.5:
        assert said == [word for _, word in ASKED]


def built(backbone: Backbone, way: str, head: dict[str, bool]) -> tuple[MethodRecipe, Method]:
    """As a recipe's section asks for it."""
    recipe = Recipe.from_dict({"method": {"name": way.split()[0], **TOLD[way][0], **head}}).method
    return recipe, build_method(recipe, backbone, seed=0, **({"words": [None, None]} if recipe.head else {}))


def read_off(backbone: Backbone, sources: list[str], method: Method) -> list[str]:
    return answers(backbone, sources, method=method, words=WORDS).texts
