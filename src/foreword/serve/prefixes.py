"""Prefixes over HTTP: look, upload, remove, call by an alias, keep at hand.

Comes in:  requests of a tenant about his own prefixes.      Goes out: what is known of them.
Whatever changes anything is refused unless the server was started with administration.
"""

import asyncio
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI, File, UploadFile

from foreword.errors import BadRequest, ForewordError
from foreword.serve.bodies import AliasBody
from foreword.serve.ledger import Tenant
from foreword.serve.service import Service
from foreword.store import Entry


class AdminOff(ForewordError):
    """Administration was not asked for when the server was started."""


def add_prefix_routes(app: FastAPI, service: Service, Who: Any, admin: bool) -> None:  # noqa: N803
    """Routes under /v1/prefixes and /v1/aliases.

    Args:
        Who: the type of a parameter that is the request's tenant.
    """
    library = service.library

    def administering(who: Who) -> Tenant:
        if not admin:
            raise AdminOff(
                "administration is off on this server. Start it with --admin to let it be changed over HTTP."
            )
        return who

    Admin = Annotated[Tenant, Depends(administering)]

    @app.get("/v1/prefixes")
    def list_prefixes(who: Who, after: str = "", limit: int = 1000) -> dict[str, Any]:
        """The newest version of each of one's own prefixes, in alphabetical order."""
        library.refresh(who.name)
        entries = library.entries(who.name, after, max(1, min(limit, 1000)))
        return {"data": [shown(entry) for entry in entries], "aliases": library.ledger.aliases(who.name)}

    @app.get("/v1/prefixes/{reference}")
    def show_prefix(reference: str, who: Who) -> dict[str, Any]:
        return shown(library.find(who.name, reference))

    @app.put("/v1/prefixes/{name}", status_code=201)
    async def upload(
        name: str, manifest: Annotated[UploadFile, File()], tensors: Annotated[UploadFile, File()], who: Admin
    ) -> dict[str, Any]:  # fmt: skip
        """A new version from the two files of a store, manifest.json and prefix.safetensors. Running requests keep the old one."""
        sent = await manifest.read(), await tensors.read()
        entry = await asyncio.to_thread(add, who, name, *sent)
        return shown(entry)

    def add(who: Tenant, name: str, manifest: bytes, tensors: bytes) -> Entry:
        most = who.limits.stored_bytes
        if most:
            taken = library.stored_bytes(who.name)
            if taken + len(manifest) + len(tensors) > most:
                raise BadRequest(
                    f"this key's prefixes may take {most} bytes and take {taken} already; {len(manifest) + len(tensors)} more are "
                    "too many. Remove a version first."
                )
        return library.add(who.name, name, manifest, tensors)

    @app.delete("/v1/prefixes/{reference}")
    def remove(reference: str, who: Admin) -> dict[str, Any]:
        """Remove one version, NAME@VERSION. Requests that have begun are finished with it."""
        library.remove(who.name, reference)
        return {"removed": reference}

    @app.put("/v1/aliases/{alias}")
    def set_alias(alias: str, body: AliasBody, who: Admin) -> dict[str, Any]:
        """From now on the alias means this version; what it meant before is forgotten."""
        return {"alias": alias, **shown(library.set_alias(who.name, alias, body.prefix))}

    @app.delete("/v1/aliases/{alias}")
    def drop_alias(alias: str, who: Admin) -> dict[str, Any]:
        return {"alias": alias, "dropped": library.ledger.drop_alias(who.name, alias)}

    @app.post("/v1/prefixes/{reference}/preload")
    def preload(reference: str, who: Admin) -> dict[str, Any]:
        """Have it at hand before anybody asks for it."""
        return at_hand(library.find(who.name, reference), pin=False)

    @app.put("/v1/prefixes/{reference}/pin")
    def pin(reference: str, who: Admin) -> dict[str, Any]:
        """Keep it at hand, now and after every start."""
        done = at_hand(library.find(who.name, reference), pin=True)
        library.pin(who.name, reference)
        return done

    @app.delete("/v1/prefixes/{reference}/pin")
    def unpin(reference: str, who: Admin) -> dict[str, Any]:
        entry = library.pin(who.name, reference, on=False)
        service.runner.call(lambda engine: engine.pool.unpin(entry.sha256)).result(60)
        return shown(entry)

    def at_hand(entry: Entry, pin: bool) -> dict[str, Any]:
        service.runner.call(lambda engine: engine.preload(entry.sha256, pin)).result(60)
        return shown(entry)


def shown(entry: Entry) -> dict[str, Any]:
    return {"reference": entry.reference, **asdict(entry)}
