"""What a route is given: the service, and whose request it is.

Comes in:  a request, with a key or without.      Goes out: a Service; a Tenant; or a refusal.
"""

from typing import Annotated

from fastapi import Depends, Header, Request

from foreword.errors import ForewordError
from foreword.serve.service import Service
from foreword.serve.tenants.ledger import Tenant


class NotAllowed(ForewordError):
    """No key, or one that opens nothing."""


class AdminOff(ForewordError):
    """Administration was not asked for when the server was started."""


def service_of(request: Request) -> Service:
    return request.app.state.service


Serving = Annotated[Service, Depends(service_of)]


def tenant(service: Serving, authorization: Annotated[str | None, Header()] = None) -> Tenant:
    """Whose request it is. Where there are no tenants nobody is asked for a key."""
    scheme, _, key = (authorization or "").partition(" ")
    found = service.library.ledger.tenant_of(key.strip()) if scheme.lower() == "bearer" else None
    if found is None and service.library.ledger.has_tenants:
        raise NotAllowed("this server wants a key: send 'Authorization: Bearer KEY'. `foreword tenants add` makes one.")
    return found or Tenant()


Who = Annotated[Tenant, Depends(tenant)]


def administering(request: Request, who: Who) -> Tenant:
    """The same, of a request that would change something."""
    if not request.app.state.admin:
        raise AdminOff("administration is off on this server. Start it with --admin to let it be changed over HTTP.")
    return who


Admin = Annotated[Tenant, Depends(administering)]
