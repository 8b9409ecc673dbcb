"""LoRA: PEFT's matrices, put into the model whole."""

import sys

import pytest
import torch
from tests.tiny_models import tiny_backbone

from foreword.errors import BadRecipe, MissingTool, PrefixMismatch
from foreword.methods.lora import LoRA
from foreword.prefix.reparam import num_parameters


def test_gpt2s_one_matrix_for_queries_keys_and_values_gets_one_addition_a_layer():
    method = LoRA(tiny_backbone("gpt2"), rank=4)
    assert num_parameters(method.trained_parameters()) == 3 * 4 * (32 + 3 * 32)


def test_untrained_it_changes_nothing_and_the_backbone_is_counted_without_it():
    backbone = tiny_backbone("llama")
    texts, size = backbone.texts_of([5, 9, 23]), backbone.num_parameters
    with torch.no_grad():
        before = backbone.logits(texts)
        method = LoRA(backbone, rank=2, targets=["o_proj"])
        assert torch.equal(backbone.logits(texts), before)
    assert {p.dtype for p in method.trained_parameters().values()} == {torch.float32}
    assert backbone.num_parameters == size
    assert backbone.fingerprint_now != backbone.fingerprint
    assert not any(module.training for module in backbone.model.modules())


def test_its_dropout_is_at_work_in_training_and_nowhere_else():
    backbone = tiny_backbone("gpt2")
    texts = backbone.texts_of([5, 9, 23])
    method = LoRA(backbone, rank=2, dropout=0.5)
    assert method.draws
    with torch.no_grad():
        for name, matrix in method.trained_parameters().items():
            matrix.fill_(0.3 if "lora_B" in name else 0.1)
        assert torch.equal(backbone.logits(texts), backbone.logits(texts))
    one, other = backbone.logits(texts), backbone.logits(texts)
    assert not torch.equal(one, other)
    with torch.no_grad():
        assert torch.equal(backbone.logits(texts), backbone.logits(texts))
    assert not LoRA(tiny_backbone("gpt2")).draws


def test_what_it_cannot_do_is_told(monkeypatch):
    own = r"Its matrices are c_attn, c_fc, c_proj, lm_head\."
    for targets, reason in (
        (["q_proj"], r"it has no matrix 'q_proj'"),
        (["c_attn", "typo"], r"it has no matrix 'typo'"),
        (["ln_1"], r"transformer\.h\.0\.ln_1 is no matrix"),
    ):
        with pytest.raises(BadRecipe, match=rf"method\.targets: of tiny-gpt2, {reason}\. {own}"):
            LoRA(tiny_backbone("gpt2"), targets=targets)
    dotted, plain = (LoRA(tiny_backbone("gpt2"), targets=[name]) for name in ("attn.c_attn", "c_attn"))
    assert dotted.trained_parameters().keys() == plain.trained_parameters().keys()
    backbone = tiny_backbone("gpt2")
    with monkeypatch.context() as other_family:
        other_family.setattr(type(backbone.model.config), "model_type", "new")
        with pytest.raises(
            BadRecipe, match="method.targets must name the matrices to add to: PEFT has no usual ones for 'new'"
        ):
            LoRA(backbone)
    with pytest.raises(PrefixMismatch, match="not of tiny-gpt2 at these ranks and targets"):
        LoRA.restored(tiny_backbone("gpt2"), LoRA(tiny_backbone("gpt2"), rank=2).export(), rank=3)
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(MissingTool, match=r"method 'lora' needs the package peft.*pip install 'foreword\[lora\]'"):
        LoRA(tiny_backbone("gpt2"))


@pytest.mark.parametrize("family", ["gpt2", "llama", "t5"])
def test_the_output_layer_is_refused(family):
    """It is asked for some positions alone, which what PEFT puts around it does not know."""
    with pytest.raises(
        BadRecipe, match=r"method\.targets: lm_head is .*'s output layer, which is asked for some positions"
    ):
        LoRA(tiny_backbone(family), targets=["lm_head"])


@pytest.mark.parametrize(("family", "shared"), [("t5", "shared"), ("bart", "model.shared")])
def test_embeddings_that_encoder_and_decoder_hold_copies_of_are_refused(family, shared):
    """Nothing goes through them: they would never learn."""
    with pytest.raises(BadRecipe, match=rf"tiny-{family}'s {shared} reads nothing, .* Name those: embed_tokens\."):
        LoRA(tiny_backbone(family), targets=["shared"])
    assert LoRA(tiny_backbone("gpt2"), targets=["wte"]).trained_parameters()
