"""Prefixes over HTTP: look, upload, remove, call by an alias, keep at hand.

Comes in:  requests of a tenant about his own prefixes.      Goes out: what is known of them.
Whatever changes anything is refused unless the server was started with administration.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, File, Query, Request, UploadFile

from foreword.errors import Busy, ForewordError
from foreword.serve.http.access import Admin, Serving, Who
from foreword.serve.http.bodies import AliasBody
from foreword.serve.http.threads import in_thread
from foreword.serve.service import Service
from foreword.store import Entry

router = APIRouter()
WAIT_S = 60.0  # for a prefix that is to be at hand
REFRESH_S = 5.0  # for so long a list may not show what other processes have done


@router.get("/v1/prefixes")
def list_prefixes(
    service: Serving, who: Who, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 1000, contains: str = ""
) -> dict[str, Any]:
    """The newest version of each of one's own prefixes with this in its name, in alphabetical order, and one's aliases."""
    service.library.refresh(who.name, older_than_s=REFRESH_S)
    entries = service.library.entries([who.name], after, limit, contains)
    return {"data": [shown(entry) for entry in entries], "aliases": service.library.ledger.aliases(who.name)}


@router.get("/v1/prefixes/{reference}")
async def show_prefix(reference: str, service: Serving, who: Who) -> dict[str, Any]:
    return shown(await in_thread(service.library.find, who.name, reference))


@router.put("/v1/prefixes/{name}", status_code=201)
async def upload(
    name: str, manifest: Annotated[UploadFile, File()], tensors: Annotated[UploadFile, File()], service: Serving, who: Admin,
    request: Request,
) -> dict[str, Any]:  # fmt: skip
    """A new version from the two files of a store, manifest.json and prefix.safetensors. Running requests keep the old one."""
    async with request.app.state.uploads:
        sent = await manifest.read(), await tensors.read()
        return shown(await asyncio.to_thread(service.library.add, who, name, *sent))


@router.delete("/v1/prefixes/{reference}")
def remove(reference: str, service: Serving, who: Admin) -> dict[str, Any]:
    """Remove one version, NAME@VERSION. Requests that have begun are finished with it."""
    unpin_all(service, service.library.remove(who.name, reference))
    return {"removed": reference}


@router.put("/v1/aliases/{alias}")
async def set_alias(alias: str, body: AliasBody, service: Serving, who: Admin) -> dict[str, Any]:
    """From now on the alias means this version; what it meant before is forgotten."""
    return {"alias": alias, **shown(await in_thread(service.library.set_alias, who.name, alias, body.prefix))}


@router.delete("/v1/aliases/{alias}")
def drop_alias(alias: str, service: Serving, who: Admin) -> dict[str, Any]:
    return {"alias": alias, "dropped": service.library.ledger.drop_alias(who.name, alias)}


@router.post("/v1/prefixes/{reference}/preload")
async def preload(reference: str, service: Serving, who: Admin) -> dict[str, Any]:
    """Have it at hand before anybody asks for it."""
    return await at_hand(service, await in_thread(service.library.find, who.name, reference), pin=False)


@router.put("/v1/prefixes/{reference}/pin")
async def pin(reference: str, service: Serving, who: Admin) -> dict[str, Any]:
    """Keep one of one's own at hand, now and after every start."""
    entry = await in_thread(service.library.pin, who, reference)
    try:
        return await at_hand(service, entry, pin=True)
    except ForewordError:
        unpin_all(service, await asyncio.to_thread(service.library.unpin, who.name, entry.reference), wait=False)
        raise


@router.delete("/v1/prefixes/{reference}/pin")
def unpin(reference: str, service: Serving, who: Admin) -> dict[str, Any]:
    """It may give way to others again; without a version, whatever version of it was pinned."""
    released = service.library.unpin(who.name, reference)
    unpin_all(service, released)
    return {"unpinned": reference, "released": len(released)}


def unpin_all(service: Service, released: Sequence[str], wait: bool = True) -> None:
    """Have the engine keep them no longer; also those that are still being loaded."""
    if released:
        done = service.runner.call(lambda engine: [engine.pool.unpin(sha256) for sha256 in released])
        if wait:
            done.result(60)


async def at_hand(service: Service, entry: Entry, pin: bool) -> dict[str, Any]:
    """Have a prefix loaded, and say so once it is. Whoever waits for one holds no thread, of which there are few.

    Raises:
        Busy: there is no place for it, or it takes long.
        StoreError, BadRequest, PrefixMismatch: it cannot be loaded, or no row can have it.
    """
    try:
        async with asyncio.timeout(WAIT_S):
            await asyncio.wrap_future(
                await asyncio.wrap_future(service.runner.call(lambda engine: engine.preload(entry.sha256, pin)))
            )
    except TimeoutError:
        raise Busy(f"prefix {entry.reference!r} is still being loaded. Look again in a moment.") from None
    return shown(entry)


def shown(entry: Entry) -> dict[str, Any]:
    return {"reference": entry.reference, **asdict(entry)}
