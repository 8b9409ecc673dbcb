"""One model with its library and its engine: what HTTP, files of requests and Ray all serve from.

Comes in:  a tenant, a model's name, prompts, settings.      Goes out: events of each answer, by whichever thread they come.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy, deepcopy
from dataclasses import dataclass, replace

from foreword.backbone import Backbone
from foreword.errors import BadRequest, Busy, StoreAway, TooMuch, UnknownName
from foreword.prefix import Prefix
from foreword.serve.asking import Asker, Settings
from foreword.serve.engine import Engine, Facts, Sizes
from foreword.serve.metrics import Metrics
from foreword.serve.request import Event, Failed, Finished, Piece, Request
from foreword.serve.runner import Handle, Runner
from foreword.serve.tenants.ledger import Tenant
from foreword.serve.tenants.library import Library
from foreword.serve.tenants.quota import Quotas, could_ever
from foreword.serve.text import alone
from foreword.store import Entry
from foreword.store.reference import has_name

log = logging.getLogger(__name__)

AWAY = "the store that prefixes come from does not answer. Try again in a moment."  # nobody else is to know where it is
Hear = Callable[[int, Event], None]  # which answer, and what became of it
LOADERS = 1  # threads that load prefixes; a second loads no faster from a disk, and takes the core that writes the rows
FETCHERS = 4  # where they may come from elsewhere, and one that takes long must not hold up the others


@dataclass(frozen=True)
class Conversation:
    """Messages, which the tokenizer's template makes a prompt of."""

    messages: Sequence[dict[str, str]]


Prompt = str | Sequence[int] | Conversation


@dataclass
class Asked:
    """Answers that are on their way."""

    entry: Entry | None
    requests: list[Request]
    handles: list[Handle]


class Service:
    """Any thread may ask."""

    def __init__(
        self, backbone: Backbone, library: Library, sizes: Sizes = Sizes(), name: str = "", timeout_s: float = 600.0,
        clock: Callable[[], float] = time.monotonic,
    ):  # fmt: skip
        """
        Args:
            name: what the backbone is called in requests; its own name, without folders, if not given.
            timeout_s: after which an answer that is not whole is given up.
        """
        self.backbone, self.library, self.timeout_s, self.clock = backbone, library, timeout_s, clock
        self.name = name or backbone.name.rstrip("/").rpartition("/")[2]
        self.started = int(time.time())
        self.metrics, self.quotas = Metrics(), Quotas(clock)
        self._executor = ThreadPoolExecutor(FETCHERS if library.url else LOADERS, thread_name_prefix="prefixes")

        def make(wake: Callable[[], None]) -> Engine:
            engine = Engine(backbone, self._load, sizes, self._executor, clock, self.metrics.step, wake)
            for sha256 in library.pinned():
                try:
                    engine.preload(sha256, pin=True).add_done_callback(lambda done: unkept(done.exception()))
                except Busy as error:
                    unkept(error)
            return engine

        self.runner = Runner(make)
        # A tokenizer is not to be used by two threads at once; the engine has one, whoever asks has the other.
        asking = copy(backbone)
        asking.tokenizer = deepcopy(backbone.tokenizer)
        self._asker, self._asking = Asker(asking, self.runner.engine.slots.most_positions()), threading.Lock()
        self.metrics.watch(self.facts, lambda: self.runner.restarts, lambda: library.num_fetched)
        threading.Thread(target=library.refresh, args=("",), name="index", daemon=True).start()

    def entry(self, tenant: Tenant, model: str) -> Entry | None:
        """The prefix that a request's model names; None: the untouched backbone.

        Raises:
            UnknownName, StoreError, BadRequest: nothing that this tenant could use.
        """
        if model == self.name:
            return None
        name = model.removeprefix(f"{self.name}:")
        if not has_name(name):
            raise UnknownName("model", model, None)
        return self.library.find(tenant.name, name)

    def ask(
        self,
        tenant: Tenant,
        model: str,
        prompts: Sequence[Prompt],
        told: Settings,
        num_each: int,
        hear: Hear,
    ) -> Asked:
        """Begin answers: `num_each` to every prompt, numbered from 0 on, those of one prompt behind one another.

        Args:
            hear: called with each event, by the engine's thread; it must not wait.

        Raises:
            UnknownName, StoreError, BadRequest, BadRecipe: they cannot be had; nothing was begun.
            Busy, TooMuch: not now; nothing was begun.
        """
        arrived = self.clock()
        self._take(tenant, num_requests=1)  # be it served or refused: looking is work too
        entry, engine = self.entry(tenant, model), self.runner.engine
        requests: list[Request] = []
        for prompt in prompts:  # each by itself: the first that cannot be served ends it, and others ask between them
            asked = self.chat_ids(prompt.messages) if isinstance(prompt, Conversation) else prompt
            with self._asking:
                first = self._asker.request(asked, entry, told, tenant.name, arrived + self.timeout_s)
            if told.fills_row and told.max_new_tokens is None and entry is None:
                first = replace(first, max_new_tokens=max(1, engine.most_new(first)))
            engine.check(first)
            requests += [drawn_apart(first, number) for number in range(num_each)]
        num_tokens = self._charge(tenant, requests)
        heard = [self._heard(tenant, request, number, arrived, hear) for number, request in enumerate(requests)]
        try:
            handles = self.runner.submit(list(zip(requests, heard, strict=True)))
        except Busy:
            self.quotas.give_back(tenant, num_tokens)
            raise
        self.metrics.tokens.labels("prompt").inc(sum(len(request.ids) for request in requests))
        return Asked(entry, requests, handles)

    def cancel(self, asked: Asked) -> None:
        """End what is not finished."""
        for handle in asked.handles:
            self.runner.cancel(handle)

    def chat_ids(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """A conversation as the tokenizer's template writes it, up to where the answer begins.

        Raises:
            BadRequest: there is no template, or it refuses the messages.
        """
        with self._asking:
            self._asker.check_length(sum(len(message["content"]) for message in messages))
            tokenizer = self._asker.backbone.tokenizer
            if tokenizer.chat_template is None:
                raise BadRequest(f"{self.name}'s tokenizer has no chat template. Use /v1/completions.")
            try:
                text = str(tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False))
            except Exception as error:  # templates are programs, and say what they refuse by raising
                raise BadRequest(f"{self.name}'s chat template refuses these messages: {error}.") from None
            return list(tokenizer(text, add_special_tokens=False)["input_ids"])  # the template writes them itself

    def words_of(self, places: Sequence[Sequence[int]], begins: bool) -> list[list[str]]:
        """Each token's own text, of those that could stand at each place of an answer; `begins`: from its first one on."""
        with self._asking:
            tokenizer = self._asker.backbone.tokenizer
            word = tokenizer("a", add_special_tokens=False)["input_ids"]
            behind = [[] if begins and not at else word for at in range(len(places))]
            return [alone(lambda ids: str(tokenizer.decode(ids)), *place) for place in zip(places, behind, strict=True)]

    def close(self, drain_s: float = 0.0) -> bool:
        """Take nothing more and let open answers finish for so long; whether all did."""
        finished = self.runner.stop(drain_s)
        self._executor.shutdown(cancel_futures=True)
        return finished

    def facts(self) -> Facts:
        """How the engine stands now."""
        return self.runner.call(lambda engine: engine.facts()).result(timeout=60)

    def _charge(self, tenant: Tenant, requests: Sequence[Request]) -> int:
        """Take the tokens that requests may cost from the tenant's minute; how many they are."""
        num_tokens = sum(len(request.ids) + request.max_new_tokens for request in requests)
        if not could_ever(tenant.limits, num_tokens):
            raise BadRequest(
                f"{num_tokens} tokens are more than this key's {tenant.limits.tokens_per_minute} a minute. Ask for less."
            )
        self._take(tenant, num_tokens=num_tokens)
        return num_tokens

    def _take(self, tenant: Tenant, num_requests: int = 0, num_tokens: int = 0) -> None:
        wait_s = self.quotas.take(tenant, num_requests, num_tokens)
        if wait_s:
            raise TooMuch(f"this key has asked for as much as it may in a minute. Try again in {wait_s} s.", wait_s)

    def _heard(
        self, tenant: Tenant, request: Request, number: int, arrived: float, hear: Hear
    ) -> Callable[[Event], None]:
        """A listener of one answer that also counts."""
        last = arrived
        told = 0

        def heard(event: Event) -> None:
            nonlocal last, told
            now = self.clock()
            if isinstance(event, Piece):
                (self.metrics.between if told else self.metrics.first_token).observe(now - last)
                last, told = now, told + len(event.tokens)
                self.metrics.tokens.labels("answer").inc(len(event.tokens))
            else:
                outcome = event.reason if isinstance(event, Finished) else "failed"
                self.metrics.requests.labels(outcome).inc()
                if isinstance(event, Failed):
                    self.metrics.errors.labels(event.cause).inc()
                self.quotas.give_back(tenant, request.max_new_tokens - told)
            hear(number, event)

        return heard

    def _load(self, sha256: str) -> Prefix:
        began = time.perf_counter()
        try:
            return self.library.load(sha256)
        except StoreAway as error:
            log.error("%s", error)
            raise StoreAway(AWAY) from None
        finally:
            self.metrics.loads.observe(time.perf_counter() - began)


def unkept(why: BaseException | None) -> None:
    """Tell whoever runs the server what became of a pinned prefix, if anything."""
    if why:
        log.warning("a pinned prefix is not kept at hand: %s", why)


def drawn_apart(request: Request, number: int) -> Request:
    """Of several answers to one prompt another, with a chance of its own."""
    if not number:
        return request
    digest = hashlib.sha256(f"{request.sampling.seed} {number}".encode()).digest()
    return replace(request, sampling=replace(request.sampling, seed=int.from_bytes(digest[:8], "big")))
