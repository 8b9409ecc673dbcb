"""What the server counts, as Prometheus reads it.

Comes in:  steps, requests, events.      Goes out: the text of /metrics.
No label holds what somebody chose (a tenant's or prefix's name): such labels never end.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from foreword.serve.engine import Facts, Step

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class _Standing:
    """What the engine counts itself, read off when somebody asks."""

    def __init__(self, read: Callable[[], Facts], restarts: Callable[[], int], fetched: Callable[[], int]):
        self.read, self.restarts, self.fetched = read, restarts, fetched

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterator[Metric]:
        facts = self.read()
        yield GaugeMetricFamily("foreword_rows_waiting", "rows that wait for a slot", facts.num_waiting)
        yield GaugeMetricFamily("foreword_rows_running", "rows in slots", facts.num_running)
        yield GaugeMetricFamily("foreword_rows_max", "slots", facts.num_slots)
        held = GaugeMetricFamily("foreword_pool_prefixes", "prefixes at hand, and how many could be", labels=["state"])
        for state, num in {"held": facts.num_held, "pinned": facts.num_pinned, "room": facts.pool_size}.items():
            held.add_metric([state], num)
        yield held
        told = "prefixes asked for: at hand, loaded from the disk, and, of these, brought from elsewhere first"
        hits = CounterMetricFamily("foreword_pool_hits", told, labels=["tier"])
        for tier, num in {"device": facts.pool.hits, "disk": facts.pool.loads, "remote": self.fetched()}.items():
            hits.add_metric([tier], num)
        yield hits
        yield CounterMetricFamily("foreword_pool_evictions", "prefixes that gave way", facts.pool.evictions)
        yield CounterMetricFamily(
            "foreword_pool_load_failures", "prefixes that could not be loaded", facts.pool.failures
        )
        yield CounterMetricFamily("foreword_engine_restarts", "engines that broke and were replaced", self.restarts())


class Metrics:
    """Of one server. Counters are safe in any thread."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter("foreword_requests", "requests by how they ended", ["outcome"], registry=registry)
        self.errors = Counter("foreword_errors", "requests that failed, by cause", ["cause"], registry=registry)
        self.tokens = Counter("foreword_tokens", "tokens read and written", ["kind"], registry=registry)
        self.first_token = Histogram(
            "foreword_time_to_first_token_seconds", "from a request's arrival", buckets=SECONDS, registry=registry
        )
        self.between = Histogram(
            "foreword_inter_token_seconds", "between two pieces of an answer", buckets=SECONDS, registry=registry
        )
        self.steps = Histogram("foreword_step_seconds", "one step of the engine", buckets=SECONDS, registry=registry)
        self.batch = Histogram("foreword_batch_rows", "rows in a step", buckets=ROWS, registry=registry)
        self.distinct = Histogram(
            "foreword_batch_prefixes", "distinct prefixes in a step", buckets=ROWS, registry=registry
        )
        self.loads = Histogram(
            "foreword_prefix_load_seconds", "one load, checks included", buckets=SECONDS, registry=registry
        )

    def watch(self, read: Callable[[], Facts], restarts: Callable[[], int], fetched: Callable[[], int]) -> None:
        """From now on whoever reads the metrics is also told how the engine stands then."""
        self.registry.register(_Standing(read, restarts, fetched))

    def step(self, step: Step) -> None:
        self.steps.observe(step.seconds)
        self.batch.observe(step.num_writing + step.num_reading)
        self.distinct.observe(step.num_prefixes)

    def text(self) -> bytes:
        return generate_latest(self.registry)
