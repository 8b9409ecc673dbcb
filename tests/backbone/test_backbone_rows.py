"""Rows of one batch that carry different prefixes, or share one, are each what they are alone."""

import pytest
import torch
from tests.tiny_models import DECODER_ONLY, ENCODER_DECODER, FAMILIES, close, pair, random_prefix, text, tiny_backbone
from transformers import GenerationConfig

from foreword.backbone import Texts
from foreword.prefix import Injection, PrefixBank

ROWS = [[7, 61, 4, 12], [5, 9], [33, 41, 8, 14, 3, 20]]
LENGTHS = [3, 1, 4]
GREEDY = GenerationConfig(max_new_tokens=7, min_new_tokens=7, do_sample=False, pad_token_id=0, eos_token_id=1)
BEAMS = GenerationConfig(
    max_new_tokens=7, min_new_tokens=7, do_sample=False, num_beams=3, pad_token_id=0, eos_token_id=1
)
SEVERAL = GenerationConfig(
    max_new_tokens=7,
    min_new_tokens=7,
    do_sample=False,
    num_beams=3,
    num_return_sequences=2,
    pad_token_id=0,
    eos_token_id=1,
)
WAYS = pytest.mark.parametrize("config", [GREEDY, BEAMS, SEVERAL], ids=["greedy", "beams", "several"])


def batch(*rows):
    longest = max(map(len, rows))
    return text(*([None] * (longest - len(row)) + row for row in rows))


def bank_of(backbone):
    prefixes = [random_prefix(backbone, length, seed) for seed, length in enumerate(LENGTHS)]
    return prefixes, PrefixBank(prefixes)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_with_different_prefixes_have_the_logits_of_each_row_alone(family):
    backbone = tiny_backbone(family)
    prefixes, bank = bank_of(backbone)
    source = batch(*ROWS)
    texts = pair(source, batch(*reversed(ROWS))) if backbone.kind == "encoder-decoder" else source
    mask = texts.mask if texts.decoder_mask is None else texts.decoder_mask
    mixed = backbone.logits(texts, bank.rows([0, 1, 2]))
    for i, prefix in enumerate(prefixes):
        alone = batch(ROWS[i])
        if backbone.kind == "encoder-decoder":
            alone = pair(alone, batch(ROWS[2 - i]))
        close(mixed[i][mask[i]], backbone.logits(alone, Injection.of(prefix))[0])


@WAYS
@pytest.mark.parametrize("family", [*DECODER_ONLY, *ENCODER_DECODER])
def test_rows_with_different_prefixes_write_what_each_row_writes_alone(family, config):
    backbone = tiny_backbone(family)
    prefixes, bank = bank_of(backbone)
    alone = [
        backbone.generate(batch(row), config, Injection.of(p)).tolist() for row, p in zip(ROWS, prefixes, strict=True)
    ]
    mixed = backbone.generate(batch(*ROWS), config, bank.rows([0, 1, 2])).tolist()
    assert mixed == [row for rows in alone for row in rows]
    assert len({tuple(row) for row in mixed}) == len(mixed), "rows that write the same prove nothing"


@pytest.mark.parametrize("family", ["gpt2", "gemma2", "bart", "t5"])
def test_rows_that_stop_early_leave_the_others_as_they_are(family):
    backbone = tiny_backbone(family)
    prefixes, bank = bank_of(backbone)
    free = backbone.generate(batch(*ROWS), GREEDY, bank.rows([0, 1, 2]))
    stop = int(free[0, 2])
    config = GenerationConfig(max_new_tokens=7, do_sample=False, eos_token_id=stop, pad_token_id=0)
    for numbers in ([0, 1, 2], [2, 1, 0]):
        texts = batch(*(ROWS[n] for n in numbers))
        for n, row in zip(numbers, backbone.generate(texts, config, bank.rows(numbers)).tolist(), strict=True):
            alone = backbone.generate(batch(ROWS[n]), config, Injection.of(prefixes[n]))[0].tolist()
            assert row == alone + [0] * (len(row) - len(alone))


@WAYS
@pytest.mark.parametrize("family", [*DECODER_ONLY, *ENCODER_DECODER])
def test_a_shared_prefix_is_one_thing_however_it_is_given(family, config):
    backbone = tiny_backbone(family)
    prefix = random_prefix(backbone, 3)
    once, texts = Injection.of(prefix), batch(*ROWS)
    per_row = Injection(
        {s: k.expand(-1, 3, -1, -1, -1) for s, k in once.keys.items()},
        {s: v.expand(-1, 3, -1, -1, -1) for s, v in once.values.items()},
    )
    with_lengths = Injection(per_row.keys, per_row.values, torch.full((3,), 3))
    wanted = backbone.generate(texts, config, once).tolist()
    for injection in (
        per_row,
        with_lengths,
        PrefixBank([prefix]).rows([0, 0, 0]),
        PrefixBank([prefix] * 3).rows([0, 1, 2]),
    ):
        assert backbone.generate(texts, config, injection).tolist() == wanted


@pytest.mark.parametrize("family", ["gpt2", "llama", "t5"])
def test_rows_of_one_prefix_may_follow_one_another_under_it(family):
    """R prefixes, B rows: the first B / R rows have the first."""
    backbone = tiny_backbone(family)
    prefixes, bank = bank_of(backbone)
    rows = [*ROWS, ROWS[1][::-1], ROWS[0][1:], ROWS[2][:3]]
    grouped = backbone.generate(batch(*rows), BEAMS, bank.rows([0, 1, 2])).tolist()
    assert grouped == backbone.generate(batch(*rows), BEAMS, bank.rows([0, 0, 1, 1, 2, 2])).tolist()


def test_a_row_without_a_prefix_may_stand_beside_one_with():
    backbone = tiny_backbone("llama")
    once = Injection.of(random_prefix(backbone, 3))
    two = Injection({s: k.expand(-1, 2, -1, -1, -1) for s, k in once.keys.items()},
                    {s: v.expand(-1, 2, -1, -1, -1) for s, v in once.values.items()}, torch.tensor([3, 0]))  # fmt: skip
    texts = batch(ROWS[0], ROWS[1])
    mixed = backbone.logits(texts, two)
    close(mixed[0], backbone.logits(batch(ROWS[0]), once)[0])
    close(mixed[1, -2:], backbone.logits(batch(ROWS[1]))[0])
    alone = [backbone.generate(batch(ROWS[0]), GREEDY, once), backbone.generate(batch(ROWS[1]), GREEDY)]
    assert backbone.generate(texts, GREEDY, two).tolist() == torch.cat(alone).tolist()


@pytest.mark.parametrize("family", ["opt", "llama"])
def test_a_step_by_step_pass_without_given_positions_counts_them_itself(family):
    """Who calls the model directly, with a cache, need not know where the text starts."""
    backbone = tiny_backbone(family)
    _, bank = bank_of(backbone)
    texts = batch(*ROWS)
    wanted = backbone.logits(texts, bank.rows([0, 1, 2]))[:, -1]
    with backbone.injected(bank.rows([0, 1, 2])), torch.no_grad():
        mask = texts.mask.long()
        past = backbone.model(texts.ids[:, :-1], attention_mask=mask[:, :-1], use_cache=True).past_key_values
        stepwise = backbone.model(texts.ids[:, -1:], attention_mask=mask, past_key_values=past).logits[:, -1]
        past = backbone.model(texts.ids[2:, :-1].expand(3, -1), use_cache=True).past_key_values
        unpadded = backbone.model(texts.ids[2:, -1:].expand(3, -1), past_key_values=past).logits[2, -1]
    close(stepwise, wanted)
    close(unpadded, wanted[2])


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_words_may_be_given_as_embeddings(family):
    backbone = tiny_backbone(family)
    _, bank = bank_of(backbone)
    texts = batch(*ROWS)
    vectors = backbone.model.get_input_embeddings()(texts.ids)
    with backbone.injected(bank.rows([0, 1, 2])), torch.no_grad():
        given = backbone.model(inputs_embeds=vectors, attention_mask=texts.mask.long()).logits
    close(given[texts.mask], backbone.logits(texts, bank.rows([0, 1, 2]))[texts.mask])


def test_two_backbones_do_not_disturb_each_other():
    one, other = tiny_backbone("gpt2"), tiny_backbone("gpt2", seed=1)
    texts, prefix = batch(*ROWS), Injection.of(random_prefix(one, 3))
    plain, injected = other.logits(texts), one.logits(texts, prefix)
    with one.injected(prefix):
        close(other.logits(texts), plain)
        with other.injected(Injection.of(random_prefix(other, 2, seed=5))):
            close(one.logits(texts), injected)
    close(one.logits(texts, prefix), injected)


def test_an_injection_around_a_call_serves_the_calls_inside():
    backbone = tiny_backbone("gpt2")
    texts, prefix = batch(*ROWS), Injection.of(random_prefix(backbone, 3))
    with backbone.injected(prefix):
        inside = backbone.generate(texts, GREEDY)
    assert (
        inside.tolist()
        == backbone.generate(texts, GREEDY, prefix).tolist()
        != backbone.generate(texts, GREEDY).tolist()
    )


def test_a_failing_pass_leaves_nothing_behind():
    backbone = tiny_backbone("gpt2")
    texts, prefix = batch(*ROWS), Injection.of(random_prefix(backbone, 3))
    plain = backbone.logits(texts)
    too_large = Texts(texts.ids + 1000, texts.mask)
    with pytest.raises(IndexError):
        backbone.logits(too_large, prefix, at=torch.tensor([0]))
    with pytest.raises(IndexError):
        backbone.generate(too_large, GREEDY, prefix)
    close(backbone.logits(texts), plain)
