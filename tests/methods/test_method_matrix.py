"""Every method on every kind of backbone: it trains, nothing else moves, and what is kept runs on a fresh copy of the model.

A combination that makes no sense is refused, with the reason.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, log_lines, pairs_of, stopped_after, tiny_training

from foreword.backbone import Backbone
from foreword.backbone.wording import Pair
from foreword.errors import ForewordError
from foreword.generation import Decoding, answers, generate
from foreword.methods import Method, build_method, method_class
from foreword.recipe import method_names, section_of
from foreword.training import Training, checkpoint

KINDS = ["gpt2", "llama", "bart", "t5"]
# What each is told here, its learning rate, and the share of the first loss that it must come down to in 40 steps.
TOLD: dict[str, tuple[dict[str, Any], float, float]] = {
    "adapters": ({"bottleneck_dim": 16}, 0.01, 0.7),
    "adapters lin": ({"variant": "lin", "bottleneck_dim": 16}, 0.01, 0.7),
    "autoprompt": ({"template": "{soft:3} {source}", "num_candidates": 20}, 1.0, 1.0),
    "bias-only": ({}, 0.05, 0.9),
    "full-finetuning": ({}, 0.003, 0.5),
    "infix-tuning": ({"infix_len": 4, "prefix_len": 2, "mlp_dim": 0}, 0.2, 0.8),
    "ipt": ({"num_tokens": 3}, 0.1, 0.8),
    "ipt prefix": ({"num_tokens": 3, "base": "prefix"}, 0.1, 0.8),
    "ipt prefix lstm": ({"num_tokens": 3, "base": "prefix", "encoder": "lstm"}, 0.1, 0.9),
    "ipt cnn": ({"num_tokens": 3, "encoder": "cnn"}, 0.03, 0.9),
    "linear-io": ({}, 0.01, 0.8),
    "lora": ({"rank": 4}, 0.02, 0.8),
    "p-tuning": ({"template": "{soft:4} {source} so {soft:2}"}, 0.03, 0.9),
    "p-tuning mlp": ({"template": "{soft:4} {source}", "encoder": "mlp"}, 0.03, 0.9),
    "prefix-tuning": ({"prefix_len": 6, "mlp_dim": 0}, 0.2, 0.8),
    "prompt-mixture": ({"num_prompts": 3, "prompt_len": 4, "shares": "source"}, 0.3, 0.8),
    "prompt-tuning": ({"prompt_len": 8}, 0.3, 0.8),
    "prompt-tuning mlp": ({"prompt_len": 8, "mlp_dim": 16}, 0.03, 0.9),
    "prompting": ({"template": "so {source}"}, 0.1, 1.1),
    "side-network": ({"side_dim": 16}, 0.02, 0.8),
    "top-layers": ({"num_layers": 2}, 0.01, 0.5),
}
READS_CLASSES = {"p-tuning-v2", "warp"}  # test_class_matrix.py
NO_BIASES = "tiny-{} has no biases to train"
NO_PLACE_BETWEEN = "tiny-{} reads its source apart from the target, so there is no place between them"
REFUSED = {("bias-only", family): NO_BIASES.format(family) for family in ("llama", "t5")}
REFUSED |= {("infix-tuning", family): NO_PLACE_BETWEEN.format(family) for family in ("bart", "t5")}


def test_no_method_is_left_out():
    assert {variant.split()[0] for variant in TOLD} | READS_CLASSES == set(method_names())


@pytest.mark.parametrize("family", KINDS)
@pytest.mark.parametrize("variant", TOLD)
def test_it_trains_and_is_kept(tmp_path, variant, family):
    arguments, lr, share = TOLD[variant]
    name = variant.split()[0]
    backbone, fresh = tiny_backbone(family), tiny_backbone(family)
    if (name, family) in REFUSED:
        with pytest.raises(ForewordError, match=REFUSED[name, family]):
            build_method(section_of(name)(name=name, **arguments), backbone)
        return
    weights = [(where, weight, weight.detach().clone()) for where, weight in backbone.model.named_parameters()]
    method = build_method(section_of(name)(name=name, **arguments), backbone, seed=0)
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone, TEXTS[:3])]
    sources = [source for source, _ in TEXTS[:3]]
    steps = 40 if method.trained_parameters() else 0
    training = tiny_training(
        backbone, method, tmp_path, pairs=pairs, dev=pairs, lr=lr, total_steps=steps, eval_every=40
    )
    untrained = training.mean_loss(training.dev_pairs)
    training.run()
    if steps:
        dev_losses = [line["dev/loss"] for line in log_lines(tmp_path) if "dev/loss" in line]
        assert dev_losses[-1] < share * untrained, (untrained, dev_losses)

    trained = {id(parameter) for parameter in method.trained_parameters().values()}
    for weight_name, weight, before in weights:
        assert torch.equal(weight, before) != (id(weight) in trained), f"{weight_name}: moved, or should have"

    kept = checkpoint.load(tmp_path / "method.safetensors")[0]
    decoding = Decoding(max_new_tokens=12)
    method.load(kept)
    restored = method_class(name).restored(fresh, kept, **arguments)
    if backbone.kind == "decoder-only":
        gives_prefix = method_class(name).gives_prefix or variant == "p-tuning mlp"  # with nothing behind the source
        assert (restored.prefix() is not None) == gives_prefix
    texts = written(backbone, sources, decoding, method)
    assert texts == written(fresh, sources, decoding, restored)
    assert texts != generate(tiny_backbone(family), sources, decoding)


@pytest.mark.parametrize("variant", TOLD)
def test_stopped_and_gone_on_with_it_ends_the_same(tmp_path, variant):
    """The state of every method's training is in its checkpoint: numbers, optimizer, what is drawn."""
    arguments, lr, _ = TOLD[variant]
    name = variant.split()[0]

    def training(folder: Path) -> Training:
        backbone = tiny_backbone("gpt2")
        method = build_method(section_of(name)(name=name, **arguments), backbone, seed=0)
        pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(backbone, TEXTS[:3])]
        steps = 6 if method.trained_parameters() else 0
        return tiny_training(
            backbone, method, folder, pairs=pairs, lr=lr, total_steps=steps, save_every=0, lm_dropout=True
        )

    if training(tmp_path / "whole").run().step:
        stopped_after(training(tmp_path / "run"), 3)
    training(tmp_path / "run").run()
    kept, again = (load_file(tmp_path / run / "method.safetensors") for run in ("whole", "run"))
    assert set(kept) == set(again)
    assert all(torch.equal(kept[key], again[key]) for key in kept)


def written(backbone: Backbone, sources: list[str], decoding: Decoding, method: Method) -> list[str]:
    prefix = method.prefix()
    if prefix is not None:
        return generate(backbone, sources, decoding, prefix)
    return answers(backbone, sources, decoding, method=method).texts


def test_top_layers_are_those_nearest_the_output():
    bart = method_class("top-layers")(tiny_backbone("bart"), num_layers=1)
    assert {name.split(".")[:4][1] for name in bart.trained_parameters()} == {"decoder"}
    assert {name.split(".")[3] for name in bart.trained_parameters()} == {"2"}, "of three"
    t5 = method_class("top-layers")(tiny_backbone("t5"), num_layers=1)
    assert all(name.startswith("decoder.block.1.") for name in t5.trained_parameters())
    with pytest.raises(
        ForewordError, match=r"num_layers is 4, but tiny-gpt2 has 3 layers\. Set method\.num_layers=3 or"
    ):
        method_class("top-layers")(tiny_backbone("gpt2"), num_layers=4)


def test_two_layers_of_gpt2_medium_are_as_many_weights_as_the_lora_paper_counts():
    """25.19 M, from the paper's table 3: the norms in the layers count, the one above them does not."""
    method = method_class("top-layers")(tiny_backbone("gpt2"), num_layers=2)
    E, inner = 32, 128
    attention, mlp, norms = 4 * E * E + 4 * E, 2 * E * inner + inner + E, 4 * E
    assert sum(p.numel() for p in method.trained_parameters().values()) == 2 * (attention + mlp + norms)
    assert 2 * (12 * 1024**2 + 13 * 1024) == 25_192_448
