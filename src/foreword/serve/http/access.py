"""What a route is given: the service, and whose request it is.

Comes in:  a request, with a key or without.      Goes out: a Service; a Tenant; or a refusal.
"""

import ipaddress
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.datastructures import State

from foreword.errors import ForewordError
from foreword.serve.service import Service
from foreword.serve.tenants.ledger import Tenant


class NotAllowed(ForewordError):
    """No key, or one that opens nothing."""


class AdminOff(ForewordError):
    """Administration was not asked for when the server was started."""


async def service_of(request: Request) -> Service:  # a plain function would want a thread, of which there are few
    return request.app.state.service


Serving = Annotated[Service, Depends(service_of)]


def owner(state: State, authorization: str | None) -> Tenant:
    """Whose request it is. Where there never was a tenant since the server began nobody is asked for a key; one that wanted keys
    wants them to its end, whoever is removed: it may listen where anybody could reach it.

    Raises:
        NotAllowed: no key, or one that opens nothing.
    """
    ledger = state.service.library.ledger
    scheme, _, key = (authorization or "").partition(" ")
    found = ledger.tenant_of(key.strip()) if scheme.lower() == "bearer" else None
    if found is not None:
        state.wants_key = True
        return found
    state.wants_key = state.wants_key or ledger.has_tenants
    if state.wants_key:
        raise NotAllowed("this server wants a key: send 'Authorization: Bearer KEY'. `foreword tenants add` makes one.")
    return Tenant()


def administrator(state: State, authorization: str | None, host: str) -> Tenant:
    """The same, of a request that would change something.

    Args:
        host: whom it names. Where no key is wanted that must be this machine: a page of somebody else's can have the name of his
            own mean this address, and its requests would come from a browser here.

    Raises:
        NotAllowed, AdminOff: it may not.
    """
    found = owner(state, authorization)
    if not state.admin:
        raise AdminOff("administration is off on this server. Start it with --admin to let it be changed over HTTP.")
    if not found.name and not is_loopback(host_of(host)):
        raise NotAllowed(
            f"without tenants only this machine's own address is taken for changes, and the request names {host!r}. Ask 127.0.0.1, "
            "or make a tenant."
        )
    return found


def host_of(header: str) -> str:
    """The name in a Host header, without its port."""
    return header[1:].partition("]")[0] if header.startswith("[") else header.rpartition(":")[0] or header


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def tenant(request: Request, authorization: Annotated[str | None, Header()] = None) -> Tenant:
    return owner(request.app.state, authorization)


def administering(request: Request, authorization: Annotated[str | None, Header()] = None) -> Tenant:
    return administrator(request.app.state, authorization, request.headers.get("host", ""))


Who = Annotated[Tenant, Depends(tenant)]
Admin = Annotated[Tenant, Depends(administering)]
