"""Soft-prompt mixtures: what several prompts say is mixed by their shares, in training and in writing."""

import pytest
import torch
from tests.tiny_models import tiny_backbone
from tests.tiny_runs import TEXTS, pairs_of, tiny_training

from foreword.backbone import Texts
from foreword.backbone.wording import Pair, end_id
from foreword.errors import BadRecipe
from foreword.generation import Decoding, answers, padded_sources
from foreword.methods.prompt_mixture import PromptMixture
from foreword.methods.prompt_tuning import PromptTuning
from foreword.prefix import Injection
from foreword.recipe import Recipe

SOURCES = [source for source, _ in TEXTS]


def uneven(family, shares="source", num_prompts=3):
    """A mixture whose prompts and shares all differ."""
    backbone = tiny_backbone(family)
    method = PromptMixture(backbone, num_prompts, prompt_len=2, init="random", shares=shares)
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in (method.bias, method.weight):
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return method


def slowly(method, texts, at):
    """Each prompt alone, then the sum of their probabilities."""
    shares, rows = (
        method.log_shares(texts).exp(),
        at // (texts.ids if texts.decoder_ids is None else texts.decoder_ids).shape[1],
    )
    prompts = [Injection(vectors=method.vectors[k : k + 1]) for k in range(method.num_prompts)]
    alone = [method.backbone.logits(texts, prompt, at).softmax(dim=-1) for prompt in prompts]
    return torch.stack([shares[k, rows][:, None] * said for k, said in enumerate(alone)]).sum(dim=0)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5"])
def test_the_loss_is_that_of_the_summed_probabilities(tmp_path, family):
    method = uneven(family)
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(method.backbone, TEXTS)]
    training = tiny_training(method.backbone, method, tmp_path, pairs=pairs, dev=pairs)
    batch = training._batch(pairs)
    with torch.no_grad():
        likely = slowly(method, batch.texts, batch.at).gather(1, batch.targets[:, None])
        with method.backbone.injected(method.injection()):
            torch.testing.assert_close(training._loss(batch), -likely.log().sum(), atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("family", ["gpt2", "bart"])
@pytest.mark.parametrize("beams", [1, 3])
def test_one_text_is_written_by_all_prompts_and_it_is_the_mixtures(family, beams):
    method = uneven(family)
    decoding = Decoding(max_new_tokens=6, beams=beams, batch_size=2)
    made = answers(method.backbone, SOURCES, decoding, method=method).texts
    alone = [answers(method.backbone, [source], decoding, method=method).texts[0] for source in SOURCES]
    assert made == alone
    if beams == 1 and family == "gpt2":
        assert made == [written_slowly(method, source, 6) for source in SOURCES]


def written_slowly(method, source, num_tokens):
    backbone, tokenizer = method.backbone, method.backbone.tokenizer
    ids = method.arrange([*tokenizer(f" {source}")["input_ids"], tokenizer.bos_token_id])
    written = []
    for _ in range(num_tokens):
        row = torch.tensor([ids + written])
        texts = Texts(row, torch.ones_like(row, dtype=torch.bool), starts=torch.tensor([len(ids) - 1]))
        token = int(slowly(method, texts, torch.tensor([row.shape[1] - 1])).argmax())
        if token == end_id(backbone):
            break
        written.append(token)
    return tokenizer.decode(written, skip_special_tokens=True).strip()


def test_a_mixture_of_one_is_prompt_tuning():
    backbone = tiny_backbone("gpt2")
    mixture, alone = PromptMixture(backbone, 1, 4, seed=3), PromptTuning(backbone, 4, seed=3)
    assert torch.equal(mixture.vectors[0], alone.prompt())
    decoding = Decoding(max_new_tokens=5)
    assert (
        answers(backbone, SOURCES, decoding, method=mixture).texts
        == answers(backbone, SOURCES, decoding, method=alone).texts
    )


def test_shares_begin_even_and_learn(tmp_path):
    method = PromptMixture(tiny_backbone("gpt2"), 2, 3, init="words", init_words=["a", "b"], shares="task")
    texts = padded_sources(method.backbone, [method.arrange([5, 6, 7])])
    assert method.log_shares(texts).exp().tolist() == [[0.5], [0.5]]
    pairs = [Pair(method.arrange(pair.source), pair.target) for pair in pairs_of(method.backbone, TEXTS)]
    tiny_training(method.backbone, method, tmp_path, pairs=pairs, total_steps=5).run()
    assert method.log_shares(texts).exp().tolist() != [[0.5], [0.5]]
    assert set(method.trained_parameters()) == {"vectors", "bias"}


def test_what_an_answer_holds_moves_no_share():
    method = uneven("gpt2")
    (pair,) = pairs_of(method.backbone, TEXTS[:1])
    source = method.arrange(pair.source)
    shares = []
    for answer in (pair.target, pair.target[::-1]):
        texts = padded_sources(method.backbone, [source + answer])
        texts = Texts(texts.ids, texts.mask, starts=torch.tensor([len(source) - 1]))
        shares.append(method.log_shares(texts))
    assert torch.equal(*shares)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"init": "words"}, r"method: init = 'words' and init_words belong together, got 'words' and \[\]"),
        ({"init": "words", "init_words": ["a"]}, r"method: init_words must be one text for each of 4 prompts, got 1"),
    ],
)
def test_words_for_some_prompts_are_told(told, message):
    with pytest.raises(BadRecipe, match=message):
        Recipe.from_dict({"method": {"name": "prompt-mixture", **told}})


def test_sampling_is_refused_because_each_prompt_would_draw_its_own():
    method = uneven("gpt2")
    with pytest.raises(
        BadRecipe, match=r"generate\.sample: the prompts of a mixture write one text, and each would draw"
    ):
        answers(method.backbone, SOURCES, Decoding(sample=True, max_new_tokens=3), method=method)
