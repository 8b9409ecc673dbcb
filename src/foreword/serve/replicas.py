"""The same server on any number of machines: replicas of one Service behind Ray Serve's proxies.

Comes in:  what is to be served, how many replicas.      Goes out: an application that Ray keeps running.
Any replica serves any prefix: which one a request names is in its body, and each replica mixes them in its own batches. (Ray's own
`multiplexed` beside its `batch` would part every batch by prefix.) A replica that fails is started again; more are started while
more requests are open than those there are have slots for. Tokens are sent on in bunches, since each chunk costs the proxy.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foreword.cluster import join_ray
from foreword.errors import RunError
from foreword.serve.engine import Sizes
from foreword.serve.http.app import make_app
from foreword.serve.opening import Wanted, open_service

COALESCE_S = 0.03
HEALTH_S = 5.0  # between two looks at a replica


@dataclass(frozen=True)
class Replicas:
    """How many, and where."""

    address: str = "local"  # as ray.init takes it; "local" starts a Ray of this machine's own
    least: int = 1
    most: int = 1
    cpus: float = 1.0  # of each replica


class Replica:
    """One process with a Service in it."""

    def __init__(self, wanted: Wanted, sizes: Sizes, admin: bool, wants_key: bool):
        self.service, self.admin, self.wants_key = open_service(wanted, sizes), admin, wants_key

    def __serve_build_asgi_app__(self) -> Any:
        return make_app(self.service, self.admin, coalesce_s=COALESCE_S, wants_key=self.wants_key)

    def check_health(self) -> None:
        """Ray starts another in its place when this raises."""
        if not self.service.runner.takes_requests:
            raise RuntimeError("the engine takes no requests")

    def __del__(self) -> None:
        if hasattr(self, "service"):
            self.service.close()


def deploy(
    wanted: Wanted, sizes: Sizes, replicas: Replicas, host: str, port: int, admin: bool = False, drain_s: int = 30,
    wants_key: bool = False,
) -> None:  # fmt: skip
    """Start Ray Serve, or join one that runs, and have it keep the replicas; returns when they answer.

    Args:
        wants_key: whether there are tenants now: a replica that starts when the last one is gone wants keys as the others do.

    Raises:
        MissingTool: Ray is not installed.
        RunError: no Ray answers at the address, or the replicas cannot be started.
    """
    # A worker's own folder may be another.
    folders = {"cache": wanted.cache.resolve(), "store": wanted.store if wanted.url else Path(wanted.store).resolve()}
    wanted = replace(wanted, **folders)
    memory = 100 * 2**20 if replicas.address == "local" else None
    join_ray(replicas.address, object_store_memory=memory, ignore_reinit_error=True)
    from ray import serve

    serve.start(http_options={"host": host, "port": port})
    deployment = serve.deployment(
        serve.ingress()(Replica), name="foreword", ray_actor_options={"num_cpus": replicas.cpus},
        # One more than a replica takes, so that its own 429 is reached; those that wait before it are bounded too.
        max_ongoing_requests=sizes.num_slots + sizes.max_waiting + 1, max_queued_requests=sizes.max_waiting,
        graceful_shutdown_timeout_s=max(drain_s, 1), health_check_period_s=HEALTH_S,
        autoscaling_config={
            "min_replicas": replicas.least, "max_replicas": replicas.most, "target_ongoing_requests": sizes.num_slots,
        },
    )  # fmt: skip
    try:
        serve.run(deployment.bind(wanted, sizes, admin, wants_key), name="foreword", route_prefix="/")
    except RuntimeError as error:
        raise RunError(f"the replicas cannot be started: {error}") from None


def shut_down() -> None:
    """End what `deploy` started."""
    import ray
    from ray import serve

    serve.shutdown()
    ray.shutdown()
