"""The engine: every row is what it would be alone, whoever comes, goes, fails or is cancelled beside it."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.serve.served import SMALL, Heard, alone, ask, engine_of, run
from tests.tiny_models import DECODER_ONLY, ENCODER_DECODER, VOCAB, random_prefix, text, tiny_backbone

from foreword.errors import BadRequest, Busy
from foreword.prefix import Kept, Prefix
from foreword.serve import engine as engines
from foreword.serve import fetching
from foreword.serve.choosing import Chooser
from foreword.serve.engine import Sizes
from foreword.serve.request import Failed, Finished, Sampling

LENGTHS = {"": 0, "a": 4, "b": 10, "c": 7, "d": 1, "e": 13}


def prefixes_for(backbone) -> dict[str, Prefix]:
    return {key: random_prefix(backbone, n, seed) for seed, (key, n) in enumerate(LENGTHS.items()) if key}


def words(num: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(4, VOCAB), k=num)


WRITERS = DECODER_ONLY | ENCODER_DECODER


@pytest.mark.parametrize("family", WRITERS)
def test_mixed_rows_are_token_for_token_what_they_are_alone(family):
    backbone = tiny_backbone(family)
    prefixes = prefixes_for(backbone)
    engine = engine_of(backbone, prefixes)
    asked = [(list(LENGTHS)[row % 6], words(1 + 5 * row % 13, row), 3 + row % 5) for row in range(12)]
    heard = [ask(engine, ids, key, LENGTHS[key], max_new_tokens=num) for key, ids, num in asked]
    run(engine)
    for (key, ids, num), row in zip(asked, heard, strict=True):
        assert row.ids == alone(backbone, prefixes.get(key), ids, num)
        assert row.last == Finished("length", num)
    assert not any(engine.pool.uses(key) for key in engine.pool)


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_whatever_happens_beside_it_a_row_is_what_it_is_alone(data):
    """Requests, steps, cancellations and prefixes that cannot be had, in any order."""
    backbone = tiny_backbone(data.draw(st.sampled_from(["llama", "llama", "bart", "t5"])))
    prefixes = prefixes_for(backbone)
    engine = engine_of(backbone, prefixes, Sizes(num_slots=2, slot_len=48, chunk_len=5, pool_size=2, max_waiting=50))
    rows: dict[int, tuple[Heard, str, list[int], int]] = {}
    for seed in range(data.draw(st.integers(3, 25))):
        what = data.draw(st.sampled_from(["ask", "ask", "step", "step", "cancel"]))
        if what == "ask":
            key, num = data.draw(st.sampled_from([*LENGTHS, "nowhere"])), data.draw(st.integers(1, 6))
            ids, number = words(data.draw(st.integers(1, 12)), seed), engine._count
            rows[number] = (ask(engine, ids, key, LENGTHS.get(key, 5), max_new_tokens=num), key, ids, num)
        elif what == "step":
            engine.step()
        elif rows:
            engine.cancel(data.draw(st.sampled_from(sorted(rows))))
    run(engine)
    for heard, key, ids, num in rows.values():
        expected = [] if key == "nowhere" else alone(backbone, prefixes.get(key), ids, num)
        if isinstance(heard.last, Failed):
            assert (heard.last.cause, key) == ("prefix", "nowhere")
        elif heard.last.reason == "cancelled":
            assert heard.ids == expected[: len(heard.ids)]
        else:
            assert heard.ids == expected


@pytest.mark.parametrize("family", ["llama", "bart", "t5"])
def test_a_long_prefix_is_kept_once_and_held_to_the_rows_end(family, monkeypatch):
    monkeypatch.setattr(fetching, "KEPT_FROM", 10)
    backbone = tiny_backbone(family)
    prefixes = prefixes_for(backbone)
    engine = engine_of(backbone, prefixes, Sizes(num_slots=4, slot_len=64, chunk_len=32, pool_size=3))
    heard = [ask(engine, words(5, row), key, LENGTHS[key], max_new_tokens=4) for row, key in enumerate("beab")]
    for _ in range(2):
        engine.step()
    assert isinstance(engine.pool.get("b"), Kept)
    assert isinstance(engine.pool._places["a"].held, Prefix)
    engine.step()
    assert (engine.pool.uses("b"), engine.pool.uses("e"), engine.pool.uses("a")) == (2, 1, 0)
    run(engine)
    for row, (key, one) in enumerate(zip("beab", heard, strict=True)):
        assert one.ids == alone(backbone, prefixes[key], words(5, row), 4)


def test_prefixes_that_load_in_the_background_stall_nobody():
    """While one is on its way, who has his writes; then it joins."""
    backbone = tiny_backbone("gpt2")
    prefixes = prefixes_for(backbone)
    slow = Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(slow.wait, 30)  # the disk
        engine = engine_of(backbone, prefixes, executor=executor)
        waits, writes = ask(engine, [5, 6], "a", 4, max_new_tokens=3), ask(engine, [7, 8], max_new_tokens=3)
        for _ in range(5):
            engine.step()
        assert writes.over
        assert not waits.events
        slow.set()
        executor.submit(int).result()  # behind the prefix
        run(engine)
    assert waits.ids == alone(backbone, prefixes["a"], [5, 6], 3)


def breaks(engine: engines.Engine, bad: int, how: str) -> None:
    """Make the model fail, or its numbers none, whenever a certain id is among those it reads or writes."""

    def broken(inner):
        def forward(slots, ids):
            at = [
                row for row, some in enumerate(ids) if bad == some or (isinstance(some, tuple | list) and bad in some)
            ]
            if at and how == "raises":
                raise RuntimeError("out of order")
            logits = inner(slots, ids)
            logits[at] = float("nan")
            return logits

        return forward

    engine.slots.read, engine.slots.write = broken(engine.slots.read), broken(engine.slots.write)  # type: ignore[method-assign]


@pytest.mark.parametrize("family", ["gpt2", "bart"])
@pytest.mark.parametrize("how", ["raises", "gives no numbers"])
def test_a_row_that_breaks_is_put_out_alone(how, family, caplog):
    backbone = tiny_backbone(family)
    prefixes = prefixes_for(backbone)
    engine = engine_of(backbone, prefixes, Sizes(num_slots=4, slot_len=64, chunk_len=64, pool_size=4))
    breaks(engine, bad=95, how=how)
    asked = [("a", [5, 6]), ("b", [7, 95]), ("", [9]), ("c", [8, 8, 8])]
    heard = [ask(engine, ids, key, LENGTHS[key], max_new_tokens=5) for key, ids in asked]
    run(engine)
    for (key, ids), row in zip(asked, heard, strict=True):
        expected = alone(backbone, prefixes.get(key), ids, 5)
        if 95 in ids:
            assert isinstance(row.last, Failed)
            assert row.last.cause == ("error" if how == "raises" else "numbers")
            assert not row.ids
        elif 95 not in expected:
            assert row.ids == expected
    after = ask(engine, [7, 7], "b", 10, max_new_tokens=3)
    run(engine)
    assert after.ids == alone(backbone, prefixes["b"], [7, 7], 3)


def test_a_row_whose_next_id_cannot_be_chosen_is_put_out_and_nothing_is_read_twice(monkeypatch, caplog):
    backbone = tiny_backbone("gpt2")
    really = Chooser.choose
    monkeypatch.setattr(
        Chooser, "choose", lambda self, logits: 1 // 0 if self.sampling.seed == 13 else really(self, logits)
    )
    engine = engine_of(backbone, {}, Sizes(num_slots=4, slot_len=64, chunk_len=64))
    sound = [
        ask(engine, [5, 6], max_new_tokens=5),
        ask(engine, [9], max_new_tokens=5, sampling=Sampling(num_logprobs=1)),
    ]
    bad = ask(engine, [7, 8], max_new_tokens=5, sampling=Sampling(num_logprobs=1, seed=13))
    run(engine)
    assert bad.last == Failed("error", "the model failed on this request (ZeroDivisionError).")
    assert [one.ids for one in sound] == [alone(backbone, None, [5, 6], 5), alone(backbone, None, [9], 5)]


def test_a_row_whose_tokens_cannot_be_said_is_put_out_alone(monkeypatch, caplog):
    backbone = tiny_backbone("gpt2")
    good, bad = alone(backbone, None, [5, 6], 6), alone(backbone, None, [9], 6)
    unsayable = next(token for token in bad if token not in good)
    really = backbone.tokenizer.decode
    monkeypatch.setattr(
        backbone.tokenizer, "decode", lambda ids, **told: 1 // 0 if unsayable in ids else really(ids, **told)
    )
    engine = engine_of(backbone, {})
    heard = [ask(engine, ids, max_new_tokens=6) for ids in ([5, 6], [9], [5, 6])]
    run(engine)
    assert [heard[0].ids, heard[2].ids] == [good, good]
    assert heard[1].last == Failed("error", "the model failed on this request (ZeroDivisionError).")


def test_numbers_that_are_none_leave_no_trace_in_a_slot():
    """The next row there is what it is alone, though a masked NaN would still be one."""
    backbone = tiny_backbone("gpt2")
    bad = random_prefix(backbone, 20, 1)
    bad.values["decoder"].fill_(float("nan"))
    engine = engine_of(backbone, {"bad": bad}, Sizes(num_slots=2, slot_len=64))
    longer = ask(
        engine, words(30, 0), max_new_tokens=20
    )  # beside it, so that columns are looked over which others do not fill
    first = ask(engine, [5], "bad", 20, max_new_tokens=3)
    while not first.over:
        engine.step()
    second = ask(engine, [5], max_new_tokens=3)
    run(engine)
    assert first.last == Failed("numbers", "the model's numbers for this request are none (NaN or infinite).")
    assert second.ids == alone(backbone, None, [5], 3)
    assert longer.ids == alone(backbone, None, words(30, 0), 20)


def test_an_answer_ends_at_its_end_marker_and_no_sooner_than_it_may():
    backbone = tiny_backbone("gpt2")
    plain = alone(backbone, None, [5, 6], 6)
    end = plain[2]
    at = plain.index(end)
    engine = engine_of(backbone, {})
    heard = ask(engine, [5, 6], max_new_tokens=6, end_ids=(end,))
    longer = ask(engine, [5, 6], max_new_tokens=6, end_ids=(end,), min_new_tokens=5)
    run(engine)
    assert (heard.ids, heard.last) == (plain[:at], Finished("stop", at))
    assert len(longer.ids) >= 5
    assert end not in longer.ids[:5]


def test_an_answer_ends_before_a_stop_string():
    backbone = tiny_backbone("gpt2")
    whole = str(backbone.tokenizer.decode(alone(backbone, None, [5, 6], 8), skip_special_tokens=True))
    stop = whole[3:5]
    engine = engine_of(backbone, {})
    heard = ask(engine, [5, 6], max_new_tokens=8, stop=(stop, "never there"))
    run(engine)
    assert heard.text == whole[: whole.index(stop)]
    assert isinstance(heard.last, Finished)
    assert heard.last.reason == "stop"


def test_one_seed_draws_one_answer_whoever_stands_beside_it():
    backbone = tiny_backbone("llama", sharp=1.5)
    prefixes = prefixes_for(backbone)
    hot = Sampling(temperature=1.3, top_p=0.95, seed=7)

    def drawn(company: int, sampling: Sampling) -> list[int]:
        engine = engine_of(backbone, prefixes)
        others = [Sampling(temperature=1, seed=row) for row in range(company)]
        for row, other in enumerate(others):
            ask(engine, words(3, row), "b", 10, max_new_tokens=9, sampling=other)
        heard = ask(engine, [5, 6, 7], "a", 4, max_new_tokens=12, sampling=sampling)
        run(engine)
        return heard.ids

    assert drawn(0, hot) == drawn(5, hot)
    assert drawn(0, hot) != drawn(0, Sampling(temperature=1.3, top_p=0.95, seed=8))


@pytest.mark.parametrize("temperature", [5e-324, 1e-40, 9e-6])
def test_a_temperature_next_to_none_takes_the_likeliest(temperature):
    backbone = tiny_backbone("gpt2")
    engine = engine_of(backbone, {})
    heard = ask(engine, [5, 6], max_new_tokens=5, sampling=Sampling(temperature=temperature, top_p=0.9))
    run(engine)
    assert heard.ids == alone(backbone, None, [5, 6], 5)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_in_bfloat16_company_moves_log_probabilities_by_no_more_than_we_say(family):
    """docs/serving.md says 0.1: sums are rounded in another order, and nothing else."""
    backbone = tiny_backbone(family, sharp=1.5)
    backbone.model.bfloat16()
    prefixes = {
        name: random_prefix(backbone, length, seed) for seed, (name, length) in enumerate({"a": 3, "b": 5}.items())
    }
    asked = {"num_logprobs": 20, "repetition_penalty": 1.3}

    def told(company: int) -> Heard:
        engine = engine_of(backbone, prefixes)
        heard = ask(engine, [5, 9, 11], "a", 3, max_new_tokens=12, sampling=Sampling(**asked))
        for number in range(company):
            ask(engine, [7, *range(3, 9 + number)], "b", 5, max_new_tokens=20)
        run(engine)
        return heard

    alone_, beside = told(0), told(2)
    assert beside.ids == alone_.ids, "no near tie is met here, or what follows would be of other texts"
    for one, other in zip(alone_.tokens, beside.tokens, strict=True):
        there = dict(other.likeliest)
        assert all(abs(logprob - there[token]) < 0.1 for token, logprob in one.likeliest if token in there)
        assert len({token for token, _ in one.likeliest} & set(there)) >= 18


def test_a_seed_and_its_negative_are_two():
    backbone = tiny_backbone("llama", sharp=1.5)
    engine = engine_of(backbone, {})
    heard = [ask(engine, [5], max_new_tokens=9, sampling=Sampling(temperature=1.5, seed=s)) for s in (1, -1, 1)]
    run(engine)
    assert heard[0].ids == heard[2].ids != heard[1].ids


def test_what_cannot_be_served_is_refused_before_it_waits():
    engine = engine_of(tiny_backbone("gpt2"), {})
    for told, words_of_it in [
        ({"ids": []}, "the prompt is empty"),
        ({"ids": [5, VOCAB], "max_new_tokens": 4}, rf"{VOCAB} is no token of tiny-gpt2, which has 0 to {VOCAB - 1}"),
        ({"ids": [-1], "max_new_tokens": 4}, "-1 is no token"),
        ({"ids": [5], "max_new_tokens": 4, "sampling": Sampling(bias={VOCAB: 1.0})}, "is no token"),
        ({"ids": [5], "max_new_tokens": 0}, "max_tokens must be at least 1, got 0"),
        (
            {"ids": [5], "max_new_tokens": 2, "min_new_tokens": 3},
            "min_tokens = 3, and the answer ends at max_tokens = 2",
        ),
        (
            {"ids": [5] * 30, "max_new_tokens": 31, "prefix": "a", "prefix_len": 4},
            "65 positions; a row has room for 64",
        ),
        ({"ids": [5], "max_new_tokens": 10**9}, "1000000001 positions"),
    ]:
        with pytest.raises(BadRequest, match=words_of_it):
            ask(engine, **told)
    assert engine.num_rows == 0


def test_a_full_queue_refuses_and_keeps_nothing():
    engine = engine_of(tiny_backbone("gpt2"), {}, Sizes(num_slots=1, slot_len=32, max_waiting=1))
    for _ in range(2):  # one in the slot, one that waits for it
        ask(engine, [5], max_new_tokens=2)
    with pytest.raises(Busy):
        ask(engine, [5], max_new_tokens=2)
    assert engine.num_rows == 2


def test_a_request_whose_time_is_over_is_told_and_frees_its_row():
    now = [0.0]
    backbone = tiny_backbone("gpt2")
    engine = engine_of(backbone, {}, Sizes(num_slots=1, slot_len=64), clock=lambda: now[0])
    late = ask(engine, [5], max_new_tokens=50, deadline=1.0)
    waits = ask(engine, [6], max_new_tokens=2)
    for _ in range(3):
        engine.step()
    now[0] = 2.0
    run(engine)
    assert late.last == Failed("deadline", "the request's time was over before its answer was whole.")
    assert waits.ids == alone(backbone, None, [6], 2)


def test_log_probabilities_are_the_models_own():
    backbone = tiny_backbone("gpt2")
    engine = engine_of(backbone, {})
    asked = Sampling(temperature=0.5, seed=3, num_logprobs=4, repetition_penalty=1.4)
    heard = ask(engine, [5, 6], max_new_tokens=3, sampling=asked)
    run(engine)
    ids = [5, 6]
    for token in heard.tokens:
        expected = torch.log_softmax(backbone.logits(text(ids))[0, -1].float(), -1)
        best = torch.topk(expected, 4)
        assert token.logprob == pytest.approx(float(expected[token.id]), abs=1e-4)
        assert [i for i, _ in token.likeliest] == best.indices.tolist()
        ids.append(token.id)


def test_every_row_can_be_ended_at_once():
    engine = engine_of(tiny_backbone("gpt2"), {}, SMALL)
    heard = [ask(engine, [5, 6], max_new_tokens=9) for _ in range(6)]
    engine.step()
    told = Failed("shutdown", "the server is going down.")
    engine.fail_all(told)
    assert all(one.last == told for one in heard)
    assert engine.num_rows == 0


def test_a_prefix_of_another_shape_never_reaches_the_pool():
    backbone = tiny_backbone("gpt2")
    engine = engine_of(backbone, {"other": random_prefix(tiny_backbone("llama"), 4)})
    heard = ask(engine, [5], "other", 4, max_new_tokens=2)
    run(engine)
    assert isinstance(heard.last, Failed)
    assert "the prefix was made for decoder attention with L=3 H=2 D=16, but tiny-gpt2 has" in heard.last.message
    assert "other" not in engine.pool


def test_a_text_longer_than_a_chunk_is_encoded_whole():
    backbone = tiny_backbone("bart")
    engine = engine_of(backbone, {}, Sizes(num_slots=2, slot_len=64, chunk_len=8))
    heard = [ask(engine, words(num, num), max_new_tokens=3) for num in (40, 3, 4)]
    run(engine)
    assert [one.ids for one in heard] == [alone(backbone, None, words(num, num), 3) for num in (40, 3, 4)]


def test_a_repetition_penalty_minds_what_was_written_and_not_what_an_encoder_read():
    backbone = tiny_backbone("bart")
    engine = engine_of(backbone, {})
    likeliest = alone(backbone, None, [5, 6, 7], 1)[0]
    reads_it = [likeliest, 5, 6, 7]
    plain, strict = (
        ask(engine, reads_it, max_new_tokens=1, sampling=Sampling(repetition_penalty=penalty))
        for penalty in (1.0, 50.0)
    )
    run(engine)
    assert plain.ids == strict.ids


def test_an_encoder_decoder_says_what_a_row_lacks():
    engine = engine_of(tiny_backbone("bart"), {})
    with pytest.raises(BadRequest, match="the prompt has 65 tokens; a row has room for 64. Ask for less, or start"):
        ask(engine, [5] * 65)
    with pytest.raises(BadRequest, match="max_tokens = 65; a row has room for an answer of 64. Ask for less, or start"):
        ask(engine, [5], max_new_tokens=65)


@pytest.mark.parametrize("family", ["gpt2", "gemma3", "bart"])
def test_answers_to_one_prompt_share_what_was_read_of_it(family):
    """In one batch and one after the other; whose prefix is another one's reads for himself; what each writes is its own."""
    backbone = tiny_backbone(family, sharp=1.5)
    prefixes = prefixes_for(backbone)
    prompt = words(30, 0)

    def written(seed: int, key: str, company: bool) -> list[list[int]]:
        engine = engine_of(backbone, prefixes, Sizes(num_slots=6, slot_len=80, chunk_len=16, pool_size=4))
        num_read = []
        really = engine.slots.read
        engine.slots.read = lambda at, ids: num_read.extend(map(len, ids)) or really(at, ids)  # type: ignore[method-assign]
        heard = [
            ask(engine, prompt, key, LENGTHS[key], max_new_tokens=6, sampling=Sampling(temperature=1.2, seed=seed + n))
            for n in range(4 if company else 1)
        ]
        other = ask(engine, prompt, "a", 4, max_new_tokens=2)
        run(engine)
        assert other.ids == alone(backbone, prefixes["a"], prompt, 2)
        once = 1 if company else 0
        assert sum(num_read) == (60 + 3 * once if family != "bart" else 60 + 90 * once)
        return [one.ids for one in heard]

    together = written(5, "b", company=True)
    assert together == [written(5 + n, "b", company=False)[0] for n in range(4)]
    assert len(set(map(tuple, together))) > 1


def test_a_row_whose_twin_is_cancelled_while_it_reads_reads_for_itself():
    backbone = tiny_backbone("gpt2")
    engine = engine_of(backbone, {}, Sizes(num_slots=3, slot_len=64, chunk_len=8))
    prompt = words(30, 0)
    heard = [ask(engine, prompt, max_new_tokens=3) for _ in range(2)]
    engine.step()
    engine.cancel(0)
    late = ask(engine, prompt, max_new_tokens=3)
    run(engine)
    assert heard[0].last == Finished("cancelled", 0)
    assert [heard[1].ids, late.ids] == [alone(backbone, None, prompt, 3)] * 2
    assert not engine._first
