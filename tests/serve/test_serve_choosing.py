"""The next id of a row: what settings do to it, held against the obvious way and against transformers'."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import NoRepeatNGramLogitsProcessor, TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from foreword.serve.choosing import NUCLEUS, Chooser
from foreword.serve.request import Sampling

VOCAB = 12
ids = st.integers(0, VOCAB - 1)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.floats(-9, 9), min_size=VOCAB, max_size=VOCAB), st.lists(ids, max_size=6), st.lists(ids, max_size=6),
    st.dictionaries(ids, st.floats(-100, 100), max_size=VOCAB), st.sampled_from([1.0, 0.5, 1.7]), st.sampled_from([0.0, 1.5, -2.0]),
    st.sampled_from([0.0, 0.5, -0.25]), st.sets(ids, max_size=3), st.sets(ids, max_size=4), st.integers(0, 4),
)  # fmt: skip
def test_logits_are_changed_as_each_setting_says_one_id_at_a_time(
    logits, prompt, answer, bias, repetition, presence, frequency, never, one_of, min_len
):
    end = (3,)
    sampling = Sampling(
        repetition_penalty=repetition, presence_penalty=presence, frequency_penalty=frequency, bias=bias,
        never=tuple(never), one_of=tuple(one_of),
    )  # fmt: skip
    chooser = Chooser(sampling, tuple(prompt), end, min_len, list(answer))

    def wanted(token: int, logit: float) -> float:
        if token in prompt or token in answer:
            logit = logit / repetition if logit > 0 else logit * repetition
        if token in answer:
            logit -= presence + frequency * answer.count(token)
        logit += bias.get(token, 0.0)
        too_early = token in end and len(answer) < min_len
        return float("-inf") if token in never or too_early or (one_of and token not in one_of) else logit

    got = chooser.changed(torch.tensor(logits))
    torch.testing.assert_close(got, torch.tensor([wanted(token, logit) for token, logit in enumerate(logits)]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 2), max_size=10), st.integers(1, 4))
def test_no_run_of_ids_comes_twice_as_in_transformers(answer, size):
    """Of the answer alone: what the prompt holds may be said again."""
    chooser = Chooser(Sampling(no_repeat_ngram=size), prompt=(0, 1, 2, 0, 1, 2), answer=list(answer))
    ours = chooser.changed(torch.zeros(3))
    rows = torch.tensor([answer], dtype=torch.long)
    theirs = NoRepeatNGramLogitsProcessor(size)(rows, torch.zeros(1, 3))[0]  # type: ignore[arg-type]
    torch.testing.assert_close(ours, theirs)
    assert chooser.is_plain == bool(theirs.isfinite().all())


class Evenly:
    """Chance that takes every place from 0 to 1 once, in so many steps."""

    def __init__(self, num: int):
        self.places: Iterator[float] = iter((step + 0.5) / num for step in range(num))

    def random(self) -> float:
        return next(self.places)


@pytest.mark.parametrize("num_ids", [20, 3 * NUCLEUS])
@pytest.mark.parametrize("top_k", [0, 5])
@pytest.mark.parametrize("top_p", [1.0, 0.9, 0.3])
def test_ids_are_drawn_as_often_as_transformers_settings_would_have_them(num_ids, top_k, top_p):
    """Flat logits too, of which more are drawn from than are looked at first."""
    num, temperature = 4000, 0.7
    logits = torch.randn(num_ids, generator=torch.Generator().manual_seed(2)) * (3 if num_ids < NUCLEUS else 0.1)
    chooser = Chooser(Sampling(temperature=temperature, top_k=top_k, top_p=top_p), (), ())
    chooser.chance = Evenly(num)  # type: ignore[assignment]
    drawn = torch.bincount(torch.tensor([chooser.drawn(logits) for _ in range(num)]), minlength=num_ids) / num

    scores = TemperatureLogitsWarper(temperature)(None, logits[None])  # type: ignore[arg-type]
    if top_k:
        scores = TopKLogitsWarper(top_k)(None, scores)  # type: ignore[arg-type]
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)  # type: ignore[arg-type]
    assert float((drawn - scores[0].softmax(-1)).abs().max()) < 2 / num
    assert set(drawn.nonzero().flatten().tolist()) <= set(scores[0].isfinite().nonzero().flatten().tolist())
