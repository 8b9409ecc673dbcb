"""`foreword serve`, `foreword batch` and `foreword tenants`.

Comes in:  a backbone, a store, how much room.      Goes out: a server; a file of answers; keys, each told once.
"""

from pathlib import Path
from typing import Annotated

import typer

from foreword.cli import output
from foreword.cli.ending import quiet_libraries, stoppable
from foreword.errors import BadRequest, UnknownName

tenants_app = typer.Typer(no_args_is_help=True, help="Who may ask the server, and how much.")

StoreFolder = Annotated[Path, typer.Option("--store", help="the store's folder")]
StorePlace = Annotated[str, typer.Option("--store", help="the store's folder, or an address: s3://, gs://, hf://, ...")]
Cache = Annotated[
    Path, typer.Option(help="folder that prefixes of an address are brought to; tenants are kept there too")
]
CacheBytes = Annotated[int, typer.Option(min=1, help="that they may take there")]
BackboneName = Annotated[
    str, typer.Option("--backbone", help="an embedded backbone, a folder or a hub name; the store's if not given")
]
Revision = Annotated[str, typer.Option(help="hub commit of the backbone")]
Rows = Annotated[int, typer.Option(min=1, help="rows that are written side by side")]
Positions = Annotated[int, typer.Option(min=2, help="of a row: prefix, prompt and answer")]
PoolSize = Annotated[int, typer.Option("--pool", min=1, help="prefixes held at hand")]
Chunk = Annotated[int, typer.Option(min=1, help="prompt tokens read in one step")]
DType = Annotated[str, typer.Option(help="float32, bfloat16, or auto: what is faster here")]
Device = Annotated[str, typer.Option(help="cpu, cuda, ..., or auto")]
Threads = Annotated[int, typer.Option(min=0, help="of the engine; 0: torch's own number")]
Called = Annotated[
    str, typer.Option("--name", help="what the backbone is called in requests; its own name if not given")
]


def serve(
    store: StorePlace = "store", cache: Cache = Path("cache"), cache_bytes: CacheBytes = 10 * 2**30,
    backbone: BackboneName = "", revision: Revision = "",
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")] = 8000,
    admin: Annotated[bool, typer.Option("--admin", help="let prefixes be uploaded, removed, pinned over HTTP")] = False,
    rows: Rows = 16, positions: Positions = 512, pool: PoolSize = 256, chunk: Chunk = 256,
    queue: Annotated[int, typer.Option(min=1, help="rows that may wait; more are answered 429")] = 1024,
    dtype: DType = "auto", device: Device = "auto", threads: Threads = 0, name: Called = "",
    timeout: Annotated[float, typer.Option(min=0, help="seconds after which an answer is given up")] = 600,
    drain: Annotated[int, typer.Option(min=0, help="seconds that open answers are given when the server is stopped")] = 30,
    ray: Annotated[str, typer.Option(help="serve by replicas on a Ray cluster: its address, auto, or local for one here")] = "",
    replicas: Annotated[int, typer.Option(min=1, help="with --ray: replicas at least")] = 1,
    most_replicas: Annotated[int, typer.Option(min=0, help="with --ray: replicas at most; 0: no more than --replicas")] = 0,
) -> None:  # fmt: skip
    """Answer HTTP requests as OpenAI's API does, each with the prefix that its model names."""
    with stoppable("The server has ended."):
        from foreword.serve.engine import Sizes
        from foreword.serve.opening import Wanted
        from foreword.serve.replicas import Replicas
        from foreword.serve.standing import stand, stand_on_ray

        sizes = Sizes(rows, positions, chunk, pool, queue)
        wanted = Wanted(store, cache, cache_bytes, backbone, revision, dtype, device, threads, name, timeout)
        quiet_libraries()
        if (replicas, most_replicas) != (1, 0) and not ray:
            raise BadRequest("--replicas and --most-replicas go with --ray.")
        if ray:
            stand_on_ray(
                wanted,
                sizes,
                Replicas(ray, replicas, max(replicas, most_replicas)),
                host,
                port,
                admin,
                drain,
                output.say,
            )
        else:
            stand(wanted, sizes, host, port, admin, drain, output.say)


def batch(
    requests: Annotated[Path, typer.Argument(help="JSON lines: bodies of /v1/completions, or OpenAI's batch lines")],
    out: Annotated[Path, typer.Option(help="where the answers are written, a line each")],
    store: StorePlace = "store", cache: Cache = Path("cache"), cache_bytes: CacheBytes = 10 * 2**30,
    backbone: BackboneName = "", revision: Revision = "",
    rows: Rows = 16, positions: Positions = 512, pool: PoolSize = 256, chunk: Chunk = 256,
    dtype: DType = "auto", device: Device = "auto", threads: Threads = 0, name: Called = "",
) -> None:  # fmt: skip
    """Answer a file of requests by the server's engine, without a server. If stopped, the same command goes on."""
    with stoppable("The same command goes on behind the last answer."):
        from foreword.serve.batch import answer_file, read_lines
        from foreword.serve.engine import Sizes
        from foreword.serve.opening import Wanted, open_service

        read_lines(requests)  # before a model is loaded
        quiet_libraries()
        wanted = Wanted(store, cache, cache_bytes, backbone, revision, dtype, device, threads, name, timeout_s=1e9)
        service = open_service(wanted, Sizes(rows, positions, chunk, pool))
        try:
            with output.progress("requests") as progress:
                failed = answer_file(service, requests, out, progress)
        finally:
            service.close()
    output.say(
        f"written to {out}" + (f"; {failed} requests could not be answered, their lines say why" if failed else "")
    )
    if failed:
        raise typer.Exit(1)


@tenants_app.command("add", epilog="foreword tenants add acme --requests-per-minute 600")
def add_tenant(
    name: Annotated[str, typer.Argument(help="what the tenant is called; his prefixes lie in a folder of this name")],
    store: StoreFolder = Path("store"),
    requests_per_minute: Annotated[int, typer.Option(min=0, help="0: no limit")] = 0,
    tokens_per_minute: Annotated[int, typer.Option(min=0, help="of prompts and answers; 0: no limit")] = 0,
    stored_bytes: Annotated[int, typer.Option(min=0, help="that uploaded prefixes may take; 0: no limit")] = 0,
    pinned_prefixes: Annotated[int, typer.Option(min=0, help="that are always kept at hand; 0: no limit")] = 0,
) -> None:
    """Make a tenant and print his key. It is told this once: only its hash is kept."""
    from foreword.serve.tenants.ledger import FILE, Ledger, Limits

    limits = Limits(requests_per_minute, tokens_per_minute, stored_bytes, pinned_prefixes)
    key = Ledger(store / FILE).add_tenant(name, limits)
    output.say(f"the key of {name}, which cannot be shown again:")
    print(key)


@tenants_app.command("list", epilog="foreword tenants list")
def list_tenants(store: StoreFolder = Path("store")) -> None:
    """List tenants and their limits; 0 is none."""
    from dataclasses import asdict, fields

    from foreword.serve.tenants.ledger import FILE, Ledger, Limits

    tenants = Ledger(store / FILE).tenants() if (store / FILE).exists() else []
    columns = [field.name for field in fields(Limits)]
    rows = [(tenant.name, *asdict(tenant.limits).values()) for tenant in tenants]
    data = [{"name": tenant.name, **asdict(tenant.limits)} for tenant in tenants]
    output.show(data, ("tenant", *(column.replace("_", " ") for column in columns)), rows)


@tenants_app.command("remove", epilog="foreword tenants remove acme")
def remove_tenant(
    name: Annotated[str, typer.Argument(help="whose key shall open nothing any more")],
    store: StoreFolder = Path("store"),
) -> None:
    """Take a tenant's key away. His prefixes stay in the store."""
    from foreword.serve.tenants.ledger import FILE, Ledger

    if not (store / FILE).exists():  # a ledger is begun with its first tenant
        raise UnknownName("tenant", name, [])
    Ledger(store / FILE).remove_tenant(name)
    output.say(f"removed {name}")
