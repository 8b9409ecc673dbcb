"""Engines over tiny models, listeners that remember, and the obvious way to write a row: alone, everything computed again."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor

import torch
from tests.tiny_models import pair, text

from foreword.backbone import Backbone
from foreword.backbone.wording import decoder_opening
from foreword.errors import StoreError
from foreword.prefix import Injection, Prefix
from foreword.serve.engine import Engine, Sizes
from foreword.serve.request import Event, Failed, Finished, Piece, Request, Token

SMALL = Sizes(num_slots=3, slot_len=64, chunk_len=8, pool_size=3, max_waiting=100)


class Heard:
    """Every event of one row."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        assert not self.over, f"{event} came after the last event"
        self.events.append(event)

    @property
    def over(self) -> bool:
        return bool(self.events) and isinstance(self.events[-1], Finished | Failed)

    @property
    def last(self) -> Finished | Failed:
        last = self.events[-1]
        assert isinstance(last, Finished | Failed), "the row is not at its end"
        return last

    @property
    def pieces(self) -> list[Piece]:
        return [event for event in self.events if isinstance(event, Piece)]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)

    @property
    def tokens(self) -> list[Token]:
        return [token for piece in self.pieces for token in piece.tokens]

    @property
    def ids(self) -> list[int]:
        return [token.id for token in self.tokens]


def engine_of(
    backbone: Backbone, prefixes: Mapping[str, Prefix], sizes: Sizes = SMALL, executor: Executor | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> Engine:  # fmt: skip
    """An engine whose prefixes are these, by the names in place of hashes."""

    def load(key: str) -> Prefix:
        if key not in prefixes:
            raise StoreError(f"there is no prefix {key!r} here.")
        return prefixes[key]

    return Engine(backbone, load, sizes, executor, clock)


def ask(engine: Engine, ids: list[int], prefix: str = "", prefix_len: int = 0, **told: object) -> Heard:
    heard = Heard()
    engine.submit(Request(tuple(ids), prefix, prefix_len, **told), heard)  # type: ignore[arg-type]
    return heard


def run(engine: Engine, most: int = 3000) -> None:
    """Steps until there is nothing to do."""
    for _ in range(most):
        if not engine.step() and not engine.num_rows:
            return
    raise AssertionError(f"{engine.num_rows} rows are still there after {most} steps")


def until(happens: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


@torch.no_grad()
def alone(backbone: Backbone, prefix: Prefix | None, ids: list[int], num: int, end: tuple[int, ...] = ()) -> list[int]:
    """The likeliest ids, one after the other, the whole row computed again for each."""
    injection, is_beside = None if prefix is None else Injection.of(prefix), backbone.kind == "encoder-decoder"
    before = decoder_opening(backbone) if is_beside else ids
    made = list(before)
    for _ in range(num):
        texts = pair(text(ids), text(made)) if is_beside else text(made)
        best = int(backbone.logits(texts, injection)[0, -1].argmax())
        if best in end:
            break
        made.append(best)
    return made[len(before) :]
