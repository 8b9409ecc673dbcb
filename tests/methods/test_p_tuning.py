"""Templates: words, vectors and the source stand as they are written; a prompt in front of it all is a prefix."""

import pytest
import torch
from tests.tiny_models import close, tiny_backbone
from tests.tiny_runs import TEXTS

from foreword.errors import BadRecipe
from foreword.generation import Decoding, answers, generate
from foreword.methods.base.template import Template
from foreword.methods.p_tuning import PTuning
from foreword.recipe import Recipe


def test_words_and_vectors_stand_as_they_are_written():
    backbone = tiny_backbone("gpt2")
    one = backbone.tokenizer(" one", add_special_tokens=False)["input_ids"]
    template = Template.of("{soft:2} one {source}{soft}", backbone)
    assert template.around([30, 31, 1]) == [-1, -2, *one, 30, 31, -3, 1], (
        "the marker that ends a source stays at the end"
    )
    assert template.length == 7


def test_an_encoders_own_markers_stay_outermost(monkeypatch):
    assert Template((-1,), (-2,), (1, 1)).around([2, 30, 31, 3]) == [2, -1, 30, 31, -2, 3]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{soft}", r"template must hold \{source\} once, got '\{soft\}'"),
        ("{source} {soft} {source}", r"template must hold \{source\} once"),
        ("{source} {sift:3}", r"template may hold \{source\}, \{soft\} and \{soft:3\}, got \{sift:3\} in"),
        ("{source} {soft:0}", r"template may hold .*, got \{soft:0\} in"),
    ],
)
def test_a_template_that_cannot_be_read_is_told(template, message):
    with pytest.raises(BadRecipe, match=f"method: {message}"):
        Recipe.from_dict({"method": {"name": "p-tuning", "template": template}})


@pytest.mark.parametrize("encoder", ["lstm", "mlp", "none"])
def test_words_and_vectors_in_front_are_one_prefix(encoder):
    backbone = tiny_backbone("llama")
    method = PTuning(backbone, "{soft:2} the dog {soft:3} {source}", encoder, seed=2)
    prefix = method.prefix()
    assert prefix is not None
    assert prefix.prefix_len == 2 + len(" the dog") + 3
    sources = [source for source, _ in TEXTS]
    decoding = Decoding(max_new_tokens=10)
    assert generate(backbone, sources, decoding, prefix) == answers(backbone, sources, decoding, method=method).texts
    assert PTuning(backbone, "{source} {soft:3}", encoder).prefix() is None, "what stands behind the source sees it"


def test_the_encoder_is_dropped_after_training():
    backbone = tiny_backbone("gpt2")
    method = PTuning(backbone, "{soft:4} {source}")
    before = method.injection().vectors
    method.load(method.export())
    after = method.injection().vectors
    assert before is not None
    assert after is not None
    close(after, before)
    assert sum(p.numel() for p in method.trained_parameters().values()) == 4 * 32


def test_vectors_draw_from_the_seed_alone():
    backbone = tiny_backbone("gpt2")
    state = torch.get_rng_state()
    one, same, other = (PTuning(backbone, seed=seed).export()["vectors"] for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.get_rng_state(), state)
