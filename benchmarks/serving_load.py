"""Requests for the serving benchmark, and an engine that notes when what happened.

Comes in:  a backbone, names of prefixes.      Goes out: tokens a second, seconds to first tokens, gaps between steps.
Load is open-loop: requests come when they come (gaps drawn from a Gamma distribution, prefixes by a power law, as S-LoRA has it),
whether or not the engine is ready for them.
"""

import itertools
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import Any

import torch

PROMPT_LEN, ANSWER_LEN, PREFIX_LEN = 24, 16, 10
TINY = {"n_layer": 2, "n_embd": 32, "n_head": 2, "vocab_size": 8192, "bos_token_id": 0, "eos_token_id": 0}
SHAPES: dict[str, dict[str, Any]] = {"gpt2-small": {"pad_token_id": 0}, "tiny": {**TINY, "pad_token_id": 0}}
PAIR = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64,
    "encoder_attention_heads": 2, "decoder_attention_heads": 2, "vocab_size": 8195, "bos_token_id": 8192, "eos_token_id": 0,
    "pad_token_id": 8193, "decoder_start_token_id": 0, "forced_eos_token_id": None, "max_position_embeddings": 128,
}  # fmt: skip


@cache
def made_for(dtype: str, shape: str = "gpt2-small") -> Any:
    """A backbone of a shape, with random weights."""
    from transformers import AutoTokenizer, BartConfig, BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel

    from foreword.backbone import Backbone
    from foreword.catalogue import embedded_backbones

    torch.manual_seed(0)
    is_pair = shape == "tiny-pair"  # an encoder and a decoder
    model = (
        BartForConditionalGeneration(BartConfig(**PAIR)) if is_pair else GPT2LMHeadModel(GPT2Config(**SHAPES[shape]))
    )
    tokenizer = AutoTokenizer.from_pretrained(embedded_backbones()["editor" if is_pair else "scribe"])
    return Backbone(model.to(getattr(torch, dtype)), tokenizer, shape)


@cache
def random_prefix(backbone: Any, key: str) -> Any:
    from foreword.prefix import Prefix

    draw = torch.Generator().manual_seed(int(key))
    sizes = {s: (2, x.num_layers, x.num_kv_heads, PREFIX_LEN, x.head_dim) for s, x in backbone.sites.items()}
    both = {site: torch.randn(size, generator=draw).to(backbone.dtype) for site, size in sizes.items()}
    return Prefix({site: kv[0] for site, kv in both.items()}, {site: kv[1] for site, kv in both.items()})


class Timed:
    """An engine, and when each of its requests was asked for, told its first token and finished."""

    def __init__(
        self,
        backbone: Any,
        num_slots: int,
        pool_size: int,
        files: Any = None,
        library: Any = None,
        background: bool = False,
    ):
        from foreword.serve.engine import Engine, Sizes
        from foreword.serve.service import LOADERS

        load = files.load if files else library.load if library else lambda key: random_prefix(backbone, key)
        executor = ThreadPoolExecutor(LOADERS) if background else None
        sizes = Sizes(num_slots, slot_len=128, chunk_len=512, pool_size=pool_size, max_waiting=10**6)
        self.engine = Engine(backbone, load, sizes, executor, on_step=self._stepped)
        self.last_step = 0.0  # seconds
        self.asked: dict[int, float] = {}
        self.first: dict[int, float] = {}
        self.finished: list[str] = []
        self.rows: list[int] = []
        self._count = itertools.count()

    def _stepped(self, step: Any) -> None:
        self.last_step = step.seconds

    def ask(self, key: str, answer_len: int = ANSWER_LEN) -> int:
        from foreword.serve.request import Failed, Finished, Request

        number = next(self._count)
        self.asked[number] = time.perf_counter()

        def hear(event: object) -> None:
            self.first.setdefault(number, time.perf_counter())
            assert not isinstance(event, Failed), event
            if isinstance(event, Finished):
                self.finished.append(key)

        ids = tuple(100 + (number * 31 + at) % 8000 for at in range(PROMPT_LEN))
        self.rows.append(self.engine.submit(Request(ids, key, PREFIX_LEN, answer_len), hear))
        return number

    def run(self) -> None:
        while self.engine.num_rows:
            if not self.engine.step():
                time.sleep(0.0002)  # somebody waits for the disk

    def steps(self, num_rows: int, num_steps: int, loads_per_second: int) -> list[float]:
        """Seconds that each step of rows that write takes, while so many prefixes a second enter the pool and give way."""
        from foreword.errors import Busy

        for number in range(num_rows):
            self.ask(str(number), answer_len=num_steps + num_rows)
        while self.engine.scheduler.num_writing < num_rows:
            self.engine.step()
        wanted, began, asked = itertools.cycle(range(20, 60)), time.perf_counter(), 0
        taken = []
        for _ in range(num_steps):
            at = time.perf_counter()
            with suppress(Busy):  # so many are on their way already that no place is left
                while asked < (at - began) * loads_per_second:
                    self.engine.preload(str(next(wanted)))
                    asked += 1
            self.engine.step()
            taken.append(time.perf_counter() - at)
        for row in self.rows:
            self.engine.cancel(row)
        return taken


def run_all(engine: Timed, keys: Sequence[str], answer_len: int = ANSWER_LEN) -> float:
    """Seconds that it takes to answer one request for each of these prefixes."""
    began = time.perf_counter()
    for key in keys:
        engine.ask(key, answer_len)
    engine.run()
    return time.perf_counter() - began


def throughput(engine: Timed, keys: Sequence[str]) -> float:
    """Tokens a second."""
    return len(keys) * ANSWER_LEN / run_all(engine, keys)


def first_step(engine: Timed, key: str) -> float:
    """Seconds from a request to the step that writes its first token."""
    number = engine.ask(key, answer_len=1)
    engine.run()
    return engine.first[number] - engine.asked[number] - engine.last_step


class Arrivals:
    """When requests come and which prefix they ask for."""

    def __init__(self, alpha: float, num_prefixes: int, seed: int, rate: float = 1.0, cv: float = 1.0):
        """
        Args:
            alpha: of the power law: the i-th prefix is asked for in proportion to i ** -alpha.
            rate: requests a second; cv: coefficient of variation of the gaps between them.
        """
        self.rng, self.rate, self.cv = random.Random(seed), rate, cv
        self.weights = [(number + 1) ** -alpha for number in range(num_prefixes)]

    def keys(self, num: int) -> list[str]:
        return [str(key) for key in self.rng.choices(range(len(self.weights)), self.weights, k=num)]

    def gap(self) -> float:
        shape = 1 / self.cv**2
        return self.rng.gammavariate(shape, 1 / (shape * self.rate))

    def first_tokens(self, engine: Timed, num: int, keys: Sequence[str]) -> list[float]:
        """Seconds to the first token of requests that come in their own time."""
        coming, numbers = time.perf_counter(), []
        wanted = [keys[int(number)] for number in self.keys(num)]
        while wanted or engine.engine.num_rows:
            now = time.perf_counter()
            while wanted and coming <= now:
                number = engine.ask(wanted.pop())
                engine.asked[number] = coming
                numbers.append(number)
                coming += self.gap()
            if not engine.engine.step():
                time.sleep(0.0005)
        return [engine.first[number] - engine.asked[number] for number in numbers]
