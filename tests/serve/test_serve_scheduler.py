"""Who runs when: no row is lost, none stands in another's place, everybody has a turn."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from foreword.errors import Busy
from foreword.serve.pool import Pool
from foreword.serve.scheduler import Job, Plan, Scheduler, has_room

KEYS = ["", "a", "b", "c", "d", "e"]


class Simulated:
    """An engine that keeps, in place of keys and values, a list of what was written into each slot."""

    def __init__(self, num_slots: int, chunk_len: int, pool_size: int, max_waiting: int = 1000):
        self.pool: Pool[str] = Pool(pool_size)
        self.scheduler = Scheduler(self.pool, num_slots, chunk_len, max_waiting)
        self.slots: list[list[object]] = [[] for _ in range(num_slots)]
        self.asked: dict[int, Job] = {}
        self.wanted: dict[int, list[object]] = {}  # what the slot of each row must hold
        self.keeps: dict[int, bool] = {}
        self.prompts: dict[int, int] = {}  # what stands for a row's prompt: the number of who had it first
        self.num_read = 0
        self.begun: list[int] = []
        self.count = 0

    def submit(
        self, prompt_len: int, prefix: str = "", tenant: str = "", holds_prefix: bool = False, like: int | None = None
    ) -> int:
        job = Job(self.count, prompt_len, prefix, tenant, like)
        self.prompts[self.count] = self.count if like is None else self.prompts[like]
        self.keeps[self.count] = holds_prefix
        self.scheduler.submit(job)
        self.asked[self.count] = job
        self.count += 1
        return job.number

    def step(self) -> Plan:
        plan = self.scheduler.plan()
        for kind, one, other in plan.moves:
            if kind == "move":
                self.slots[other] = list(self.slots[one])
            else:
                self.slots[one], self.slots[other] = self.slots[other], self.slots[one]
        for number, slot in plan.begin:
            prefix = self.asked[number].prefix
            held = self.pool.get(prefix) if prefix else "nothing"
            self.slots[slot], self.wanted[number] = [held], [f"prefix {prefix}" if prefix else "nothing"]
            self.begun.append(number)
            self.scheduler.placed(number, self.keeps[number])
        for source, target, num in plan.copies:
            self.slots[target] += self.slots[source][1 : 1 + num]
            number = self.scheduler.rows[target].number
            self.wanted[number] += [(self.prompts[number], at) for at in range(num)]
        for chunk in plan.read:
            part = [(self.prompts[chunk.number], at) for at in range(chunk.start, chunk.stop)]
            self.num_read += len(part)
            self.slots[chunk.slot] += part
            self.wanted[chunk.number] += part
            if chunk.is_last:
                self.scheduler.begins_to_write(chunk.number)
        for slot, number in enumerate(plan.write):
            self.slots[slot].append((number, "new"))
            self.wanted[number].append((number, "new"))
        return plan

    def load(self, fails: bool = False) -> None:
        for key in self.pool.take_loads():
            if fails:
                self.pool.failed(key)
                for number in self.scheduler.failed(key):
                    self.gone(number)
            else:
                self.pool.loaded(key, f"prefix {key}")
                self.scheduler.loaded(key)

    def leave(self, number: int) -> None:
        self.scheduler.leave(number)
        self.gone(number)

    def gone(self, number: int) -> None:
        self.asked.pop(number, None)
        self.wanted.pop(number, None)

    def drain(self, most: int = 2000) -> int:
        """Until everybody has written one word; the steps that took."""
        for steps in range(most):
            if not self.asked:
                return steps
            self.load()
            for number in self.step().write:
                self.leave(number)
        raise AssertionError(f"{len(self.asked)} rows never came to their end: {self.asked}")


class Machine(RuleBasedStateMachine):
    """Any order of requests, cancellations, ends, loads and failures, against the obvious: each row has what is its own."""

    @initialize(slots=st.integers(1, 4), chunk=st.integers(1, 9), pool=st.integers(1, 4))
    def begin(self, slots, chunk, pool):
        self.engine = Simulated(slots, chunk, pool)
        self.moves_owed = False

    @rule(length=st.integers(1, 20), prefix=st.sampled_from(KEYS), tenant=st.sampled_from("xy"), holds=st.booleans())
    def submit(self, length, prefix, tenant, holds):
        self.engine.submit(length, prefix, tenant, holds)

    @precondition(lambda self: self.engine.asked)
    @rule(data=st.data())
    def submit_the_same(self, data):
        """As another that is open, or as one that it is like."""
        number = data.draw(st.sampled_from(sorted(self.engine.asked)))
        job = self.engine.asked[number]
        like = job.like if job.like in self.engine.asked else number
        self.engine.submit(job.prompt_len, job.prefix, job.tenant, self.engine.keeps[number], like)

    @rule()
    def step(self):
        plan = self.engine.step()
        padded = len(plan.read) * max((chunk.stop - chunk.start for chunk in plan.read), default=0)
        assert padded <= self.engine.scheduler.chunk_len

    @rule(fails=st.booleans())
    def load(self, fails):
        self.engine.load(fails)

    @precondition(lambda self: self.engine.asked)
    @rule(data=st.data())
    def leave(self, data):
        self.engine.leave(data.draw(st.sampled_from(sorted(self.engine.asked))))

    @rule(number=st.integers(1000, 1005))
    def leave_when_gone(self, number):
        self.engine.scheduler.leave(number)

    @rule(key=st.sampled_from(KEYS[1:]), pin=st.booleans())
    def pin(self, key, pin):
        if not pin:
            self.engine.pool.unpin(key)
            return
        try:
            self.engine.pool.pin(key)
        except Busy:
            assert len(self.engine.pool.pinned()) >= self.engine.pool.size - 1

    @invariant()
    def rows_are_where_they_say(self):
        scheduler = self.engine.scheduler
        assert [job.slot for job in scheduler.rows] == list(range(len(scheduler.rows)))
        assert [job.stage for job in scheduler.rows] == ["writing"] * scheduler.num_writing + ["reading"] * (
            len(scheduler.rows) - scheduler.num_writing
        )
        assert set(scheduler.jobs) == set(self.engine.asked)

    @invariant()
    def a_slot_holds_its_row_and_nothing_else(self):
        """As it will be once the moves that are owed are made."""
        engine = self.engine
        slots = [list(slot) for slot in engine.slots]
        for kind, one, other in engine.scheduler._moves:
            if kind == "move":
                slots[other] = list(slots[one])
            else:
                slots[one], slots[other] = slots[other], slots[one]
        for job in engine.scheduler.rows:
            assert slots[job.slot] == engine.wanted[job.number]

    @invariant()
    def the_pool_counts_its_uses(self):
        scheduler, pool = self.engine.scheduler, self.engine.pool
        assert len(pool) <= pool.size
        holding = [
            job.prefix
            for job in scheduler.jobs.values()
            if job.prefix and (job.stage in ("loading", "ready") or (job.slot >= 0 and self.engine.keeps[job.number]))
        ]
        assert {key: holding.count(key) for key in pool if pool.uses(key)} == {
            key: holding.count(key) for key in holding
        }

    def teardown(self):
        if hasattr(self, "engine"):
            for key in KEYS:
                self.engine.pool.unpin(key)
            self.engine.drain()
            assert not any(self.engine.pool.uses(key) for key in self.engine.pool)


Machine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestMachine = Machine.TestCase


def test_rows_of_one_tenant_begin_in_their_order():
    engine = Simulated(num_slots=2, chunk_len=8, pool_size=2)
    for length in (3, 1, 5, 2, 4, 4):
        engine.submit(length)
    engine.drain()
    assert engine.begun == list(range(6))


def test_a_tenant_with_a_thousand_requests_does_not_stand_before_one_with_one():
    engine = Simulated(num_slots=2, chunk_len=8, pool_size=2)
    for _ in range(1000):
        engine.submit(4, tenant="busy")
    engine.step()
    late = engine.submit(4, tenant="rare")
    for _ in range(12):
        engine.load()
        for number in engine.step().write:
            engine.leave(number)
    assert late in engine.begun


def test_staying_away_saves_up_no_turns():
    """Who comes back is served beside the others, not before all of them until the tokens are even."""
    engine = Simulated(num_slots=1, chunk_len=8, pool_size=2)
    engine.submit(4, tenant="away")
    engine.drain()
    for _ in range(60):
        engine.submit(4, tenant="steady")
    for _ in range(60):
        for number in engine.step().write:
            engine.leave(number)
    for _ in range(20):
        engine.submit(4, tenant="away")
    begun_before = len(engine.begun)
    for _ in range(40):
        for number in engine.step().write:
            engine.leave(number)
    then = engine.begun[begun_before:]
    from_away = sum(number >= 61 for number in then)
    assert 0.3 < from_away / len(then) < 0.7


def test_a_long_prompt_is_read_in_chunks_while_others_write():
    engine = Simulated(num_slots=2, chunk_len=4, pool_size=1)
    writer = engine.submit(2)
    engine.step()
    reader = engine.submit(10)
    stops = []
    for _ in range(3):
        plan = engine.step()
        assert plan.write == [writer]
        stops += [(chunk.number, chunk.stop, chunk.is_last) for chunk in plan.read]
    assert stops == [(reader, 4, False), (reader, 8, False), (reader, 10, True)]


def test_a_prompt_that_is_asked_several_times_is_read_once():
    """The others wait until it is whole, and read its last id for themselves; who asks something else waits for nobody."""
    engine = Simulated(num_slots=5, chunk_len=10, pool_size=1)
    first = engine.submit(20)
    for _ in range(3):
        engine.submit(20, like=first)
    engine.submit(4, tenant="other")
    engine.step()
    assert sorted(engine.begun) == [0, 4]
    for _ in range(4):
        engine.step()
    assert sorted(engine.begun) == [0, 1, 2, 3, 4]
    assert engine.num_read == 20 + 3 + 4
    engine.leave(first)
    last = engine.submit(20, like=first)
    engine.drain()
    assert engine.num_read == 20 + 3 + 4 + 20, f"{last} was like one that had gone"


def test_a_short_prompt_does_not_stand_behind_long_ones():
    """Rows that read take turns, whoever came first."""
    engine = Simulated(num_slots=4, chunk_len=10, pool_size=1)
    for _ in range(3):
        engine.submit(500)
    engine.step()
    short = engine.submit(4, tenant="other")
    turns = [chunk.number for _ in range(3) for chunk in engine.step().read]
    assert turns == [1, 2, short], "who was not read yet comes first"
    turns = [chunk.number for _ in range(9) for chunk in engine.step().read]
    assert sorted(turns) == sorted([0, 1, 2] * 3)


def test_short_prompts_are_read_side_by_side_as_far_as_padding_allows():
    engine = Simulated(num_slots=4, chunk_len=8, pool_size=1)
    for length in (2, 3, 3, 1):
        engine.submit(length)
    assert [chunk.number for chunk in engine.step().read] == [0, 1]
    assert [chunk.number for chunk in engine.step().read] == [2, 3]


def test_a_row_that_waits_for_its_prefix_lets_others_pass():
    engine = Simulated(num_slots=1, chunk_len=8, pool_size=2)
    slow, quick = engine.submit(2, "a"), engine.submit(2)
    assert engine.step().begin == [(quick, 0)]
    engine.load()
    engine.leave(quick)
    assert engine.step().begin == [(slow, 0)]


def test_more_prefixes_than_places_are_served_in_turn():
    engine = Simulated(num_slots=4, chunk_len=16, pool_size=1)
    for key in "abcdeabcde":
        engine.submit(2, key)
    engine.drain(most=60)
    assert engine.pool.counts.evictions >= 4


def test_a_prefix_that_cannot_be_had_ends_those_who_wait_for_it_and_nobody_else():
    engine = Simulated(num_slots=2, chunk_len=8, pool_size=2)
    engine.submit(2, "a")
    engine.submit(2, "a")
    other = engine.submit(2)
    engine.step()
    engine.load(fails=True)
    assert set(engine.asked) == {other}
    again = engine.submit(2, "a")
    engine.drain()
    assert again in engine.begun


def test_a_tenant_who_fills_the_queue_keeps_out_nobody_but_himself():
    engine = Simulated(num_slots=2, chunk_len=8, pool_size=1, max_waiting=10)
    for _ in range(12):
        engine.submit(3, tenant="greedy")
    with pytest.raises(Busy):
        engine.submit(3, tenant="greedy")
    for _ in range(6):
        engine.submit(3, tenant="meek")
    with pytest.raises(Busy):
        engine.submit(3, tenant="meek")
    engine.submit(3, tenant="third")
    engine.drain()
    assert not has_room({"a": 12, "b": 12}, "c", 1, 12), "twice as many at the very most"


def test_a_full_queue_is_told():
    engine = Simulated(num_slots=1, chunk_len=8, pool_size=1, max_waiting=2)
    first = [engine.submit(1) for _ in range(3)][0]
    with pytest.raises(Busy, match="3 requests are open already. Try again in a moment"):
        engine.submit(1)
    engine.leave(first)
    engine.submit(1)


def test_pins_leave_one_place_for_everybody_else():
    pool: Pool[str] = Pool(3)
    assert pool.pin("a") == "loading"
    pool.pin("b")
    with pytest.raises(Busy, match="2 of the pool's 3 places can be pinned at most"):
        pool.pin("c")
    for key in pool.take_loads():
        pool.loaded(key, key)
    assert [pool.reserve(key) for key in "cd"] == ["loading", "no room"]
    pool.unpin("a")
    assert pool.reserve("d") == "loading"
    assert sorted(pool) == ["b", "c", "d"]


def test_the_longest_unused_gives_way_and_none_in_use():
    pool: Pool[str] = Pool(2)
    for key in "ab":
        pool.reserve(key)
    for key in pool.take_loads():
        pool.loaded(key, key)
    assert pool.reserve("c") == "no room"
    pool.release("b")
    pool.release("a")
    pool.reserve("c")
    assert sorted(pool) == ["a", "c"]
    assert (pool.counts.loads, pool.counts.evictions, pool.counts.hits) == (3, 1, 0)
