"""OpenAI's API, as the official client speaks it and as strangers do."""

import asyncio
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest
from pydantic import ValidationError
from tests.serve.served import until
from tests.serve.servers import Served, served

from foreword.errors import BadRequest, Busy, StoreAway
from foreword.serve import batch
from foreword.serve.asking import Asker, Settings
from foreword.serve.batch import answer_file, in_order, line_of
from foreword.serve.engine import Sizes
from foreword.serve.http.answers import Form, Row, spelled
from foreword.serve.http.app import bunch
from foreword.serve.http.bodies import ChatBody, CompletionBody
from foreword.serve.http.page import SideBySideBody
from foreword.serve.request import Finished, Piece, Request, Token
from foreword.serve.service import Service
from foreword.serve.tenants.ledger import Limits, Tenant

TEMPLATE = (
    "{% for m in messages %}{{ m.role[0] }}:{{ m.content }} {% endfor %}{% if add_generation_prompt %}a:{% endif %}"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("store"), chat_template=TEMPLATE) as running:
        yield running


def refused(call, status: int, words: str) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    assert caught.value.status_code == status, caught.value.message
    assert words in caught.value.message
    return caught.value


def test_the_official_client_gets_what_the_prefix_writes(server):
    made = server.openai.completions.create(model="tiny:a", prompt="so it is")
    assert made.choices[0].text == server.written("a", "so it is")
    assert (made.object, made.model, made.choices[0].index) == ("text_completion", "tiny:a", 0)
    assert made.usage is not None
    assert made.usage.prompt_tokens == len(" so it is") + 1
    assert made.usage.model_extra == {"prefix_positions": 3}


def test_a_name_a_version_and_the_base_in_front_are_ways_to_say_the_same(server):
    asked = [
        server.openai.completions.create(model=m, prompt="so").choices[0].text
        for m in ("a", "a@1", "tiny:a", "tiny:a@1")
    ]
    assert asked == [server.written("a", "so")] * 4


def test_a_base_whose_own_name_has_a_colon_is_named_before_its_prefixes(server, monkeypatch):
    monkeypatch.setattr(server.service, "name", "tiny:8b")
    for model in ("a", "tiny:8b:a", "tiny:8b:a@1"):
        entry = server.service.entry(Tenant(), model)
        assert entry is not None
        assert entry.reference == "a@1"
    assert server.service.entry(Tenant(), "tiny:8b") is None


def test_prefixes_are_mixed_in_one_batch_and_each_answers_as_if_alone(server):
    got: dict[str, list[str]] = {}

    def ask(name: str) -> None:
        made = server.openai.completions.create(model=f"tiny:{name}", prompt=["no", "up or out"], n=1)
        got[name] = [choice.text for choice in made.choices]

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {name: [server.written(name, "no"), server.written(name, "up or out")] for name in "abc"}


@pytest.mark.parametrize("family", ["bart", "t5"])
def test_an_encoder_decoder_answers_texts_with_prefixes_mixed(family, tmp_path):
    """Encoder, cross and decoder prefixes differ from row to row, and each text is answered as if alone."""
    with served(tmp_path, family=family) as running:
        names, prompts = ("tiny:a", "b", "c@1"), ["no", "up or out, it is"]
        with ThreadPoolExecutor(3) as pool:
            asked = [pool.submit(running.openai.completions.create, model=name, prompt=prompts) for name in names]
            got = [[choice.text for choice in one.result().choices] for one in asked]
        assert got == [[running.written(name, prompt) for prompt in prompts] for name in "abc"]
        stream = running.openai.completions.create(model="a", prompt="up", stream=True)
        assert "".join(chunk.choices[0].text for chunk in stream) == running.written("a", "up")
        assert running.openai.completions.create(model="tiny", prompt="up", max_tokens=100).choices[0].finish_reason
        refused(
            lambda: running.openai.completions.create(model="tiny", prompt="u" * 200), 400,
            "the prompt has 200 tokens; a row has room for 100. Ask for less",
        )  # fmt: skip


def test_without_a_seed_each_answer_is_drawn_anew_and_with_one_it_is_the_same(server):
    ask = server.openai.completions.create

    def texts(seed: int | None, n: int = 1) -> list[str]:
        asked = {} if seed is None else {"seed": seed}
        made = ask(model="tiny", prompt="so", temperature=1.5, max_tokens=12, n=n, **asked)
        return [choice.text for choice in made.choices]

    assert len({texts(None)[0] for _ in range(4)}) > 1
    assert texts(7) == texts(7)
    assert len(set(texts(-1, n=4))) == 4
    assert texts(-1, n=3)[0] == texts(-1)[0]


def test_the_base_goes_on_from_a_text_as_it_stands(server):
    made = server.openai.completions.create(model="tiny", prompt="so", max_tokens=3, temperature=0)
    by_ids = server.openai.completions.create(
        model="tiny", prompt=server.backbone.tokenizer("so")["input_ids"], max_tokens=3, temperature=0
    )
    assert made.choices[0].text == by_ids.choices[0].text
    assert made.usage is not None
    assert made.usage.model_extra == {"prefix_positions": 0}


def test_a_stream_is_the_answer_piece_by_piece(server):
    stream = server.openai.completions.create(
        model="a", prompt="so it is", stream=True, stream_options={"include_usage": True}, n=2
    )
    texts, reasons, usage = ["", ""], [], None
    for chunk in stream:
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            reasons += [choice.finish_reason] if choice.finish_reason else []
        usage = chunk.usage or usage
    assert texts == [server.written("a", "so it is")] * 2
    assert reasons == ["length", "length"]
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (10, 12)


def test_a_conversation_is_written_by_the_tokenizers_template(server):
    asked = {"model": "tiny", "max_completion_tokens": 4, "temperature": 0}
    made = server.openai.chat.completions.create(messages=[{"role": "user", "content": "hi"}], **asked)
    plain = server.openai.completions.create(model="tiny", prompt="u:hi a:", max_tokens=4, temperature=0)
    assert made.choices[0].message.content == plain.choices[0].text
    stream = server.openai.chat.completions.create(
        messages=[{"role": "user", "content": [{"type": "text", "text": "hi"}]}], stream=True, **asked
    )
    said = [chunk.choices[0].delta for chunk in stream]
    assert said[0].role == "assistant"
    assert "".join(delta.content or "" for delta in said) == plain.choices[0].text


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (
            {"max_tokens": 3, "max_completion_tokens": 4},
            "max_tokens and max_completion_tokens are the same, and differ here",
        ),
        ({"top_logprobs": 2}, "top_logprobs needs logprobs = true"),
    ],
)
def test_what_a_chat_cannot_ask_together_is_told(server, told, why):
    body = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], **told}
    answer = server.http.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["message"][: len(why)]) == (400, why)


def test_messages_that_a_template_refuses_are_told(tmp_path):
    """Templates are programs; some want user and assistant to take turns."""
    with served(tmp_path, chat_template="{{ raise_exception('take turns') }}") as running:
        body = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
        answer = running.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "tiny's chat template refuses these messages: take turns."


def test_who_speaks_is_told_once_in_a_stream_whatever_comes_first():
    """Clients put together what they are told twice: an `assistantassistant` would speak."""
    for pieces in ([], [""], ["", " so"], [" so", ""]):
        form = Form(True, "m", lambda places, begins: [], strips=True)
        chunks = [form.chunk(0, Piece(text, ())) for text in pieces] + [form.end(0, Finished("stop", 1))]
        deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
        assert [delta.get("role") for delta in deltas] == ["assistant"] + [None] * len(pieces)
        assert "".join(delta.get("content", "") for delta in deltas) == "".join(pieces).strip()


def test_a_chat_that_may_not_be_asked_costs_no_template(tmp_path, monkeypatch):
    """It is written under a lock that everybody waits for."""
    with served(tmp_path, tenants={"acme": Limits(requests_per_minute=1)}, chat_template=TEMPLATE) as running:
        body = {"model": "tiny", "max_tokens": 1, "messages": [{"role": "user", "content": "hi"}]}
        assert running.http.post("/v1/chat/completions", json=body).status_code == 200
        monkeypatch.setattr(Service, "chat_ids", lambda *_: 1 // 0)
        assert running.http.post("/v1/chat/completions", json=body).status_code == 429


def lines_of(num):
    return [line_of(number, json.dumps({"model": "a", "prompt": "so"})) for number in range(num)]


def test_a_file_waits_for_a_store_that_does_not_answer(server, monkeypatch):
    """A moment's silence is nobody's fault: it would be told of every line behind it."""
    ask, silent = Service.ask, [StoreAway("away"), StoreAway("away")]

    def sometimes(*told):
        if silent:
            raise silent.pop()
        return ask(*told)

    monkeypatch.setattr(Service, "ask", sometimes)
    assert [answer["error"] for answer in in_order(server.service, lines_of(3))] == [None] * 3


@pytest.mark.parametrize("error", [StoreAway("the store is away"), Busy("the engine broke")])
def test_a_file_ends_where_nobody_answers_for_long_and_what_was_answered_is_kept(server, tmp_path, monkeypatch, error):
    file, out, ask, asked = tmp_path / "in.jsonl", tmp_path / "out.jsonl", Service.ask, []
    file.write_text('{"model": "a", "prompt": "so"}\n' * 4)

    def breaks(*told):
        asked.append(told)
        if len(asked) > 2:
            raise error
        return ask(*told)

    monkeypatch.setattr(batch, "PATIENCE_S", 0.1)
    monkeypatch.setattr(Service, "ask", breaks)
    if isinstance(error, Busy):
        monkeypatch.setattr(type(server.service.runner), "takes_requests", property(lambda _: len(asked) < 3))
    with pytest.raises(type(error), match=str(error)):
        answer_file(server.service, file, out)
    assert len(out.read_text().splitlines()) == 2
    monkeypatch.undo()
    assert answer_file(server.service, file, out) == 0
    assert len(out.read_text().splitlines()) == 4


def test_a_line_that_is_answered_before_it_is_known_to_be_asked_is_answered(server, monkeypatch):
    """The engine's thread may be through with it sooner than the one that asked."""
    ask = Service.ask

    def late(*told):
        asked = ask(*told)
        time.sleep(0.5)
        return asked

    monkeypatch.setattr(Service, "ask", late)
    [answer] = in_order(server.service, [line_of(1, json.dumps({"model": "a", "prompt": "so"}))])
    assert answer["error"] is None
    assert answer["response"]["body"]["choices"][0]["text"] == server.written("a", "so")


def test_a_chat_ends_where_the_model_itself_ends_a_turn(server):
    """Some do with another token than a text; a prefix's answers end as they were trained to."""
    asker = Asker(server.backbone, 100)
    entry = server.service.entry(Tenant(), "a")
    own, server.backbone.own_ends = server.backbone.own_ends, [1, 10]
    try:
        assert [asker.request("so", one).end_ids for one in (None, entry)] == [(1, 10), (1,)]
    finally:
        server.backbone.own_ends = own


def test_who_asks_for_less_than_a_prefix_writes_at_least_gets_less(server):
    """The prefix's own least length is a default; one that was asked for beyond the end is a contradiction."""
    entry = server.service.entry(Tenant(), "a")
    entry = replace(entry, decoding={**entry.decoding, "min_new_tokens": 5})
    asked = Asker(server.backbone, 100).request("so", entry, Settings(max_new_tokens=2))
    assert (asked.max_new_tokens, asked.min_new_tokens) == (2, 2)
    ask = server.openai.completions.create
    refused(lambda: ask(model="a", prompt="so", max_tokens=2, extra_body={"min_tokens": 3}), 400, "min_tokens = 3")


def test_an_answer_can_be_sent_back_as_the_official_client_gives_it(server):
    """`messages.append(answer.choices[0].message)` sends our own nulls."""
    said: list[Any] = [{"role": "user", "content": "so it is"}]
    ask = server.openai.chat.completions.create
    said.append(ask(model="a", messages=said).choices[0].message)
    assert ask(model="a", messages=[*said, {"role": "user", "content": "and"}]).choices


def test_a_chat_goes_on_as_far_as_there_is_room(server):
    """Where nobody says how long; a completion stops after OpenAI's sixteen."""
    said = [{"role": "user", "content": "hi"}]
    chat = server.openai.chat.completions.create(model="tiny", messages=said, extra_body={"ignore_eos": True})
    assert chat.usage is not None
    assert chat.usage.prompt_tokens + chat.usage.completion_tokens == 100
    plain = server.openai.completions.create(model="tiny", prompt="hi", extra_body={"ignore_eos": True})
    assert plain.usage is not None
    assert plain.usage.completion_tokens == 16


def test_log_probabilities_come_in_both_apis_forms(server):
    made = server.openai.completions.create(model="a", prompt="so", logprobs=2, max_tokens=3)
    told = made.choices[0].logprobs
    assert told is not None
    assert told.tokens is not None
    assert "".join(told.tokens) == made.choices[0].text
    assert all(len(best) == 2 for best in told.top_logprobs or [])
    chat = server.openai.chat.completions.create(
        model="a", messages=[{"role": "user", "content": "so"}], logprobs=True, top_logprobs=3, max_tokens=2
    )
    assert chat.choices[0].logprobs is not None
    content = chat.choices[0].logprobs.content or []
    assert [len(token.top_logprobs) for token in content] == [3, 3]
    assert content[0].logprob == pytest.approx(content[0].top_logprobs[0].logprob)


def test_several_answers_to_one_prompt_are_drawn_apart_and_can_be_had_again(server):
    def drawn(seed: int) -> list[str]:
        made = server.openai.completions.create(model="a", prompt="so", n=4, temperature=2, seed=seed, max_tokens=8)
        return [choice.text for choice in made.choices]

    assert drawn(1) == drawn(1)
    assert len(set(drawn(1))) > 1
    assert drawn(1) != drawn(100)


def test_an_answer_ends_before_a_stop_string(server):
    whole = server.written("b", "so", 20)
    stop = whole[5:7]
    made = server.openai.completions.create(model="b", prompt="so", stop=[stop], max_tokens=20)
    assert made.choices[0].text == whole[: whole.index(stop)]
    assert made.choices[0].finish_reason == "stop"


def test_models_are_the_base_and_the_prefixes(server):
    server.service.library.refresh("")
    listed = {model.id: model.model_extra or {} for model in server.openai.models.list()}
    assert set(listed) == {"tiny", "tiny:a", "tiny:b", "tiny:c"}
    assert (listed["tiny:b"]["parent"], listed["tiny:b"]["prefix_positions"]) == ("tiny", 4)
    assert server.openai.models.retrieve("tiny:b").id == "tiny:b@1"
    refused(lambda: server.openai.models.retrieve("tiny:nope"), 404, "unknown prefix 'nope'")


@pytest.mark.parametrize(
    ("told", "status", "words"),
    [
        ({"model": "tiny:nope"}, 404, "unknown prefix 'nope'"),
        (
            {"prompt": "so \ue001"},
            400,
            "the prompt holds the character U+E001, which marks the place of a trained vector here",
        ),
        ({"model": "tiny:../../etc/passwd"}, 404, "unknown model 'tiny:../../etc/passwd'"),
        ({"model": "GPT-4"}, 404, "unknown model 'GPT-4'"),
        ({"model": "other:a"}, 404, "unknown model 'other:a'"),
        ({"model": "tiny:a@0"}, 400, "names no version"),
        ({"prompt": " "}, 400, "the prompt is blank"),
        ({"prompt": ""}, 400, "prompt is empty"),
        ({"prompt": []}, 400, "prompt is empty"),
        ({"prompt": [97]}, 400, "97 is no token of tiny-gpt2, which has 0 to 96"),
        ({"prompt": [-1]}, 400, "greater than or equal to 0"),
        ({"max_tokens": 10**9}, 400, "a row has room for 100"),
        ({"max_tokens": 0}, 400, "greater than or equal to 1"),
        ({"n": 10**9}, 400, "less than or equal to 128"),
        ({"prompt": ["a"] * 100, "n": 2}, 400, "100 prompts with n = 2 are more than 128 answers"),
        ({"stop": ["x"] * 100_000}, 400, "at most 16 items"),
        ({"temperature": 3}, 400, "less than or equal to 2"),
        ({"logit_bias": {"97": 1}}, 400, "97 is no token"),
        ({"logit_bias": {"x": 1}}, 400, "logit_bias"),
        ({"best_of": 3}, 400, "best_of = 3 and n = 1: as many are written"),
        ({"echo": True}, 400, "echo: Input should be False"),
        ({"extra_body": {"beams": 3}}, 400, "beams: Extra inputs are not permitted"),
        ({"stream_options": {"include_usage": True}}, 400, "stream_options needs stream = true"),
        ({"logprobs": 50}, 400, "less than or equal to 20"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(server, told, status, words):
    error = refused(
        lambda: server.openai.completions.create(**{"model": "tiny:a", "prompt": "so", **told}), status, words
    )
    assert set(error.response.json()["error"]) == {"message", "type", "param", "code"}


def test_log_probabilities_in_a_stream_stand_where_they_stand_in_the_whole(server):
    told = {"model": "a", "prompt": "so", "logprobs": 1}
    whole = server.openai.completions.create(**told).choices[0].logprobs
    parts = [chunk.choices[0].logprobs for chunk in server.openai.completions.create(**told, stream=True)]
    assert [at for part in parts if part for at in part.text_offset] == whole.text_offset
    assert [word for part in parts if part for word in part.tokens] == whole.tokens


def test_part_of_a_character_has_no_bytes_of_its_own():
    assert spelled("a", -0.5) == {"token": "a", "logprob": -0.5, "bytes": [97]}
    assert spelled("\N{REPLACEMENT CHARACTER}", -0.5)["bytes"] is None


def test_null_means_not_given_and_what_changes_nothing_is_taken(server):
    nulls = dict.fromkeys(
        ["n", "stream", "presence_penalty", "frequency_penalty", "stop", "seed", "logit_bias", "suffix"]
    )
    idle = {"best_of": 1, "echo": False, "user": "me", "metadata": {"order": "7"}, "service_tier": "auto"}
    answer = server.http.post("/v1/completions", json={"model": "a", "prompt": "so", **idle, **nulls})
    assert answer.status_code == 200, answer.text
    assert answer.json()["choices"][0]["text"] == server.written("a", "so")
    said = server.openai.chat.completions.create(
        model="a", messages=[{"role": "user", "content": "so", "name": "ann"}], response_format={"type": "text"},
        max_tokens=2, max_completion_tokens=2, user="me",
    )  # fmt: skip
    assert said.usage is not None
    assert said.usage.completion_tokens == 2


def test_a_chat_that_ends_at_once_is_the_assistants_too(server):
    end = str(server.backbone.tokenizer.eos_token_id)
    chunks = list(
        server.openai.chat.completions.create(
            model="a", messages=[{"role": "user", "content": "so"}], logit_bias={end: 100}, stream=True
        )
    )
    assert [(chunk.choices[0].delta.role, chunk.choices[0].finish_reason) for chunk in chunks] == [
        ("assistant", "stop")
    ]


def test_usage_comes_with_the_last_chunk_and_is_null_in_the_others(server):
    body = {"model": "a", "prompt": "so", "stream": True, "stream_options": {"include_usage": True}}
    lines = server.http.post("/v1/completions", json=body).text.splitlines()
    chunks = [json.loads(line[6:]) for line in lines if line.startswith("data: {")]
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    assert chunks[-1]["usage"]["completion_tokens"] == 6


def test_offsets_are_of_the_text_that_is_told():
    """A prefix's answer is told without the space that it begins with."""
    form = Form(
        False, "m", lambda places, begins: [[{1: " so", 2: " it"}[i] for i in ids] for ids in places], strips=True
    )
    row = Row(" so it", [Token(1, -0.1), Token(2, -0.2)], Finished("stop", 2))
    choice = form.whole([row], [Request((5,))], 1)["choices"][0]
    assert (choice["text"], choice["logprobs"]["text_offset"]) == ("so it", [0, 2])
    assert choice["text"][2:] == " it"


def test_offsets_are_of_a_text_whose_first_word_has_no_space():
    """A tokenizer of the Llama kind writes none where a text begins; asked in parts, a token behind others has its own."""
    form = Form(False, "m", lambda places, begins: [[" so"[begins:]] * 2 for _ in places], strips=False)
    parts = [form.chunk(0, Piece(text, (Token(1, -0.1, ((1, -0.1),)),))) for text in ("so", " so")]
    told = [part["choices"][0]["logprobs"] for part in parts]
    assert [(one["tokens"], one["text_offset"], list(one["top_logprobs"][0])) for one in told] == [
        (["so"], [0], ["so"]),
        ([" so"], [2], [" so"]),
    ]


def test_a_question_that_asks_for_the_text_many_times_is_refused_before_it_is_put_together(tmp_path):
    """Whoever may upload a prefix may write what he likes there."""
    with served(tmp_path) as running:
        entry = replace(running.service.library.find("", "a"), question="{source} " * 10**6)
        with pytest.raises(BadRequest, match=r"the prompt has \d{8} characters, more than the 100 tokens"):
            running.service._asker.request("so it is", entry)
        assert running.service._asker.request("so", replace(entry, question="Say {source}:")).ids


def test_a_text_too_long_for_any_row_is_refused_before_it_is_cut_into_tokens(server, monkeypatch):
    """Which would take seconds, in which nobody else is answered."""
    monkeypatch.setattr(server.service._asker.backbone, "tokenizer", None)
    words = (
        r"the prompt has 4000000 characters, more than the 100 tokens that a row has room for could hold. Ask for less"
    )
    refused(lambda: server.openai.completions.create(model="a", prompt="u" * 4_000_000), 400, words)
    told = [{"role": "user", "content": "u" * 3_000_000}]
    refused(lambda: server.openai.chat.completions.create(model="tiny", messages=told), 400, "3000000 characters")


def test_while_a_long_text_is_cut_into_tokens_others_are_answered(server, monkeypatch):
    held, gate = threading.Event(), threading.Event()
    really = server.service._asker.request

    def slowly(*told):
        held.set()
        assert gate.wait(20)
        return really(*told)

    monkeypatch.setattr(server.service._asker, "request", slowly)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(server.openai.completions.create, model="a", prompt="so")
        assert held.wait(20)
        assert server.http.get("/healthz").json() == {"status": "ok"}
        gate.set()
        assert asked.result().choices[0].text == server.written("a", "so")


def test_a_bug_is_told_in_the_same_form(server, monkeypatch, caplog):
    monkeypatch.setattr(server.service, "ask", lambda *told: 1 // 0)
    answer = server.http.post("/v1/completions", json={"model": "a", "prompt": "so"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert answer.json()["error"]["message"] == "the server failed on this request, and has logged why."


def test_a_tokenizer_without_a_template_has_no_conversations(tmp_path):
    with served(tmp_path) as plain:
        ask = plain.openai.chat.completions.create
        refused(
            lambda: ask(model="tiny", messages=[{"role": "user", "content": "hi"}]),
            400,
            "tiny's tokenizer has no chat template",
        )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{" * 100_000, 400),
        (b'{"a":' * 50_000, 400),
        (b"[" * 100_000 + b"]" * 100_000, 400),
        (b"\xff\xfe", 400),
        (b"", 400),
        (b'{"model": "a", "prompt": "so", "temperature": NaN}', 400),
        (b'{"model": "a", "prompt": "' + b"a" * 5_000_000 + b'"}', 413),
        (b'{"model": "a", "prompt": "' + b"a" * 200_000 + b'"}', 400),
        (b'{"model": "a", "prompt": [' + b"{}," * 200_000 + b"{}]}", 400),
        (b'{"model": "a", "prompt": "\\ud800 half a character"}', 400),
    ],
    ids=["open braces", "deep", "deep lists", "no text", "nothing", "no number", "5 MB", "200 kB", "wide", "half"],
)
def test_bodies_of_strangers_harm_nobody(server, body, status):
    answer = server.http.post("/v1/completions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["message"]
    assert server.openai.completions.create(model="a", prompt="so").choices[0].text == server.written("a", "so")


WIDE = {str(number): 1.0 for number in range(5000)}


@pytest.mark.parametrize(
    ("body", "told", "words"),
    [
        (CompletionBody, {"prompt": [{}] * 5000}, "must be a text, a list of texts"),
        (CompletionBody, {"prompt": ["so", *[{}] * 5000]}, "valid string"),
        (CompletionBody, {"prompt": [1, *[{}] * 5000]}, "valid integer"),
        (CompletionBody, {"prompt": [[1, *["x"] * 5000]]}, "valid integer"),
        (CompletionBody, {"prompt": "so", **WIDE}, "has 5002 fields, of at most 64"),
        (CompletionBody, {"prompt": "so", "logit_bias": WIDE}, "has 5000 fields, of at most 1000"),
        (ChatBody, {"messages": [{}] * 500}, "Field required"),
        (ChatBody, {"messages": [{"role": "user", "content": [{}] * 5000}]}, "Field required"),
        (SideBySideBody, {"prompt": "so", "models": [{}] * 60}, "valid string"),
    ],
)
def test_of_a_body_with_thousands_of_faults_the_first_few_are_told(body, told, words):
    """Each one costs time in which nobody else is answered."""
    with pytest.raises(ValidationError, match=words) as caught:
        body.model_validate({"model": "a", **told})
    assert caught.value.error_count() <= 3


def test_where_a_body_is_no_json_is_told(server):
    answer = server.http.post("/v1/completions", content=b'{"model": }', headers={"Content-Type": "application/json"})
    told = answer.json()["error"]
    assert (told["message"], told["param"]) == ("the body is no JSON: Expecting value, at character 10.", None)


def test_tokens_are_counted_as_they_are_told(tmp_path):
    """Whoever watches sees an answer that is being written."""
    with served(tmp_path) as running:
        with running.openai.completions.create(model="a", prompt="so", max_tokens=80, stream=True) as stream:
            next(iter(stream))
            until(
                lambda: running.service.metrics.registry.get_sample_value("foreword_tokens_total", {"kind": "answer"})
            )
        until(lambda: free(running))


def test_requests_that_are_refused_are_counted_by_cause(tmp_path):
    with served(tmp_path, admin=True) as running:
        json_type = {"Content-Type": "application/json"}
        for answer in (
            running.http.post("/v1/completions", json={"model": "nobody", "prompt": "so"}),
            running.http.post("/v1/completions", json={"model": "a"}),
            running.http.post("/v1/completions", content=b"{", headers=json_type),
            running.http.post("/v1/completions", content=b" " * 5_000_000, headers=json_type),
            running.http.get("/nowhere"),
        ):
            assert answer.status_code >= 400
        text = running.http.get("/metrics").text
        for cause, num in {"model_not_found": 1, "bad_request": 2, "too_large": 1, "http": 1}.items():
            assert f'foreword_errors_total{{cause="{cause}"}} {num}.0' in text


def test_a_body_that_hides_its_length_is_cut_off(server):
    def endless():
        while True:
            yield b"a" * 65536

    with suppress(httpx.TransportError):  # it may hang up while we are still talking
        assert server.http.post("/v1/completions", content=endless()).status_code == 413
    assert server.openai.completions.create(model="a", prompt="so").choices[0].text == server.written("a", "so")


def free(server: Served) -> bool:
    facts = server.service.facts()
    return not facts.num_running and not facts.num_waiting and not server.service.runner.num_open


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_frees_its_row(server, stream):
    """A storm of them."""
    body = json.dumps(
        {"model": "a", "prompt": "so", "max_tokens": 85, "ignore_eos": True, "stream": stream, "n": 2}
    ).encode()
    head = (
        b"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    port = int(server.url.rpartition(":")[2])
    for _ in range(8):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + body)
            if stream:
                connection.recv(100)
    until(lambda: free(server))
    text = server.service.metrics.text().decode()
    assert 'foreword_requests_total{outcome="cancelled"}' in text


def test_a_full_server_says_when_to_come_again(tmp_path):
    with served(tmp_path, sizes=Sizes(num_slots=1, slot_len=100, max_waiting=1, pool_size=2)) as small:
        error = refused(
            lambda: small.openai.completions.create(model="a", prompt=["so"] * 5), 429, "requests are open already"
        )
        assert error.response.headers["Retry-After"] == "1"
        until(lambda: free(small))
        assert small.openai.completions.create(model="a", prompt="so").choices[0].text == small.written("a", "so")


def test_an_answer_that_takes_too_long_is_given_up(tmp_path):
    with served(tmp_path, timeout_s=0.0) as late:
        refused(lambda: late.openai.completions.create(model="a", prompt="so"), 504, "the request's time was over")


def test_health_readiness_and_metrics(tmp_path):
    with served(tmp_path) as running:
        http = running.http
        assert http.get("/healthz").json() == {"status": "ok"}
        assert http.get("/readyz").status_code == 200
        running.openai.completions.create(model="a", prompt="so")
        text = http.get("/metrics").text
        for name in (
            "foreword_time_to_first_token_seconds_count 1.0",
            "foreword_inter_token_seconds_count",
            "foreword_rows_waiting 0.0",
            'foreword_batch_prefixes_bucket{le="1.0"}',
            'foreword_pool_hits_total{tier="disk"} 1.0',
            'foreword_pool_hits_total{tier="remote"} 0.0',
            "foreword_prefix_load_seconds_count 1.0",
            "foreword_pool_evictions_total 0.0",
            'foreword_requests_total{outcome="length"} 1.0',
            'foreword_tokens_total{kind="answer"} 6.0',
        ):
            assert name in text
        running.service.close()
        assert http.get("/readyz").status_code == 503
        refused(lambda: running.openai.completions.create(model="a", prompt="so"), 429, "the server is going down")


def test_with_tenants_every_request_wants_a_key(tmp_path):
    with served(tmp_path, tenants={"acme": Limits(), "other": Limits()}) as running:
        text = running.openai.completions.create(model="other-own", prompt="so").choices[0].text
        assert text == running.written("other-own", "so")
        refused(
            lambda: running.openai.completions.create(model="acme-own", prompt="so"), 404, "unknown prefix 'acme-own'"
        )
        assert "tiny:acme-own" not in {model.id for model in running.openai.models.list()}
        with closing(running.with_key("fw-wrong")) as wrong:
            for call in (lambda: wrong.openai.completions.create(model="a", prompt="so"), wrong.openai.models.list):
                assert (
                    refused(call, 401, "this server wants a key").response.json()["error"]["code"] == "invalid_api_key"
                )
            assert wrong.http.get("/healthz").status_code == 200
            assert wrong.http.get("/v1/prefixes").status_code == 401


def test_a_tenant_is_held_to_his_minute(tmp_path):
    with served(tmp_path, tenants={"acme": Limits(requests_per_minute=2)}) as running:
        for _ in range(2):
            running.openai.completions.create(model="a", prompt="so")
        error = refused(
            lambda: running.openai.completions.create(model="a", prompt="so"), 429, "as much as it may in a minute"
        )
        assert 1 <= int(error.response.headers["Retry-After"]) <= 30
    with served(tmp_path / "tokens", tenants={"acme": Limits(tokens_per_minute=20)}) as running:
        refused(
            lambda: running.openai.completions.create(model="a", prompt="so", max_tokens=30),
            400,
            "more than this key's 20 a minute",
        )
        running.openai.completions.create(model="a", prompt="so", max_tokens=10)
        refused(lambda: running.openai.completions.create(model="a", prompt="so", max_tokens=10), 429, "Try again in")


def test_a_bunch_is_what_came_meanwhile_each_answers_pieces_made_one():
    async def gathered(coalesce_s: float) -> list:
        events: asyncio.Queue = asyncio.Queue()
        for number, event in [
            (0, Piece("a", ())),
            (1, Piece("x", ())),
            (0, Piece("b", ())),
            (0, Finished("stop", 2)),
            (1, Piece("y", ())),
        ]:
            events.put_nowait((number, event))
        found = [await bunch(events, coalesce_s)]
        while not events.empty():
            found.append(await bunch(events, coalesce_s))
        return found

    assert asyncio.run(gathered(0.001)) == [[(0, Piece("ab", ())), (1, Piece("xy", ())), (0, Finished("stop", 2))]]
    assert [len(some) for some in asyncio.run(gathered(0.0))] == [1] * 5
