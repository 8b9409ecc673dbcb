"""Who runs in the next step: rows wait, read their prompts in chunks, write, and leave; all in turn, none in another's way.

Comes in:  jobs, and what became of them.      Goes out: a Plan for each step.
Jobs of one tenant go in their order; tenants take turns by what they were served (Sheng et al., 2024, virtual token counter), so
that nobody's thousand requests stand before another's one. It knows numbers and lengths only: no ids, no tensors, no clock.

Rows stand side by side in slots 0, 1, ...: first those that write, then those that read, so that the rows that write are one
piece of memory. Whenever one leaves or changes sides, rows move to close the gap.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from foreword.errors import Busy
from foreword.serve.pool import Pool

Stage = Literal["waiting", "loading", "ready", "reading", "writing"]


@dataclass(eq=False)
class Job:
    """One row to be: what the scheduler must know of it, and where it stands."""

    number: int
    prompt_len: int
    prefix: str = ""  # content hash; "" = none
    tenant: str = ""
    like: int | None = None  # number of a job of the same tenant with the same prompt and prefix
    has_reserved: bool = False
    stage: Stage = "waiting"
    slot: int = -1
    num_read: int = 0  # ids of the prompt
    read_at: int = -1  # the step in which part of it was read last


@dataclass(frozen=True)
class Chunk:
    """Part of a prompt to be read in this step."""

    number: int
    slot: int
    start: int
    stop: int
    is_last: bool


@dataclass
class Plan:
    """One step, to be done in this order."""

    moves: list[tuple[Literal["move", "swap"], int, int]] = field(default_factory=list)
    begin: list[tuple[int, int]] = field(
        default_factory=list
    )  # numbers, and the slots in which their prefixes are placed
    copies: list[tuple[int, int, int]] = field(
        default_factory=list
    )  # slots from and to which so many ids of a prompt are copied, behind the prefix
    read: list[Chunk] = field(default_factory=list)
    write: list[int] = field(default_factory=list)  # numbers, in the order of their slots: 0, 1, ...

    def __bool__(self) -> bool:
        return bool(self.moves or self.begin or self.read or self.write)


@dataclass
class _Tenant:
    served: int = 0  # tokens
    num_jobs: int = 0
    waiting: deque[Job] = field(default_factory=deque)
    ready: deque[Job] = field(default_factory=deque)


def has_room(num_open: Mapping[str, int], tenant: str, num: int, most: int) -> bool:
    """Whether a tenant may ask for so many rows more, where `num_open` are open of each.

    All together at most `most`; but who has less than his share of them is let in nevertheless, up to it, whoever was faster.
    """
    total, own = sum(num_open.values()), num_open.get(tenant, 0)
    if total + num <= most:
        return True
    num_tenants = len({tenant, *(name for name, open_rows in num_open.items() if open_rows)})
    return own + num <= most // num_tenants and total + num <= 2 * most


class Scheduler:
    """Rows of one engine."""

    def __init__(self, pool: Pool[Any], num_slots: int, chunk_len: int, max_waiting: int, reads_whole: bool = False):
        """
        Args:
            chunk_len: ids of prompts that are read in one step, padding included.
            max_waiting: jobs that may wait while all slots are taken.
            reads_whole: no prompt is read in parts, since an encoder sees all of it at once; one that is longer than a chunk
                has a step of its own.
        """
        self.reads_whole = reads_whole
        self.pool, self.num_slots, self.chunk_len, self.max_waiting = pool, num_slots, chunk_len, max_waiting
        self.jobs: dict[int, Job] = {}
        self.rows: list[Job] = []  # by slot
        self.num_writing = 0
        self._tenants: dict[str, _Tenant] = {}
        self._loading: dict[str, list[Job]] = {}
        self._num_ahead = 0  # jobs that are loading or ready
        self._num_plans = 0
        self._moves: list[tuple[Literal["move", "swap"], int, int]] = []

    @property
    def num_waiting(self) -> int:
        return len(self.jobs) - len(self.rows)

    def submit(self, job: Job) -> None:
        """Let a job wait for its turn.

        Raises:
            Busy: too many wait already.
        """
        assert (job.number in self.jobs, job.prompt_len > 0, job.stage) == (False, True, "waiting"), job
        open_rows = {name: tenant.num_jobs for name, tenant in self._tenants.items()}
        if not has_room(open_rows, job.tenant, 1, self.num_slots + self.max_waiting):
            raise Busy(f"{len(self.jobs)} requests are open already. Try again in a moment.")
        tenant = self._tenants.setdefault(job.tenant, _Tenant())
        if not tenant.num_jobs:  # nobody saves up turns by staying away
            least = min((other.served for other in self._tenants.values() if other.num_jobs), default=0)
            tenant.served = max(tenant.served, least)
        tenant.num_jobs += 1
        self.jobs[job.number] = job
        tenant.waiting.append(job)

    def leave(self, number: int) -> None:
        """A job is done, cancelled or has failed, wherever it stands. One that is gone already is none."""
        job = self.jobs.get(number)
        if job is None:
            return
        tenant = self._tenants[job.tenant]
        if job.stage == "waiting":
            tenant.waiting.remove(job)
        elif job.stage == "loading":
            self._loading[job.prefix].remove(job)
        elif job.stage == "ready":
            tenant.ready.remove(job)
        else:
            self._close_gap(job)
        self._num_ahead -= job.stage in ("loading", "ready")
        self._release(job)
        self._forget(job)

    def loaded(self, key: str) -> None:
        """A prefix is in the pool now."""
        for job in self._loading.pop(key, []):
            self._make_ready(job)

    def failed(self, key: str) -> list[int]:
        """A prefix cannot be had, and is gone from the pool: these jobs, which waited for it, have left."""
        jobs = self._loading.pop(key, [])
        for job in jobs:
            self._num_ahead -= 1
            self._forget(job)
        return [job.number for job in jobs]

    def plan(self) -> Plan:
        """What to do next; it counts as done."""
        self._reserve()
        plan = Plan()
        self._begin(plan)
        plan.write = [job.number for job in self.rows[: self.num_writing]]
        plan.read = self._read()
        plan.moves, self._moves = self._moves, []
        for number in plan.write:
            self._tenants[self.jobs[number].tenant].served += 1
        return plan

    def _reserve(self) -> None:
        """Prefixes of the next rows, ahead of their turn: of twice as many as there are slots, so that who waits for one on the
        disk does not keep out who has it."""
        while self._num_ahead < 2 * self.num_slots:
            tenant = self._next(lambda one: bool(one.waiting))
            if tenant is None:
                return
            job = tenant.waiting[0]
            state = self.pool.reserve(job.prefix) if job.prefix else "ready"
            if state == "no room":  # nobody overtakes here, or a prefix that is asked for seldom would never come
                return
            tenant.waiting.popleft()
            self._num_ahead += 1
            job.has_reserved = bool(job.prefix)
            if state == "ready":
                self._make_ready(job)
            else:
                job.stage = "loading"
                self._loading.setdefault(job.prefix, []).append(job)

    def _begin(self, plan: Plan) -> None:
        while len(self.rows) < self.num_slots:
            tenant = self._next(lambda one: bool(one.ready) and not self._is_read_just_now(one.ready[0]))
            if tenant is None:
                return
            job = tenant.ready.popleft()
            self._num_ahead -= 1
            job.stage, job.slot = "reading", len(self.rows)
            self.rows.append(job)
            plan.begin.append((job.number, job.slot))
            first = self._first_like(job)
            if first is not None and first.stage == "writing" and job.prompt_len > 1:
                job.num_read = job.prompt_len - 1  # the last is read again, for what follows it
                plan.copies.append((first.slot, job.slot, job.num_read))
            tenant.served += job.prompt_len - job.num_read

    def _is_read_just_now(self, job: Job) -> bool:
        """Whether another reads the same prompt: it is copied from there when it is whole."""
        first = self._first_like(job)
        return first is not None and first.stage == "reading"

    def _first_like(self, job: Job) -> Job | None:
        return None if job.like is None else self.jobs.get(job.like)

    def placed(self, number: int, keeps: bool = False) -> None:
        """A row's prefix is where it belongs: a copy needs its original no more; a row that `keeps` it does, to its end."""
        if not keeps:
            self._release(self.jobs[number])

    def _read(self) -> list[Chunk]:
        """Chunks of the rows that read: as many as fit the step side by side, padded to the longest. Rows take turns, so that a
        short prompt does not stand behind a long one until that is read."""
        chunks: list[Chunk] = []
        longest = 0
        self._num_plans += 1
        for job in sorted(self.rows[self.num_writing :], key=lambda job: job.read_at):
            num = job.prompt_len if self.reads_whole else min(job.prompt_len - job.num_read, self.chunk_len)
            longest = max(longest, num)
            if chunks and (len(chunks) + 1) * longest > self.chunk_len:
                break
            stop = job.num_read + num
            chunks.append(Chunk(job.number, job.slot, job.num_read, stop, stop == job.prompt_len))
            job.num_read, job.read_at = stop, self._num_plans
        return chunks

    def begins_to_write(self, number: int) -> None:
        """A row has read its prompt."""
        job = self.jobs[number]
        assert (job.stage, job.num_read) == ("reading", job.prompt_len), job
        first = self.num_writing
        if job.slot != first:
            self._swap(job.slot, first)
        job.stage = "writing"
        self.num_writing += 1

    def _close_gap(self, job: Job) -> None:
        if job.stage == "writing":
            self.num_writing -= 1
            self._move(self.num_writing, job.slot)
            self._move(len(self.rows) - 1, self.num_writing)
        else:
            self._move(len(self.rows) - 1, job.slot)
        self.rows.pop()

    def _move(self, source: int, target: int) -> None:
        if source != target:
            self._moves.append(("move", source, target))
            self.rows[target] = self.rows[source]
            self.rows[target].slot = target

    def _swap(self, one: int, other: int) -> None:
        self._moves.append(("swap", one, other))
        self.rows[one], self.rows[other] = self.rows[other], self.rows[one]
        self.rows[one].slot, self.rows[other].slot = one, other

    def _make_ready(self, job: Job) -> None:
        job.stage = "ready"
        self._tenants[job.tenant].ready.append(job)

    def _release(self, job: Job) -> None:
        if job.has_reserved:
            self.pool.release(job.prefix)
            job.has_reserved = False

    def _forget(self, job: Job) -> None:
        del self.jobs[job.number]
        self._tenants[job.tenant].num_jobs -= 1
        if not self.jobs:  # nobody is left to take turns with
            self._tenants.clear()

    def _next(self, able: Callable[[_Tenant], bool]) -> _Tenant | None:
        """Of the tenants that can go on, the one that was served least."""
        return min(filter(able, self._tenants.values()), key=lambda tenant: tenant.served, default=None)
