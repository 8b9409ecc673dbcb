"""Layers and the places where their parts join are found in every family, by running the model once."""

from typing import Any

import pytest
import torch
from tests.tiny_models import ENCODER_DECODER, FAMILIES, tiny_backbone

JOINS = {
    "gpt2": ("transformer.h.{}", ["attn.c_proj", "mlp.c_proj"]),
    "llama": ("model.layers.{}", ["self_attn.o_proj", "mlp.down_proj"]),
    "opt": ("model.decoder.layers.{}", ["self_attn.out_proj", "fc2"]),
    "gpt_neox": ("gpt_neox.layers.{}", ["attention.dense", "mlp.dense_4h_to_h"]),
    "bert": ("bert.encoder.layer.{}", ["attention.output.dense", "output.dense"]),
    "bart": ("model.decoder.layers.{}", ["self_attn.out_proj", "encoder_attn.out_proj", "fc2"]),
    "t5": ("decoder.block.{}", ["layer.0.SelfAttention.o", "layer.1.EncDecAttention.o", "layer.2.DenseReluDense.wo"]),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_joins_after_each_attention_and_at_its_end(family):
    backbone = tiny_backbone(family)
    wanted = {"encoder": 2, "decoder": 3 if family in ENCODER_DECODER else 2}
    for stack, layers in backbone.stacks.items():
        assert len(layers) == backbone.sites[stack].num_layers
        assert all(len(layer.joins) == wanted[stack] for layer in layers)
        assert all(1 < len(layer.norms) < 6 for layer in layers)
        assert len({id(join) for layer in layers for join in layer.joins}) == wanted[stack] * len(layers)


@pytest.mark.parametrize("family", JOINS)
def test_the_joins_are_the_projections_that_a_reader_of_the_model_would_name(family):
    backbone = tiny_backbone(family)
    layer_name, joins = JOINS[family]
    layers = backbone.stacks["encoder" if family == "bert" else "decoder"]
    assert [layer.name for layer in layers] == [layer_name.format(number) for number in range(len(layers))]
    for layer in layers:
        names = {module: name for name, module in layer.module.named_modules()}
        assert [names[join] for join in layer.joins] == joins


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "gpt_neox", "t5"])
def test_with_silent_joins_every_layer_hands_on_what_it_was_given(family):
    backbone = tiny_backbone(family)
    stack = backbone.stacks["decoder"]
    handed_on: list[torch.Tensor] = []

    def note(layer, given, out: Any) -> None:
        handed_on.append(out if isinstance(out, torch.Tensor) else out[0])

    def silent(part, given, out: Any) -> torch.Tensor:
        return torch.zeros_like(out)

    for layer in stack:
        layer.module.register_forward_hook(note)
        for join in layer.joins:
            join.register_forward_hook(silent)
    with torch.no_grad():
        backbone.logits(backbone.texts_of([5, 9, 23, 7]))
    assert len(handed_on) == len(stack)
    assert all(torch.equal(one, handed_on[0]) for one in handed_on)
