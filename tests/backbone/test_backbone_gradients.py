"""Training: every layer of every site gets a gradient, the frozen model none; with activations kept or computed again."""

import pytest
import torch
from tests.tiny_models import FAMILIES, close, pair, random_prefix, text, tiny_backbone, tokenizer
from torch.nn.functional import cross_entropy
from transformers import CTRLConfig, CTRLLMHeadModel, GenerationConfig

from foreword.backbone import Backbone
from foreword.errors import UnsupportedBackbone
from foreword.prefix import Injection, Prefix, PrefixBank, PrefixShape
from foreword.prefix.reparam import parameterize

SOURCE, TARGET = text([7, 61, 4, 12, 8], [None, None, 5, 9, 2]), text([33, 41, 8, 14], [3, 20, 6, None])


def batch_for(backbone):
    return pair(SOURCE, TARGET) if backbone.kind == "encoder-decoder" else SOURCE


def loss_of(backbone, injection):
    texts = batch_for(backbone)
    ids, mask = (texts.ids, texts.mask) if texts.decoder_ids is None else (texts.decoder_ids, texts.decoder_mask)
    assert mask is not None
    logits = backbone.logits(texts, injection)
    return cross_entropy(logits[:, :-1][mask[:, 1:]], ids[:, 1:][mask[:, 1:]])


def leaves(prefix):
    """The prefix as leaves that gather gradients."""
    return Prefix.from_tensors({name: t.clone().requires_grad_() for name, t in prefix.tensors().items()})


def gradients(backbone, prefix):
    trained = leaves(prefix)
    loss_of(backbone, Injection.of(trained)).backward()
    return {name: gradient_of(t) for name, t in trained.tensors().items()}


def gradient_of(tensor):
    assert tensor.grad is not None
    return tensor.grad


@pytest.mark.parametrize("family", FAMILIES)
def test_every_layer_of_every_site_gets_a_gradient(family):
    backbone = tiny_backbone(family)
    for name, gradient in gradients(backbone, random_prefix(backbone, 3)).items():
        for layer, part in enumerate(gradient):
            assert torch.isfinite(part).all(), (name, layer)
            assert (part.abs().amax(dim=(1, 2)) > 0).all(), f"{name}, layer {layer}: a head learns nothing"


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_gradients_are_those_of_small_changes(family):
    backbone = tiny_backbone(family)
    prefix = random_prefix(backbone, 2)
    got = gradients(backbone, prefix)
    for name, tensor in prefix.tensors().items():
        direction = torch.randn(tensor.shape, generator=torch.Generator().manual_seed(1))
        moved = [Prefix.from_tensors({**prefix.tensors(), name: tensor + step * direction}) for step in (1e-2, -1e-2)]
        up, down = (loss_of(backbone, Injection.of(p)).item() for p in moved)
        assert (got[name] * direction).sum().item() == pytest.approx((up - down) / 2e-2, rel=5e-2, abs=3e-4)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("mlp_dim", [0, 6])
def test_training_a_prefix_moves_no_parameter_of_the_model(family, mlp_dim):
    backbone = tiny_backbone(family)
    assert not any(m.training for m in backbone.model.modules())
    before = {name: p.clone() for name, p in backbone.model.named_parameters()}
    method = parameterize(backbone_shape(backbone, 3), mlp_dim, torch.Generator().manual_seed(0))
    optimizer, losses = torch.optim.Adam(method.parameters(), lr=0.05), []
    for _ in range(3):
        loss = loss_of(backbone, Injection.of(method()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in method.parameters())
    for name, parameter in backbone.model.named_parameters():
        assert parameter.grad is None, name
        assert torch.equal(parameter, before[name]), f"{name} moved"


def backbone_shape(backbone, prefix_len):
    return PrefixShape(prefix_len, backbone.sites, backbone.hidden_size)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_folded_prefix_gives_the_logits_of_its_mlp(family):
    backbone = tiny_backbone(family)
    method = parameterize(backbone_shape(backbone, 3), 6, torch.Generator().manual_seed(0))
    with torch.no_grad():
        texts = batch_for(backbone)
        close(backbone.logits(texts, Injection.of(method.fold())), backbone.logits(texts, Injection.of(method())))


@pytest.mark.parametrize("family", FAMILIES)
def test_activations_computed_again_give_the_same_gradients(family):
    backbone = tiny_backbone(family)
    prefix = random_prefix(backbone, 3)
    kept, calls = gradients(backbone, prefix), count_layer_calls(backbone)
    gradients(backbone, prefix)
    once = len(calls)
    backbone.checkpointing(True)
    again = gradients(backbone, prefix)
    assert len(calls) == 3 * once, "every layer must have run a second time, in the backward pass"
    for name, gradient in again.items():
        assert torch.equal(gradient, kept[name]), name
    assert not any(m.training for m in backbone.model.modules()), "dropout would be on"
    backbone.checkpointing(False)
    gradients(backbone, prefix)
    assert len(calls) == 4 * once


def count_layer_calls(backbone):
    """A list that grows with each pass through an attention module."""
    calls = []
    for module in backbone.model.modules():
        if hasattr(module, "foreword_site"):
            module.register_forward_pre_hook(lambda *_: calls.append(1))
    return calls


def test_a_pass_computed_again_finds_the_injection_it_had_although_another_came_since():
    backbone = tiny_backbone("gpt2")
    one, other = random_prefix(backbone, 3), random_prefix(backbone, 2, seed=1)
    wanted = gradients(backbone, one)
    backbone.checkpointing(True)
    trained = leaves(one)
    loss = loss_of(backbone, Injection.of(trained))
    with backbone.injected(Injection.of(other)):
        loss.backward()
    for name, tensor in trained.tensors().items():
        assert torch.equal(gradient_of(tensor), wanted[name]), name


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_mixed_batch_can_be_trained_with_activations_computed_again(family):
    backbone = tiny_backbone(family)

    def mixed():
        rows = [leaves(random_prefix(backbone, length, seed)) for seed, length in enumerate((1, 3))]
        loss_of(backbone, PrefixBank(rows).rows([0, 1])).backward()
        return [gradient_of(t) for row in rows for t in row.tensors().values()]

    kept = mixed()
    assert all(g.abs().sum() > 0 for g in kept)
    backbone.checkpointing(True)
    assert all(torch.equal(a, b) for a, b in zip(kept, mixed(), strict=True))


def test_generation_works_while_layers_recompute():
    backbone = tiny_backbone("llama")
    prefix = Injection.of(random_prefix(backbone, 3))
    config = GenerationConfig(max_new_tokens=4, min_new_tokens=4, do_sample=False, pad_token_id=0, eos_token_id=1)
    wanted = backbone.generate(SOURCE, config, prefix)
    backbone.checkpointing(True)
    assert torch.equal(backbone.generate(SOURCE, config, prefix), wanted)
    backbone.checkpointing(True)
    backbone.checkpointing(False)
    assert torch.equal(backbone.generate(SOURCE, config, prefix), wanted)


def test_a_model_without_layers_that_can_recompute_says_so_when_asked_to_only():
    torch.manual_seed(0)
    model = CTRLLMHeadModel(CTRLConfig(vocab_size=97, n_embd=32, n_layer=2, n_head=4, dff=64, pad_token_id=0))
    backbone = Backbone(model, tokenizer(), "mine")
    backbone.checkpointing(False)
    with pytest.raises(
        UnsupportedBackbone, match="mine has no layers that can recompute; train it without checkpointing"
    ):
        backbone.checkpointing(True)
