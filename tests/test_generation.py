"""Generation: the order is kept, rows do not touch each other, and what cannot be answered is refused."""

from dataclasses import replace

import pytest
import torch
from tests.tiny_models import FAMILIES, random_prefix, sharpened, tiny_backbone, tokenizer
from transformers import GenerationConfig, modeling_utils

from foreword.backbone import Backbone
from foreword.backbone.wording import end_id, limits, source_ids
from foreword.errors import BadData, PrefixMismatch, UnsupportedBackbone
from foreword.generation import Decoding, NoRepeatInAnswer, answers, generate, generate_ids
from foreword.methods import build_method
from foreword.recipe import section_of

SOURCES = ["a dog", "x", "the long red hat", "b", "so it is", "cd"]
SHORT = Decoding(max_new_tokens=8, min_new_tokens=4)


@pytest.mark.parametrize("family", ["gpt2", "llama", "bart", "t5"])
@pytest.mark.parametrize("beams", [1, 3])
def test_rows_with_mixed_prefixes_equal_each_row_alone_in_the_order_given(family, beams):
    backbone = tiny_backbone(family)
    prefixes = [random_prefix(backbone, length, seed) for seed, length in enumerate((3, 1, 5))]
    per_row = [prefixes[i % 3] for i in range(len(SOURCES))]
    decoding = Decoding(max_new_tokens=8, beams=beams, batch_size=4)
    together = generate(backbone, SOURCES, decoding, per_row)
    alone = [generate(backbone, [s], decoding, p)[0] for s, p in zip(SOURCES, per_row, strict=True)]
    assert together == alone
    assert len(set(together)) > 1


def test_a_place_for_a_vector_that_nobody_puts_there_is_told():
    """Such characters stand in texts off the web; with prompt tuning one would have become the prompt's own first vector."""
    backbone = tiny_backbone("gpt2")
    prompt = build_method(
        section_of("prompt-tuning").model_validate({"name": "prompt-tuning", "prompt_len": 3}), backbone
    )
    for method in (None, prompt):
        with pytest.raises(
            BadData, match=r"source 2 of 2 holds the character U\+E001, which marks the place of a trained"
        ):
            answers(backbone, ["a", "b \ue001 c"], SHORT, method=method)


def test_one_prefix_for_all_equals_one_for_each():
    backbone = tiny_backbone("gpt2")
    prefix = random_prefix(backbone, 3)
    wanted = generate(backbone, SOURCES, SHORT, prefix)
    assert generate(backbone, SOURCES, SHORT, [prefix] * len(SOURCES)) == wanted
    assert generate(backbone, SOURCES, SHORT) != wanted


def test_a_prefix_of_another_model_of_the_same_shape_is_refused():
    mine, other = tiny_backbone("gpt2"), tiny_backbone("gpt2", seed=1)
    theirs = other.activations([7, 61, 4])
    assert generate(other, ["a dog"], SHORT, theirs)
    with pytest.raises(PrefixMismatch, match="the prefix was made for a model with fingerprint"):
        generate(mine, ["a dog"], SHORT, theirs)


def test_sampling_is_its_seeds_and_leaves_the_callers_random_numbers_alone():
    backbone = tiny_backbone("gpt2")
    state = torch.get_rng_state()
    sample = {"sample": True, "max_new_tokens": 12, "min_new_tokens": 12, "temperature": 2.0}
    first, again, other = (generate(backbone, SOURCES, Decoding(**sample, seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert torch.equal(torch.get_rng_state(), state)


def test_sampled_rows_keep_to_their_own_prefixes():
    """A prefix that forces a word is heard in its own rows alone, drawn beside others."""
    backbone = tiny_backbone("gpt2", sharp=30)
    prefixes = [random_prefix(backbone, length, seed) for seed, length in enumerate((3, 1, 5))]
    sample = Decoding(sample=True, temperature=1e-4, max_new_tokens=8, min_new_tokens=8)
    per_row = [prefixes[i % 3] for i in range(len(SOURCES))]
    assert generate(backbone, SOURCES, sample, per_row) == generate(
        backbone, SOURCES, replace(sample, sample=False, temperature=1.0), per_row
    )


def test_a_text_that_had_to_be_cut_is_warned_of():
    backbone = tiny_backbone("gpt2")
    long = "a dog and a hat " * 40
    with pytest.warns(UserWarning, match="1 of 2 sources were too long and were cut"):
        generate(backbone, ["a dog", long], SHORT)
    assert answers(backbone, ["a dog", long], SHORT).num_cut_sources == 1


def test_a_marker_that_is_also_the_pad_brings_no_warning_of_padding(monkeypatch):
    """The bug: transformers took the end of every source for padding, and its advice stood before each answer."""
    monkeypatch.setattr(modeling_utils.logger, "warning_once", lambda text: pytest.fail(text))
    backbone = tiny_backbone("gpt2", pad_token_id=1)
    assert end_id(backbone) == 1
    assert generate(backbone, ["a dog"], SHORT)


def test_top_k_one_is_greedy():
    backbone = tiny_backbone("gpt2")
    greedy = generate(backbone, SOURCES, SHORT)
    assert generate(backbone, SOURCES, Decoding(sample=True, top_k=1, min_new_tokens=4, max_new_tokens=8)) == greedy


def test_lengths_are_kept_to():
    backbone = tiny_backbone("gpt2")
    ids = generate_ids(backbone, SOURCES, Decoding(min_new_tokens=5, max_new_tokens=5))
    assert [len(row) for row in ids] == [5] * len(SOURCES)


def test_no_newlines_means_none():
    backbone = tiny_backbone("gpt2")
    newline = backbone.tokenizer("\n", add_special_tokens=False)["input_ids"]
    backbone.model.lm_head.weight.data[newline] *= 30
    long = {"min_new_tokens": 20, "max_new_tokens": 20}
    assert any(newline[0] in row for row in generate_ids(backbone, SOURCES, Decoding(**long)))  # type: ignore[index]
    assert not any(newline[0] in row for row in generate_ids(backbone, SOURCES, Decoding(**long, no_newlines=True)))  # type: ignore[index]


def test_no_ngram_comes_back_where_that_is_asked_for():
    backbone = tiny_backbone("gpt2")
    for row in generate_ids(backbone, SOURCES, Decoding(no_repeat_ngram=2, min_new_tokens=20, max_new_tokens=20)):
        pairs = list(zip(row, row[1:], strict=False))
        assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("family", ["gpt2", "bart"])
def test_a_models_own_generation_settings_never_slip_in(family):
    """The bug: transformers fills what a config leaves open from the model's own, as BART's forced first token."""
    wanted = generate(tiny_backbone(family), SOURCES, SHORT)
    torch.manual_seed(0)
    model = sharpened(FAMILIES[family](), 3)
    model.generation_config = GenerationConfig(
        no_repeat_ngram_size=1,
        repetition_penalty=9.0,
        forced_bos_token_id=9,
        suppress_tokens=list(range(10, 60)),
        min_length=40,
        num_beams=4,
    )
    assert generate(Backbone(model, tokenizer(), "told"), SOURCES, SHORT) == wanted


def test_a_run_of_tokens_in_the_source_may_be_copied_whatever_must_not_come_twice():
    """The bug: transformers looks for repeats in the source too, so no name of four tokens could be copied."""
    backbone = tiny_backbone("gpt2")
    ban = NoRepeatInAnswer(2, source_len=3)
    scores = torch.zeros(1, 97)
    assert torch.isfinite(ban(torch.tensor([[5, 6, 5, 5]]), scores.clone())).all(), "5 6 stands in the source only"
    assert ban(torch.tensor([[1, 1, 1, 5, 6, 5]]), scores.clone())[0, 6] == -torch.inf
    row = generate_ids(backbone, ["ab"], Decoding(no_repeat_ngram=1, max_new_tokens=9, min_new_tokens=9))[0]
    assert len(set(row)) == 9


def test_one_text_is_not_taken_for_a_list_of_letters():
    with pytest.raises(BadData, match=r"sources must be a list of texts, got one text, 'a dog'\. Put it in a list"):
        generate(tiny_backbone("gpt2"), "a dog")


def test_a_source_has_the_room_its_own_prefix_leaves_whoever_stands_beside_it():
    """The bug: the longest prefix of a call decided where every source was cut."""
    backbone = tiny_backbone("gpt2")
    short, long = random_prefix(backbone, 2), random_prefix(backbone, 60, seed=1)
    source = "abcdefgh" * 10
    alone = answers(backbone, [source], SHORT, short)
    beside = answers(backbone, [source, "ab"], SHORT, [short, long])
    assert (alone.num_cut_sources, beside.num_cut_sources) == (0, 0)
    assert beside.texts[0] == alone.texts[0]


def test_cut_sources_are_counted_and_cut_at_the_end():
    backbone = tiny_backbone("gpt2")
    made = answers(
        backbone, ["abcdefgh", "ab", "abcdXYZ"], SHORT, max_source_len=6
    )  # a space, 4 letters, the separator
    assert made.num_cut_sources == 2
    assert made.texts[0] == made.texts[2] == generate(backbone, ["abcd"], SHORT)[0]
    too_long = answers(backbone, ["a" * 300, "b"], SHORT, random_prefix(backbone, 5))
    assert too_long.num_cut_sources == 1


class Marking:
    """A tokenizer that closes each text with the end marker, as BART's and T5's do."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def __call__(self, texts, add_special_tokens=True, **_):
        ids = self.inner(texts, add_special_tokens=False)["input_ids"]
        return {"input_ids": [[*row, self.inner.eos_token_id] for row in ids] if add_special_tokens else ids}


def test_an_encoders_source_keeps_its_closing_marker_when_cut():
    backbone = tiny_backbone("bart")
    letters = {text: backbone.tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("ab", "abc", "abcd")}
    assert source_ids(backbone, ["abcdefgh", "ab"], 4) == ([letters["abcd"], letters["ab"]], 1)
    backbone.tokenizer = Marking(backbone.tokenizer)  # type: ignore[assignment]
    end = [backbone.tokenizer.eos_token_id]
    assert source_ids(backbone, ["abcdefgh", "ab"], 4) == ([letters["abc"] + end, letters["ab"] + end], 1)  # type: ignore[operator]


def test_what_cannot_be_answered_is_refused():
    backbone = tiny_backbone("gpt2")
    prefix = random_prefix(backbone, 3)
    with pytest.raises(BadData, match=r"generate: there are no sources\. Give at least one text\."):
        generate(backbone, [])
    with pytest.raises(BadData, match=r"source 2 of 3 is blank\. Give it a text or leave it out\."):
        generate(backbone, ["a", " \n", "b"])
    with pytest.raises(BadData, match="3 sources but 2 prefixes; give one per source, or one for all"):
        generate(backbone, ["a", "b", "c"], SHORT, [prefix, prefix])
    with pytest.raises(BadData, match="some rows carry a prefix and some none; generate them apart"):
        generate(backbone, ["a", "b"], SHORT, [prefix, None])  # type: ignore[list-item]
    with pytest.raises(PrefixMismatch, match="the prefix was made for decoder attention"):
        generate(backbone, ["a"], SHORT, random_prefix(tiny_backbone("llama"), 2))
    with pytest.raises(
        UnsupportedBackbone, match=r"tiny-bert is encoder-only and cannot generate text\. Choose a decoder\."
    ):
        generate(tiny_backbone("bert"), ["a"])


def test_more_tokens_than_the_backbone_has_positions_for_are_refused():
    backbone = tiny_backbone("gpt2")
    with pytest.raises(
        BadData,
        match=r"its 128 positions do not hold a prefix of 30, a source and targets of 95 tokens\. .*generate\.max_new_tokens",
    ):
        generate(backbone, ["a"], Decoding(max_new_tokens=95), random_prefix(backbone, 30))
    with pytest.raises(
        BadData, match=r"its 128 positions do not hold targets of 129 tokens\. Use a smaller task\.max_target_len"
    ):
        generate(tiny_backbone("bart"), ["a"], Decoding(max_new_tokens=129))
    assert limits(tiny_backbone("t5"), 5, 0, 10**6).target_len == 10**6
    assert limits(backbone, 10, 0, 20).source_len == 98
    assert limits(backbone, 10, 7, 20).source_len == 7


def test_every_token_that_holds_a_line_break_is_known():
    """The bug: only the tokens of a lone line break were banned, and a break inside another token was still written."""
    backbone = tiny_backbone("gpt2")
    backbone.tokenizer.add_tokens([".\n", "\n\n"])
    texts = [backbone.tokenizer.decode([i]) for i in backbone.line_break_ids]
    assert sorted(texts) == ["\n", "\n\n", ".\n"]


@pytest.mark.parametrize(
    "told",
    [
        {"name": "infix-tuning", "infix_len": 5},
        {"name": "p-tuning-v2", "prefix_len": 5},
        {"name": "ipt", "base": "prefix", "num_tokens": 5},
        {"name": "prefix-tuning", "prefix_len": 5, "head": True},
    ],
    ids=lambda told: told["name"],
)
def test_a_long_source_is_cut_to_what_a_methods_positions_leave(told):
    """128 positions: five are the method's, and of an answer that is written eight."""
    backbone = tiny_backbone("gpt2")
    recipe = section_of(told["name"]).model_validate(told)
    more = {"init_prefix": None, "behind": None} if told["name"] == "prefix-tuning" else {}
    reads = told["name"] != "infix-tuning" and told["name"] != "ipt"
    method = build_method(recipe, backbone, **more, **({"words": [None, None]} if reads else {}))
    made = answers(backbone, ["a" * 300, "b"], Decoding(max_new_tokens=8), method=method, words=("y", "n"))
    assert made.num_cut_sources == 1
    assert len(made.texts) == 2
    assert method.num_positions == 5
