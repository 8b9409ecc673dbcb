"""The engine's thread: many threads ask, every one is answered, whatever breaks."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.serve.served import Heard, alone, engine_of, until
from tests.tiny_models import random_prefix, tiny_backbone

from foreword.errors import BadRequest, Busy
from foreword.serve import runner as runners
from foreword.serve.engine import Engine, Sizes
from foreword.serve.request import Failed, Finished, Request
from foreword.serve.runner import Handle, Runner


class Waited(Heard):
    """Events of a row, and a way to wait for the last."""

    def __init__(self) -> None:
        super().__init__()
        self.done = threading.Event()

    def __call__(self, event) -> None:
        super().__call__(event)
        if self.over:
            self.done.set()

    def wait(self) -> "Waited":
        assert self.done.wait(30), "no last event in 30 s"
        return self


@pytest.fixture
def backbone():
    return tiny_backbone("gpt2")


SMALL = Sizes(num_slots=3, slot_len=64, pool_size=4)


def submit(runner: Runner, request: Request, listener) -> Handle:
    return runner.submit([(request, listener)])[0]


def runner_of(backbone, sizes: Sizes = SMALL, **prefixes) -> Runner:
    def make(wake: Callable[[], None]) -> Engine:
        engine = engine_of(backbone, prefixes, sizes)
        engine.fetcher.wake = wake
        return engine

    return Runner(make)


def test_threads_that_ask_at_once_are_all_answered(backbone):
    prefix = random_prefix(backbone, 5, 1)
    runner = runner_of(backbone, a=prefix)

    def ask(row: int) -> list[int]:
        heard = Waited()
        submit(runner, Request((5, 6 + row % 7), "a" if row % 2 else "", 5 if row % 2 else 0, 4), heard)
        return heard.wait().ids

    with ThreadPoolExecutor(6) as threads:
        got = list(threads.map(ask, range(24)))
    for row, ids in enumerate(got):
        assert ids == alone(backbone, prefix if row % 2 else None, [5, 6 + row % 7], 4)
    assert runner.num_open == 0
    assert runner.stop()


def test_what_cannot_be_served_is_refused_at_once(backbone):
    runner = runner_of(backbone)
    with pytest.raises(BadRequest, match="the prompt is empty"):
        submit(runner, Request(()), Waited())
    assert runner.num_open == 0
    runner.stop()


def test_too_many_are_refused_and_then_served_again(backbone):
    runner = runner_of(backbone, Sizes(num_slots=1, slot_len=64, max_waiting=1))
    held, gate = threading.Event(), threading.Event()
    runner.call(lambda engine: (held.set(), gate.wait(30)))
    held.wait(30)
    heard = [Waited(), Waited()]
    for one in heard:
        submit(runner, Request((5,), max_new_tokens=2), one)
    with pytest.raises(Busy, match="2 requests are open already, of at most 2. Try again in a moment"):
        submit(runner, Request((5,), max_new_tokens=9), Waited())
    gate.set()
    for one in heard:
        one.wait()
    again = Waited()
    submit(runner, Request((5,), max_new_tokens=2), again)
    assert again.wait().last == Finished("length", 2)
    runner.stop()


def test_a_request_can_be_cancelled_before_and_after_it_has_begun(backbone):
    runner = runner_of(backbone)
    held, gate = threading.Event(), threading.Event()
    runner.call(lambda engine: (held.set(), gate.wait(30)))
    held.wait(30)
    early = Waited()
    runner.cancel(submit(runner, Request((5,), max_new_tokens=50), early))
    gate.set()
    assert early.wait().last == Finished("cancelled", 0)
    late, first = Waited(), threading.Event()

    def hear(event) -> None:
        late(event)
        first.set()

    handle = submit(runner, Request((5,), max_new_tokens=50), hear)
    first.wait(30)
    runner.cancel(handle)
    last = late.wait().last
    assert isinstance(last, Finished)
    assert last.reason in ("cancelled", "length")
    runner.cancel(handle)
    assert runner.stop()


def test_a_listener_that_fails_ends_its_own_row_alone(backbone, caplog):
    runner = runner_of(backbone)
    other = Waited()

    def fails(event) -> None:
        raise OSError("gone")

    submit(runner, Request((5,), max_new_tokens=40), fails)
    submit(runner, Request((6,), max_new_tokens=10), other)
    assert other.wait().ids == alone(backbone, None, [6], 10)
    assert runner.stop(10)
    assert "a listener failed" in caplog.text


def test_a_broken_engine_is_replaced_and_everybody_is_told(backbone, caplog):
    runner = runner_of(backbone)
    broken = runner.engine

    def breaks() -> bool:
        raise RuntimeError("out of order")

    lost, after = Waited(), Waited()
    broken.step = breaks  # type: ignore[method-assign]
    handle = submit(runner, Request((5,), max_new_tokens=5), lost)
    assert lost.wait().last == Failed("error", "the server's engine broke. Try again.")
    submit(runner, Request((6,), max_new_tokens=5), after)
    runner.cancel(handle)  # of the engine that is gone: nobody in the new one is meant
    assert after.wait().ids == alone(backbone, None, [6], 5)
    assert runner.restarts == 1
    assert runner.stop()


def test_while_no_engine_can_be_made_requests_are_refused_and_then_served_again(backbone, monkeypatch, caplog):
    """The memory of the one that broke is free before another is made, or a machine that ran out of it would never come back."""
    monkeypatch.setattr(runners, "RETRY_S", 0.2)
    tries: list[int] = []
    first: list[Engine] = []

    def make(wake: Callable[[], None]) -> Engine:
        tries.append(first[0].slots.size_bytes if first else -1)
        if len(tries) in (2, 3):
            raise MemoryError("no room for the slots")
        engine = engine_of(backbone, {}, SMALL)
        engine.fetcher.wake = wake
        return engine

    runner = Runner(make)
    first.append(runner.engine)
    broken = Waited()
    monkeypatch.setattr(first[0], "step", lambda: 1 // 0)
    submit(runner, Request((5,), max_new_tokens=5), broken)
    assert broken.wait().last == Failed("error", "the server's engine broke. Try again.")
    until(lambda: runner.is_broken)
    with pytest.raises(Busy, match="the server's engine broke and is being made again. Try again in a moment"):
        submit(runner, Request((6,), max_new_tokens=5), Waited())
    assert runner.call(lambda engine: engine.facts().num_running).result(30) == 0
    until(lambda: runner.takes_requests)
    after = Waited()
    submit(runner, Request((6,), max_new_tokens=5), after)
    assert after.wait().ids == alone(backbone, None, [6], 5)
    assert tries == [-1, 0, 0, 0]
    assert (runner.restarts, runner.num_open) == (1, 0)
    assert runner.stop()


def test_stopping_lets_open_requests_finish_and_ends_those_that_do_not(backbone):
    runner = runner_of(backbone)
    quick = Waited()
    submit(runner, Request((5,), max_new_tokens=3), quick)
    assert runner.stop(drain_s=30)
    assert quick.ids == alone(backbone, None, [5], 3)
    with pytest.raises(Busy, match="the server is going down"):
        submit(runner, Request((5,), max_new_tokens=9), Waited())

    runner = runner_of(backbone, a=random_prefix(backbone, 4))
    held, gate = threading.Event(), threading.Event()
    runner.call(lambda engine: (held.set(), gate.wait(30)))
    held.wait(30)
    slow = Waited()
    submit(runner, Request((5,), max_new_tokens=50), slow)
    threading.Timer(0.1, gate.set).start()
    assert not runner.stop(drain_s=0.0)
    assert slow.wait().last == Failed("shutdown", "the server is going down. Try again in a moment.")
    assert not runner.is_alive


def test_a_call_brings_its_result_or_its_error_back(backbone):
    runner = runner_of(backbone)
    assert runner.call(lambda engine: engine.num_rows).result(30) == 0
    with pytest.raises(ZeroDivisionError):
        runner.call(lambda engine: 1 // 0).result(30)
    runner.stop()


def test_a_call_that_nobody_waits_for_any_more_is_not_made_and_breaks_nothing(backbone):
    runner = runner_of(backbone)
    held, gate, called = threading.Event(), threading.Event(), []
    runner.call(lambda engine: (held.set(), gate.wait(30)))
    held.wait(30)
    assert runner.call(called.append).cancel()
    gate.set()
    assert runner.call(lambda engine: engine.num_rows).result(30) == 0
    assert (called, runner.restarts) == ([], 0)
    runner.stop()
