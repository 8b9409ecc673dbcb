"""Soft prompts: vectors in the text, exactly the prefix that they are in decoder-only models, and where they start."""

import pytest
import torch
from tests.tiny_models import DECODER_ONLY, FAMILIES, close, text, tiny_backbone
from tests.tiny_runs import TEXTS, pairs_of

from foreword.backbone import Backbone, Texts
from foreword.backbone.wording import Pair, limits
from foreword.errors import BadData, BadRecipe, PrefixMismatch
from foreword.generation import Decoding, answers, generate
from foreword.methods.base.prompts import common_words
from foreword.methods.prompt_tuning import PromptTuning
from foreword.prefix import Injection
from foreword.training.batches import collate

WORDS = [7, 61, 4]


@pytest.mark.parametrize("family", FAMILIES)
def test_words_own_vectors_in_their_place_are_the_words(family):
    backbone = tiny_backbone(family)
    vectors = backbone.word_vectors(WORDS)[None]
    plain = backbone.logits(backbone.texts_of([5, *WORDS, 9, 23]))
    soft = text([5, -1, -2, -3, 9, 23])
    if backbone.kind == "encoder-decoder":
        soft = Texts(soft.ids, soft.mask, backbone.texts_of([5, *WORDS, 9, 23]).ids)
    close(backbone.logits(soft, Injection(vectors=vectors)), plain)


@pytest.mark.parametrize("family", ["gpt2", "t5"])
def test_each_row_can_have_vectors_of_its_own(family):
    backbone = tiny_backbone(family)
    per_row = torch.stack([backbone.word_vectors([7, 61]), backbone.word_vectors([30, 12])])
    rows = text([5, -1, -2, 9], [5, -2, -1, 9], [6, -1, 40, 9], [6, 40, -2, 9])
    plain = text([5, 7, 61, 9], [5, 61, 7, 9], [6, 30, 40, 9], [6, 40, 12, 9])
    if backbone.kind == "encoder-decoder":
        rows, plain = Texts(rows.ids, rows.mask, plain.ids), Texts(plain.ids, plain.mask, plain.ids)
    close(backbone.logits(rows, Injection(vectors=per_row)), backbone.logits(plain))


@pytest.mark.parametrize("family", DECODER_ONLY)
def test_what_is_trained_as_vectors_in_the_text_runs_as_a_prefix(family):
    """Training puts the vectors among the ids; what is kept is a prefix. Loss, beams and texts are the same."""
    backbone = tiny_backbone(family)
    method = PromptTuning(backbone, prompt_len=6, init="random", seed=3)
    prefix = method.prefix()
    assert prefix is not None
    pairs = pairs_of(backbone)[:4]
    plain = collate(backbone, pairs)
    soft = collate(backbone, [Pair(method.arrange(pair.source), pair.target) for pair in pairs])
    with torch.no_grad():
        as_text = backbone.logits(soft.texts, method.injection(), at=soft.at)
        close(backbone.logits(plain.texts, Injection.of(prefix), at=plain.at), as_text)
    sources = [source for source, _ in TEXTS]
    for decoding in (Decoding(max_new_tokens=10), Decoding(max_new_tokens=10, beams=3)):
        assert (
            generate(backbone, sources, decoding, prefix) == answers(backbone, sources, decoding, method=method).texts
        )


def test_the_vectors_take_their_room():
    backbone = tiny_backbone("gpt2")
    method = PromptTuning(backbone, prompt_len=100)
    with pytest.raises(
        BadData, match="its 128 positions do not hold a prefix of 100, a source and targets of 30 tokens"
    ):
        answers(backbone, ["a"], Decoding(max_new_tokens=30), method=method)
    cut = answers(backbone, ["a" * 60], Decoding(max_new_tokens=10), method=method)
    assert cut.num_cut_sources == 1


@pytest.mark.parametrize("family", ["bart", "bert"])
def test_vectors_that_leave_an_encoder_no_source_are_told(family):
    backbone = tiny_backbone(family)
    message = "its 128 positions do not hold the 121 tokens that the method adds and a source. Use a shorter prompt"
    with pytest.raises(BadData, match=message):
        limits(backbone, 0, 0, 10, num_added=121)
    assert limits(backbone, 0, 0, 10, num_added=120).source_len == 8


@pytest.mark.parametrize("mlp_dim", [0, 16])
def test_it_starts_from_chance_from_common_words_or_from_given_ones(mlp_dim):
    backbone = tiny_backbone("gpt2")

    def start(**settings) -> torch.Tensor:
        return PromptTuning(backbone, prompt_len=5, mlp_dim=mlp_dim, **settings).export()["vectors"]

    given = backbone.word_vectors(backbone.tokenizer(" no", add_special_tokens=False)["input_ids"])
    torch.testing.assert_close(start(init="words", init_words="no")[:3], given)
    assert start(init="random").abs().max() <= 0.5
    assert torch.equal(start(), start())
    assert not torch.equal(start(), start(seed=1))
    table = backbone.word_vectors(range(len(backbone.tokenizer)))
    assert all((table == vector).all(dim=1).any() for vector in start())
    with pytest.raises(
        BadRecipe, match=r"init_words are 8 tokens, but the prompt has 5 vectors\. Set method\.prompt_len=8"
    ):
        start(init="words", init_words="the red")


def test_it_starts_from_the_classes_words_a_vector_each():
    """As Lester et al. have it: of a word of several tokens their mean; what is left is drawn."""
    backbone = tiny_backbone("gpt2")
    ids = {word: backbone.tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in ("yes", "no")}
    for prompt_len in (5, 2):
        made = PromptTuning(backbone, prompt_len, init="classes", classes=["yes", "no"]).export()["vectors"]
        for vector, tokens in zip(made, ids.values(), strict=False):
            torch.testing.assert_close(vector, backbone.word_vectors(tokens).mean(dim=0))
        assert len(made) == prompt_len
        restored = PromptTuning.restored(backbone, {"vectors": made}, prompt_len=prompt_len, init="classes")
        assert torch.equal(restored.export()["vectors"], made)
    with pytest.raises(BadRecipe, match=r"the task has 2 classes, but the prompt 1 vectors\. Set method\.prompt_len=2"):
        PromptTuning(backbone, 1, init="classes", classes=["yes", "no"])


def test_a_prompt_for_another_model_is_refused():
    exported = PromptTuning(tiny_backbone("gpt2"), prompt_len=5).export()
    with pytest.raises(
        PrefixMismatch, match=r"this prompt is \(5, 32\), but tiny-llama and the template want \(5, 40\)"
    ):
        PromptTuning.restored(tiny_backbone("llama"), exported, prompt_len=5)


def test_common_words_are_words():
    """Neither markers nor single letters, with which some vocabularies begin."""
    backbone = Backbone.load("scribe")
    texts = backbone.tokenizer.batch_decode([[token] for token in common_words(backbone)])
    assert len(texts) == 5000 or len(backbone.tokenizer) < 2 * 5000
    assert all(text.strip().isalpha() and len(text.strip()) > 1 for text in texts)
    letters = tiny_backbone("gpt2")  # whose tokens are single characters: better than nothing
    assert set(common_words(letters)).isdisjoint(letters.tokenizer.all_special_ids)
