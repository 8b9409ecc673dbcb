"""How much a tenant may ask in a minute.

Comes in:  what is asked, and when.      Goes out: how many seconds too early it is; 0: it may be.
A bucket for each tenant and kind runs full in a minute. It knows no clock but the one it is given, and imports no torch.
"""

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass

from foreword.serve.tenants.ledger import Limits, Tenant

MINUTE = 60.0


@dataclass
class _Bucket:
    left: float
    at: float

    def filled(self, size: int, now: float) -> float:
        self.left, self.at = min(size, self.left + (now - self.at) * size / MINUTE), now
        return self.left


class Quotas:
    """Of all tenants; any thread may ask. They live in this process alone."""

    def __init__(self, clock: Callable[[], float]):
        self.clock, self._lock = clock, threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, tenant: Tenant, num_requests: int = 0, num_tokens: int = 0) -> int:
        """So many requests, and tokens that they read and may write. Nothing is taken unless all of it may be.

        Returns:
            0, or the seconds after which to try again.
        """
        wanted = {
            "requests": (tenant.limits.requests_per_minute, num_requests),
            "tokens": (tenant.limits.tokens_per_minute, num_tokens),
        }
        now = self.clock()
        with self._lock:
            waits = [
                self._wait(tenant.name, kind, size, much, now) for kind, (size, much) in wanted.items() if size and much
            ]
            if any(waits):
                return math.ceil(max(waits))
            for kind, (size, much) in wanted.items():
                if size and much:
                    self._buckets[tenant.name, kind].left -= much
        return 0

    def give_back(self, tenant: Tenant, num_tokens: int) -> None:
        """Tokens that were taken and then not written."""
        bucket = self._buckets.get((tenant.name, "tokens"))
        if bucket is not None:
            with self._lock:
                bucket.left += num_tokens

    def _wait(self, name: str, kind: str, size: int, much: int, now: float) -> float:
        bucket = self._buckets.setdefault((name, kind), _Bucket(size, now))
        missing = min(much, size) - bucket.filled(size, now)  # more than a full bucket is had once it is full
        return max(0.0, missing * MINUTE / size)


def could_ever(limits: Limits, num_tokens: int) -> bool:
    """Whether a request of so many tokens fits a tenant's minute at all."""
    return not limits.tokens_per_minute or num_tokens <= limits.tokens_per_minute
