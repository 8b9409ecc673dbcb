"""What is told when a request cannot be answered.

Comes in:  an error.      Goes out: its status, and {"error": {"message", "type", "param", "code"}} as OpenAI has it.
"""

import errno
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from foreword.errors import Busy, ForewordError, StoreAway, TooMuch, UnknownName
from foreword.serve.http.access import AdminOff, NotAllowed
from foreword.serve.service import AWAY, Service

log = logging.getLogger(__name__)
Teller = Callable[[Request, Exception], Awaitable[Response]]
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def tell_errors(app: FastAPI) -> None:
    """Have whatever is raised under an application told so."""
    for kind, tell in TOLD.items():
        app.add_exception_handler(kind, counting(tell))


def counting(tell: Teller) -> Teller:
    """The same, and the server's metrics know of it."""

    async def told_and_counted(request: Request, error: Exception) -> Response:
        return counted(request.app.state.service, await tell(request, error))

    return told_and_counted


def counted(service: Service, response: Response) -> Response:
    """One refusal more, of its cause."""
    service.metrics.errors.labels(response.code if isinstance(response, Refusal) else "http").inc()
    return response


class Refusal(JSONResponse):
    """A response that tells an error; its code is the cause that is counted."""

    def __init__(self, body: dict[str, Any], status: int, headers: dict[str, str]):
        super().__init__(body, status, headers)
        self.code = body["error"]["code"]


def error_body(
    message: str, code: str, param: str | None = None, kind: str = "invalid_request_error"
) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def error_response(
    status: int, message: str, code: str, param: str | None = None, retry_s: int | None = None
) -> Refusal:
    kind = "invalid_request_error" if status < 500 else "server_error"
    headers = {} if retry_s is None else {"Retry-After": str(retry_s)}
    return Refusal(error_body(message, code, param, kind), status, headers)


def response_to(error: ForewordError) -> Response:
    """One of our own errors."""
    match error:
        case NotAllowed():
            return error_response(401, str(error), "invalid_api_key")
        case AdminOff():
            return error_response(403, str(error), "administration_off")
        case UnknownName():
            return error_response(404, str(error), "model_not_found")
        case TooMuch():
            return error_response(429, str(error), "rate_limit_exceeded", retry_s=error.wait_s)
        case Busy():
            return error_response(429, str(error), "busy", retry_s=1)
        case StoreAway():
            log.error("%s", error)
            return error_response(503, AWAY, "store_away", retry_s=5)
    if isinstance(error.__cause__, OSError):
        return of_disk(error.__cause__)
    return error_response(400, str(error), "bad_request")


def of_disk(error: Exception) -> Response:
    """The server's disk is full, or worse: nobody else is to know where it is."""
    why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
    is_full = error.errno in FULL if isinstance(error, OSError) else "full" in str(error)
    message = f"the server's disk refused it: {why}. Send it again later."
    return error_response(507 if is_full else 503, message, "disk")


async def told(request: Request, error: Exception) -> Response:
    assert isinstance(error, ForewordError)
    if isinstance(error.__cause__, OSError):
        log.error("%s %s", request.method, request.url.path, exc_info=error)
    return response_to(error)


async def told_of_disk(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return of_disk(error)


async def told_of_fields(request: Request, error: Exception) -> Response:
    """A body that is not as it must be: of its faults the one whose place is known best (where a field may have several types,
    the others only say which they are not)."""
    assert isinstance(error, RequestValidationError)
    fault = max(error.errors(), key=lambda fault: (len(fault["loc"]), not fault["type"].endswith("_type")))
    if fault["type"] == "json_invalid":
        why = f"the body is no JSON: {fault['ctx']['error']}, at character {fault['loc'][-1]}."
        return error_response(400, why, "bad_request")
    message = fault["msg"].removeprefix("Value error, ")
    parts = [str(part) for part in fault["loc"] if isinstance(part, int) or part.isidentifier()]
    place = ".".join(part for part in parts if part not in ("body", "str"))
    return error_response(400, f"{place}: {message}" if place else message, "bad_request", place or None)


async def told_of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, OSError):  # while an upload was put aside
        return await told_of_disk(request, error.__cause__)
    return error_response(error.status_code, str(error.detail), "http")


async def told_of_bug(request: Request, error: Exception) -> Response:
    return error_response(500, "the server failed on this request, and has logged why.", "error")


TOLD: Mapping[type[Exception], Teller] = {
    ForewordError: told,
    OSError: told_of_disk,
    sqlite3.Error: told_of_disk,
    RequestValidationError: told_of_fields,
    HTTPException: told_of_http,
    Exception: told_of_bug,
}
