"""The engine: one step at a time, rows with prefixes of their own read and write side by side over one frozen model.

Comes in:  Requests with listeners; prefixes by content hash from whoever keeps them.      Goes out: Events, row by row.
One thread owns it: nothing here locks. A row that raises or whose numbers are none is put out alone, and the others' step is done
again without it.
"""

import heapq
import logging
import time
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Executor, Future
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

from torch import Tensor

from foreword.backbone import Backbone
from foreword.backbone.cross_slots import slots_for
from foreword.errors import BadRequest, Busy, ForewordError
from foreword.prefix import Kept
from foreword.serve.choosing import Chooser, choose
from foreword.serve.fetching import Fetcher, Held, Load, Waiting, is_long
from foreword.serve.pool import Pool, PoolCounts
from foreword.serve.request import Failed, Finished, Listener, Piece, Reason, Request, Token
from foreword.serve.scheduler import Job, Plan, Scheduler
from foreword.serve.text import GrowingText

log = logging.getLogger(__name__)

Ids = TypeVar("Ids")
Asked = tuple[str, str, tuple[int, ...]]  # tenant, prefix, prompt


@dataclass(frozen=True)
class Sizes:
    """What an engine is given room for."""

    num_slots: int = 16  # rows side by side
    slot_len: int = 512  # positions of a row: prefix, prompt and answer
    chunk_len: int = 256  # ids of prompts read in one step
    pool_size: int = 256  # prefixes at hand
    max_waiting: int = 1024  # rows that may wait for a slot


@dataclass(frozen=True)
class Step:
    """What one step was, for whoever counts."""

    num_writing: int
    num_reading: int
    num_prefixes: int  # distinct ones, none counted as one
    seconds: float


@dataclass(frozen=True)
class Facts:
    """How an engine stands between two steps."""

    num_waiting: int
    num_running: int
    num_slots: int
    pool_size: int
    num_held: int
    num_pinned: int
    pool: PoolCounts


@dataclass
class _Row:
    request: Request
    listener: Listener
    chooser: Chooser
    text: GrowingText
    pending: list[Token]  # ids whose text is held back


class Engine:
    """Rows over one model."""

    def __init__(
        self, backbone: Backbone, load: Load, sizes: Sizes = Sizes(), executor: Executor | None = None,
        clock: Callable[[], float] = time.monotonic, on_step: Callable[[Step], None] = lambda step: None,
        wake: Callable[[], None] = lambda: None,
    ):  # fmt: skip
        """
        Args:
            load: makes a prefix of a content hash, or raises.
            executor: where prefixes are loaded; None: within the step that wants them.
            clock: of deadlines.
            wake: called, by any thread, when there is something new for `step` to do.
        """
        self.backbone, self.sizes, self.clock, self.on_step = backbone, sizes, clock, on_step
        self.slots = slots_for(backbone, sizes.num_slots, sizes.slot_len)
        self.fetcher = Fetcher(backbone, self.slots, load, executor, wake)
        self.pool: Pool[Held] = Pool(sizes.pool_size)
        self.waiting = Waiting()
        self.scheduler = Scheduler(
            self.pool, sizes.num_slots, sizes.chunk_len, sizes.max_waiting, self.slots.reads_whole
        )
        self._rows: dict[int, _Row] = {}
        self._first: dict[Asked, int] = {}  # of rows that ask the same, the number of the first
        self._deadlines: list[tuple[float, int]] = []
        self._count = 0

    @property
    def num_rows(self) -> int:
        """Rows that wait, read or write."""
        return len(self._rows)

    def check(self, request: Request) -> None:
        """Whether a request can be served at all, whoever else is.

        Raises:
            BadRequest: no ids, ids that no word has, or more than a row has room for.
        """
        if not request.ids:
            raise BadRequest("the prompt is empty. Give at least one token.")
        if request.max_new_tokens < 1:
            raise BadRequest(f"max_tokens must be at least 1, got {request.max_new_tokens}.")
        if request.min_new_tokens > request.max_new_tokens:
            most = request.max_new_tokens
            raise BadRequest(
                f"min_tokens = {request.min_new_tokens}, and the answer ends at max_tokens = {most}. Lower the one or raise "
                "the other."
            )
        is_kept = is_long(request.prefix_len)
        lack = self.slots.lacks(request.prefix_len, len(request.ids), request.max_new_tokens, is_kept)
        if lack:
            raise BadRequest(f"{lack} Ask for less, or start the engine with longer slots.")
        asked, num_words = (*request.ids, *request.sampling.bias), self.backbone.num_words
        for token in (min(asked), max(asked)):
            if not 0 <= token < num_words:
                raise BadRequest(f"{token} is no token of {self.backbone.name}, which has 0 to {num_words - 1}.")

    def most_new(self, request: Request) -> int:
        """Tokens that the answer to a request can have."""
        return self.slots.most_new(request.prefix_len, len(request.ids), is_long(request.prefix_len))

    def submit(self, request: Request, listener: Listener) -> int:
        """Let a request wait for its turn; its number, for `cancel`.

        Raises:
            BadRequest: see `check`.
            Busy: too many wait already.
        """
        self.check(request)
        number, self._count = self._count, self._count + 1
        same = asked_of(request)
        like = None if self.slots.reads_whole else self._first.get(same)
        self.scheduler.submit(Job(number, len(request.ids), request.prefix, request.tenant, like))
        self._first.setdefault(same, number)
        before = self.slots.opening or request.ids  # what an encoder read is not before the answer, but beside it
        chooser = Chooser(request.sampling, before, request.end_ids, request.min_new_tokens)
        self._rows[number] = _Row(request, listener, chooser, GrowingText(self._decode, request.stop), [])
        if request.deadline is not None:
            heapq.heappush(self._deadlines, (request.deadline, number))
        return number

    def cancel(self, number: int) -> None:
        """End a row wherever it stands; nothing happens to one that has ended."""
        if number in self._rows:
            self._leave(number, Finished("cancelled", len(self._rows[number].chooser.answer)))

    def fail_all(self, failed: Failed) -> None:
        """End every row, unfinished."""
        for number in list(self._rows):
            self._leave(number, failed)
        self.waiting.end(Busy(failed.message))

    def give_up(self, failed: Failed) -> None:
        """Tell who waits that it is over, whatever broke, and let go of the slots' memory; this engine is asked no more."""
        rows, self._rows = list(self._rows.values()), {}
        self.slots.free()
        for row in rows:
            row.listener(failed)
        self.waiting.end(Busy(failed.message))

    def preload(self, key: str, pin: bool = False) -> "Future[None]":
        """Have a prefix at hand before anybody asks for it; pinned, it stays. Done once it is there, or with why it cannot be.

        Raises:
            Busy: no place of the pool can be had for it.
        """
        state = self.pool.pin(key) if pin else self.pool.reserve(key)
        if state == "no room":
            raise Busy("all places of the pool are in use. Try again in a moment.")
        if not pin:
            self.pool.release(key)
        return self.waiting.wait(key, is_there=state == "ready")

    def facts(self) -> Facts:
        rows, pool = self.scheduler, self.pool
        return Facts(
            rows.num_waiting,
            len(rows.rows),
            rows.num_slots,
            pool.size,
            len(pool),
            len(pool.pinned()),
            copy(pool.counts),
        )

    def step(self) -> bool:
        """Do what there is to do now; False if that was nothing."""
        began = time.perf_counter()
        self._take_arrivals()
        while self._deadlines and self._deadlines[0][0] <= self.clock():
            number = heapq.heappop(self._deadlines)[1]
            if number in self._rows:
                self._leave(number, Failed("deadline", "the request's time was over before its answer was whole."))
        plan = self.scheduler.plan()
        self.fetcher.want(self.pool.take_loads())
        if not plan:
            return not self.fetcher.is_empty
        for kind, one, other in plan.moves:
            (self.slots.move if kind == "move" else self.slots.swap)(one, other)
        prefixes = {
            self._rows[number].request.prefix for number in (*plan.write, *(chunk.number for chunk in plan.read))
        }
        for number, slot in plan.begin:
            self._begin(number, slot)
        for source, target, num in plan.copies:
            self.slots.copy_text(source, target, num)
        self._write(plan)
        self._read(plan)
        self.on_step(Step(len(plan.write), len(plan.read), len(prefixes), time.perf_counter() - began))
        return True

    def _take_arrivals(self) -> None:
        """Prefixes that were loaded since the last step, or could not be."""
        for key, come in self.fetcher.come():
            if isinstance(come, ForewordError):
                self.pool.failed(key)
                for number in self.scheduler.failed(key):
                    self._forget(number).listener(Failed("prefix", str(come)))
            else:
                self.pool.loaded(key, come)
                self.scheduler.loaded(key)
            self.waiting.come(key, come)

    def _begin(self, number: int, slot: int) -> None:
        request = self._rows[number].request
        held = self.pool.get(request.prefix) if request.prefix else None
        self.slots.place(slot, held)
        self.scheduler.placed(number, keeps=isinstance(held, Kept))

    def _write(self, plan: Plan) -> None:
        """Every row that writes: its last id in, the next one out."""
        places = [(number, slot) for slot, number in enumerate(plan.write)]
        self._forward(self.slots.write, places, [self._rows[number].chooser.answer[-1] for number in plan.write])

    def _read(self, plan: Plan) -> None:
        """Chunks of prompts; the first id of an answer comes of its prompt's last."""
        places = [(chunk.number, chunk.slot) for chunk in plan.read]
        ids = [self._rows[chunk.number].request.ids[chunk.start : chunk.stop] for chunk in plan.read]
        done = {chunk.number for chunk in plan.read if chunk.is_last}
        for number in done:
            self.scheduler.begins_to_write(number)
        self._forward(self.slots.read, places, ids, done)

    def _forward(
        self, forward: Callable[[list[int], list[Ids]], Tensor], places: Sequence[tuple[int, int]], ids: list[Ids],
        only: Container[int] | None = None,
    ) -> None:  # fmt: skip
        """One pass over rows (number, slot); rows in `only` are given the id that was chosen.

        If it raises, halves of it are tried, until the row that is to blame stands alone.
        """
        if not places:
            return
        try:
            logits = forward([slot for _, slot in places], ids)
        except Exception as error:
            if len(places) == 1:
                self._put_out(*places[0], error)
                return
            half = len(places) // 2
            self._forward(forward, places[:half], ids[:half], only)
            self._forward(forward, places[half:], ids[half:], only)
            return
        write = [only is None or number in only for number, _ in places]
        choosers = [
            self._rows[number].chooser if writes else None for (number, _), writes in zip(places, write, strict=True)
        ]
        for (number, slot), token, writes in zip(places, choose(logits, choosers), write, strict=True):
            if not isinstance(token, Token):
                self._put_out(number, slot, token)
            elif writes:
                try:
                    self._took(number, token)
                except Exception as error:  # a tokenizer that cannot say what it is, say
                    self._put_out(number, slot, error)

    def _put_out(self, number: int, slot: int, error: Exception | None) -> None:
        """End a row that raised, or (None) whose numbers are none, with no trace of it in its slot."""
        self.slots.clear(slot)
        if error is None:
            self._leave(number, Failed("numbers", "the model's numbers for this request are none (NaN or infinite)."))
            return
        log.error("row %d was put out", number, exc_info=error)
        self._leave(number, Failed("error", f"the model failed on this request ({type(error).__name__})."))

    def _took(self, number: int, token: Token) -> None:
        """A row's next id: told, or the answer's end."""
        row = self._rows[number]
        if token.id in row.request.end_ids:
            self._finish(number, "stop")
            return
        row.chooser.answer.append(token.id)
        row.pending.append(token)
        text = row.text.add(token.id)
        if text:
            self._tell(number, text)
        if row.text.stopped or row.request.sampling.one_of:
            self._finish(number, "stop")
        elif len(row.chooser.answer) >= row.request.max_new_tokens:
            self._finish(number, "length")

    def _tell(self, number: int, text: str) -> None:
        row = self._rows[number]
        tokens, row.pending = tuple(row.pending), []
        row.listener(Piece(text, tokens))

    def _finish(self, number: int, reason: Reason) -> None:
        row = self._rows[number]
        rest = row.text.end()
        if rest or row.pending:
            self._tell(number, rest)
        self._leave(number, Finished(reason, len(row.chooser.answer)))

    def _leave(self, number: int, last: Finished | Failed) -> None:
        self.scheduler.leave(number)
        self._forget(number).listener(last)

    def _forget(self, number: int) -> _Row:
        row = self._rows.pop(number)
        same = asked_of(row.request)
        if self._first.get(same) == number:
            del self._first[same]
        return row

    def _decode(self, ids: list[int]) -> str:
        return str(self.backbone.tokenizer.decode(ids, skip_special_tokens=True))


def asked_of(request: Request) -> Asked:
    return request.tenant, request.prefix, request.ids
