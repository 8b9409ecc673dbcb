"""A formula's fused twin is the same function, and the same model."""

import pytest
import torch
from tests.tiny_models import gpt2, tokenizer
from transformers import GPT2Config
from transformers.activations import ACT2FN

from foreword.backbone import load_backbone
from foreword.backbone.activations import FUSED_TWINS, name_fused_activations
from foreword.backbone.fingerprint import model_fingerprint


@pytest.mark.parametrize("name", sorted(FUSED_TWINS))
def test_a_fused_activation_is_the_function_it_stands_for(name):
    x = torch.linspace(-12, 12, 4001)
    torch.testing.assert_close(ACT2FN[FUSED_TWINS[name]](x), ACT2FN[name](x), atol=1e-6, rtol=1e-5)


def test_only_settings_that_name_such_a_formula_change():
    config = GPT2Config(activation_function="gelu_new", summary_type="cls_index")
    name_fused_activations(config)
    assert (config.activation_function, config.summary_type) == ("gelu_pytorch_tanh", "cls_index")


def test_a_loaded_model_uses_the_fused_one_and_keeps_its_fingerprint(tmp_path):
    model = gpt2()
    assert model.config.activation_function == "gelu_new"
    model.save_pretrained(tmp_path)
    tokenizer().save_pretrained(tmp_path)
    backbone = load_backbone(str(tmp_path))
    assert backbone.model.config.activation_function == "gelu_pytorch_tanh"
    assert backbone.fingerprint == model_fingerprint(model)
