"""Soft prompts are looked into where they are no prefix too: behind an encoder, on masked models, beside a layer for classes."""

import pytest
import torch
from tests.test_understanding import class_recipe, data
from tests.tiny_models import FAMILIES, sharpened, tiny_backbone
from tests.tiny_runs import data_folder, model_folder, tiny_recipe
from torch.testing import assert_close

import foreword
from foreword.backbone.wording import Pair, decoder_opening
from foreword.inspection import PAGE, look, write_inspection
from foreword.inspection.trial import Trial, without_vector
from foreword.prefix import Injection

__all__ = ["data"]  # the fixture
PROMPT = {"name": "prompt-tuning", "prompt_len": 3, "init": "words", "init_words": "so"}
WORDS, TEXT = [5, 9], [4, 8, 6, 9, 3]


@pytest.mark.parametrize("family", ["bart", "t5", "bert"])
def test_the_shares_of_soft_prompts_are_those_that_the_model_itself_reports(family):
    """Vectors that are real words' own read as the words: transformers' attention weights say how much these are given."""
    backbone = tiny_backbone(family)
    classes = backbone.kind == "encoder-only"
    reader = (lambda hidden, logits: logits[:, :2]) if classes else None
    mask = backbone.tokenizer.mask_token_id
    text = [*TEXT, mask] if classes else TEXT
    pair = Pair([4, -2, -1, *text], [0] if classes else [7, 3])
    trial = Trial(backbone, [pair], reader, Injection(vectors=backbone.word_vectors(WORDS)[None]))
    shares = trial.attention()
    torch.manual_seed(0)
    model = sharpened(FAMILIES[family]())
    model.load_state_dict(backbone.model.state_dict())
    model.set_attn_implementation("eager")
    read = {"input_ids": torch.tensor([[4, WORDS[1], WORDS[0], *text]])}
    if not classes:
        read["decoder_input_ids"] = torch.tensor([[*decoder_opening(backbone), 7]])
    theirs = model.eval()(**read, output_attentions=True)
    of_words = [0, *range(3, 3 + len(text))]  # the queries that are no vectors
    encoder = theirs.attentions if classes else theirs.encoder_attentions
    expected = torch.stack([weights[0][:, of_words][:, :, [2, 1]].mean(dim=1) for weights in encoder])
    assert_close(shares.pop("encoder"), expected, atol=1e-5, rtol=1e-4)
    if not classes:
        expected = torch.stack([weights[0][:, :, [2, 1]].mean(dim=1) for weights in theirs.cross_attentions])
        assert_close(shares.pop("cross"), expected, atol=1e-5, rtol=1e-4)
    assert shares == {}


def test_a_text_without_a_vector_has_its_places_where_the_words_went():
    assert without_vector(Pair([4, -1, -2, 9, 5], [0, 1], [3, 4]), 0) == Pair([4, -2, 9, 5], [0, 1], [2, 3])


@pytest.fixture
def prompted(request, tmp_path) -> foreword.Tuned:
    """A prompt that still is the words it started from, on a model of the family asked for."""
    model, texts = model_folder(tmp_path / "model", request.param), data_folder(tmp_path / "data")
    recipe = tiny_recipe(model, texts, method=PROMPT, train={"max_steps": 1, "lr": 1e-9})
    return foreword.train(recipe, tmp_path / "run")


@pytest.mark.parametrize("prompted", ["gpt2", "bart"], indirect=True)
def test_soft_prompts_have_nearest_words(prompted):
    found = look(prompted, "a prompt", size=2)
    words = [near[0] for near in found.words]
    ids = prompted.backbone.tokenizer(" so", add_special_tokens=False)["input_ids"]
    assert [word for word, _ in words] == [prompted.backbone.tokenizer.decode([i]) for i in ids]
    assert all(cosine == pytest.approx(1.0, abs=1e-3) for _, cosine in words)


@pytest.mark.parametrize("prompted", ["bart"], indirect=True)
def test_soft_prompts_behind_an_encoder_are_looked_into_where_they_stand(prompted, tmp_path):
    found = look(prompted, "a prompt", size=3)
    assert {site: tuple(shares.shape[1:]) for site, shares in found.attention.items()} == {
        "encoder": (4, 3),
        "cross": (4, 3),
    }
    assert len(set(found.without_position) | {found.loss}) == 4
    assert dict(found.without_layer) == {}
    assert found.positions.shape == (3, prompted.backbone.word_dim)
    write_inspection([found], tmp_path)
    page = (tmp_path / PAGE).read_text()
    assert page.count("<svg") == 6  # heads and positions of both sites, what is lost, likeness
    assert "Nearest words" in page


@pytest.mark.parametrize("method", [PROMPT, PROMPT | {"head": True}, {"name": "p-tuning-v2", "prefix_len": 3}])
def test_what_is_trained_for_a_masked_model_is_looked_into(method, data, tmp_path):
    recipe = class_recipe(model_folder(tmp_path / "model", "bert"), data, method=method, train={"max_steps": 3})
    tuned = foreword.train(recipe, tmp_path / "run")
    found = look(tuned, "a run", size=3)
    assert found.attention["encoder"].shape[2] == 3
    assert len(set(found.without_position) | {found.loss}) == 4
    assert len(found.words) == (3 if method["name"] == "prompt-tuning" else 0)
    write_inspection([found], tmp_path)
    assert len(found.without_layer) == (0 if method["name"] == "prompt-tuning" else 1)
