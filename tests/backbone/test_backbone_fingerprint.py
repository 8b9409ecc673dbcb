"""A fingerprint names the function a model computes: its weights and what decides how they are used, nothing else."""

import pytest
import torch
import transformers as hf
from tests.tiny_models import FAMILIES, GROUPED, IDS, text, tiny_backbone, tokenizer

from foreword.backbone import Backbone
from foreword.backbone.fingerprint import HASHED, model_fingerprint, sample, tokenizer_hash


@pytest.mark.parametrize("family", FAMILIES)
def test_one_model_has_one_fingerprint_in_float32_and_bfloat16_before_and_after_saving(tmp_path, family):
    backbone = tiny_backbone(family)
    model = backbone.model
    wanted = model_fingerprint(model)
    model.save_pretrained(tmp_path)
    assert model_fingerprint(type(model).from_pretrained(tmp_path)) == wanted
    assert model_fingerprint(type(model).from_pretrained(tmp_path, dtype=torch.bfloat16)) == wanted
    assert backbone.fingerprint == wanted
    assert model_fingerprint(model.bfloat16()) == wanted


@pytest.mark.parametrize("family", FAMILIES)
def test_the_fingerprint_does_not_change_when_the_model_becomes_a_backbone(family):
    torch.manual_seed(0)
    model = FAMILIES[family]()
    before = model_fingerprint(model)
    assert Backbone(model, tokenizer(), "mine").fingerprint == before


def test_what_does_not_change_the_function_does_not_change_the_fingerprint():
    model = tiny_backbone("llama").model
    before = model_fingerprint(model)
    model.config.use_cache = False
    model.config._name_or_path = "/somewhere/else"
    model.config.output_attentions = False
    model.set_attn_implementation("eager")
    model.config.architectures = ["AnotherName"]
    model.generation_config.max_new_tokens = 7
    assert model_fingerprint(model) == before


@pytest.mark.parametrize("setting", ["rope_theta", "rms_norm_eps", "hidden_act"])
def test_what_changes_the_function_changes_the_fingerprint(setting):
    model = tiny_backbone("llama").model
    before = model_fingerprint(model)
    if setting == "rope_theta":
        model.config.rope_parameters = {**model.config.rope_parameters, "rope_theta": 5e5}
    else:
        setattr(model.config, setting, {"rms_norm_eps": 1e-3, "hidden_act": "relu"}[setting])
    assert model_fingerprint(model) != before


@pytest.mark.parametrize("name", ["layers.2.mlp.down_proj", "layers.0.self_attn.q_proj", "layers.1.", "embed_tokens"])
def test_one_step_of_training_one_layer_changes_it(name):
    backbone = tiny_backbone("llama")
    before = model_fingerprint(backbone.model)
    trained = [p for n, p in backbone.model.named_parameters() if name in n]
    assert trained
    optimizer = torch.optim.AdamW([p.requires_grad_() for p in trained], lr=1e-3)
    backbone.logits(text([7, 61, 4, 12])).square().mean().backward()
    optimizer.step()
    assert model_fingerprint(backbone.model) != before


def test_weights_in_other_places_are_another_model():
    model = tiny_backbone("llama").model
    before = model_fingerprint(model)
    first, second = model.model.layers[0].mlp.up_proj.weight, model.model.layers[1].mlp.up_proj.weight
    first.data, second.data = second.data.clone(), first.data.clone()
    assert model_fingerprint(model) != before


@pytest.mark.parametrize("tied", [True, False])
def test_tied_and_untied_models_have_fingerprints(tmp_path, tied):
    torch.manual_seed(0)
    model = hf.LlamaForCausalLM(hf.LlamaConfig(**GROUPED, head_dim=16, tie_word_embeddings=tied))
    before = model_fingerprint(model)
    model.save_pretrained(tmp_path)
    assert model_fingerprint(hf.LlamaForCausalLM.from_pretrained(tmp_path)) == before
    with torch.no_grad():
        model.lm_head.weight[40:50] += 1
    assert model_fingerprint(model) != before


def test_weights_that_do_not_lie_in_one_piece_have_the_same_fingerprint():
    model = hf.GPT2LMHeadModel(hf.GPT2Config(**IDS, n_layer=1, n_embd=32, n_head=4))
    before = model_fingerprint(model)
    weight = dict(model.named_parameters())["transformer.h.0.mlp.c_fc.weight"]
    weight.data = weight.data.T.contiguous().T
    assert model_fingerprint(model) == before


def test_tokenizers_differ_by_their_words_and_by_how_they_cut():
    plain, larger, spaced = tokenizer(), tokenizer(), tokenizer()
    assert tokenizer_hash(plain) == tokenizer_hash(tokenizer())
    larger.add_tokens(["word"])
    spaced.backend_tokenizer.pre_tokenizer = None
    assert len({tokenizer_hash(t) for t in (plain, larger, spaced)}) == 3


def test_padding_and_fields_at_their_usual_value_are_no_other_model():
    """The bug: a config's every field counted, so a new release of transformers with one more made each model another."""
    backbone = tiny_backbone("gpt2")
    before = model_fingerprint(backbone.model)
    backbone.model.config.pad_token_id = 3
    backbone.model.config.scale_attn_weights = True
    assert model_fingerprint(backbone.model) == before
    backbone.model.config.scale_attn_weights = False
    assert model_fingerprint(backbone.model) != before


def test_one_row_of_a_large_vocabulary_that_moved_makes_another_model():
    """The bug: 1,024 numbers of each weight were read, so a few trained words of fifty thousand went unseen."""
    model = hf.GPT2LMHeadModel(hf.GPT2Config(vocab_size=40_000, n_positions=16, n_layer=1, n_embd=512, n_head=4))
    assert model.num_parameters() > HASHED
    before = model_fingerprint(model)
    with torch.no_grad():
        model.transformer.wte.weight[31_337] += 0.01
    assert model_fingerprint(model) != before


def test_a_bias_of_a_large_model_is_read_whole():
    assert sample(torch.arange(1000.0), every=437).tolist() == sample(torch.arange(1000.0), every=1).tolist()
    assert len(sample(torch.zeros(64, 1024), every=437)) == 1024
