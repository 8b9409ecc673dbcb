"""A server that stands until it is told to go.

Comes in:  what is to be served, where to listen.      Goes out: nothing, once the last answer is given.
SIGTERM and Ctrl-C let open answers finish; a second Ctrl-C ends them.
"""

import queue
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from foreword.errors import BadRequest
from foreword.serve.engine import Sizes
from foreword.serve.http.access import is_loopback
from foreword.serve.http.app import make_app
from foreword.serve.opening import Wanted, open_service
from foreword.serve.replicas import Replicas, deploy, shut_down
from foreword.serve.tenants.ledger import FILE, Ledger


def stand(
    wanted: Wanted, sizes: Sizes, host: str, port: int, admin: bool, drain_s: int, say: Callable[[str], None]
) -> None:
    """Serve until a signal comes.

    Raises:
        BadRequest: anybody could reach it, and no tenant is there to keep anybody out; or the address cannot be had.
    """
    has_tenants = check_reach(wanted, host)
    check_free(host, port)
    service = open_service(wanted, sizes)
    config = uvicorn.Config(
        make_app(service, admin),
        host,
        port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=drain_s or 1,
    )
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again once it has obeyed it
    server = Standing(config, lambda at: say(told(service.name, wanted, at, admin, has_tenants)))
    try:
        server.run()
    finally:
        service.close()
    say("the server has ended.")


def stand_on_ray(
    wanted: Wanted, sizes: Sizes, replicas: Replicas, host: str, port: int, admin: bool, drain_s: int,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Have replicas serve until a signal comes.

    Raises:
        BadRequest: as `stand` has it.
        MissingTool, RunError: as `deploy` has them.
    """
    has_tenants = check_reach(wanted, host)
    deploy(wanted, sizes, replicas, host, port, admin, drain_s, wants_key=has_tenants)
    try:
        name = wanted.name or wanted.backbone or "the store's backbone"
        say(told(name, wanted, f"http://{host}:{port}", admin, has_tenants))
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        ended.wait()
    finally:
        shut_down()
    say("the server has ended.")


def check_reach(wanted: Wanted, host: str) -> bool:
    """Whether there are tenants.

    Raises:
        BadRequest: anybody could reach the server, and no tenant is there to keep anybody out.
    """
    has_tenants = (wanted.folder / FILE).exists() and Ledger(wanted.folder / FILE).has_tenants
    if not has_tenants and not is_loopback(host):
        raise BadRequest(
            f"without tenants the server listens on this machine's own address alone, and --host {host} is another. Make a tenant "
            f"first: `foreword tenants add NAME --store {wanted.folder}`."
        )
    return has_tenants


def check_free(host: str, port: int) -> None:
    """Before a model is loaded.

    Raises:
        BadRequest: it is no address of this machine, or somebody listens there.
    """
    try:
        for family, _, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as error:
        raise BadRequest(
            f"--host {host} --port {port} cannot be listened on: {error.strerror}. Give others; port 0 is any that "
            "is free."
        ) from None


@contextmanager
def serving(store: str | Path = "store", **told: Any) -> Iterator[str]:
    """A server in this process, on a port of its own, for the time of the block: the address of its API.

    Args:
        told: of what is served (`Wanted`: backbone, dtype, ...) and how much room there is (`Sizes`: num_slots, slot_len, ...).
    """
    sizes = {name: told.pop(name) for name in list(told) if name in Sizes.__dataclass_fields__}
    service = open_service(Wanted(store, **told), Sizes(**sizes))
    try:
        with listening(make_app(service)) as address:
            yield f"{address}/v1"
    finally:
        service.close()


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """An application that listens on this machine's own address during the block."""
    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="warning", lifespan="off", timeout_graceful_shutdown=5)
    begun: queue.SimpleQueue[str] = queue.SimpleQueue()
    server = Standing(config, begun.put)
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    try:
        yield begun.get(timeout=60)
    finally:
        server.should_exit = True
        thread.join(30)


class Standing(uvicorn.Server):
    """uvicorn's, which also says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[str], None]):
        super().__init__(config)
        self.begun = begun

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.begun(f"http://{host}:{port}" if ":" not in host else f"http://[{host}]:{port}")


def told(name: str, wanted: Wanted, at: str, admin: bool, has_tenants: bool) -> str:
    """What the server says of itself when it begins."""
    who = "tenants with a key" if has_tenants else "anybody on this machine, and nobody else: there are no tenants"
    may = "; they may change prefixes over HTTP" if admin else ""
    return f"serving {name} with the prefixes of {wanted.store} at {at} to {who}{may}. Ctrl-C ends it."
