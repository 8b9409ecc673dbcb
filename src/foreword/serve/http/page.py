"""The page at /, and what it asks: one text, answered behind several prefixes at once.

Comes in:  a text and names of models.      Goes out: server-sent events, each with the number of the answer it is of.
The page is one file without a build, which asks nobody but this server.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from foreword.serve.asking import Settings
from foreword.serve.http.access import Serving, Who
from foreword.serve.http.bodies import Body, Text
from foreword.serve.http.events import sse
from foreword.serve.http.threads import in_thread
from foreword.serve.request import Event, Failed, Finished, Piece
from foreword.serve.service import Asked, Service

router = APIRouter()
PAGE = Path(__file__).with_name("page.html").read_bytes()
# Nothing but what is in the file, and this server.
POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "script-src 'unsafe-inline'",
        "connect-src 'self'",
        "img-src data:",
        "frame-ancestors 'none'",
    ]
)


class SideBySideBody(Body):
    """POST /v1/side-by-side"""

    models: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=300)]], Field(min_length=1, max_length=64, fail_fast=True)
    ]
    prompt: Annotated[Text, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None


@router.get("/", include_in_schema=False)
def page() -> Response:
    return Response(PAGE, media_type="text/html; charset=utf-8", headers={"Content-Security-Policy": POLICY})


@router.post("/v1/side-by-side")
async def side_by_side(body: SideBySideBody, service: Serving, who: Who) -> Response:
    """One text behind several prefixes, in one batch: a stream of {number, text}, and {number, end} or {number, error}."""
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
    told = Settings(max_new_tokens=body.max_tokens, temperature=body.temperature, seed=body.seed)
    asked: list[Asked] = []
    try:
        for number, model in enumerate(body.models):

            def hear(_: int, event: Event, number: int = number) -> None:
                loop.call_soon_threadsafe(events.put_nowait, (number, event))

            asked.append(await in_thread(service.ask, who, model, [body.prompt], told, 1, hear))
    except Exception:
        end(service, asked)
        raise
    return StreamingResponse(
        streamed(service, asked, events), media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
    )


def end(service: Service, asked: list[Asked]) -> None:
    for one in asked:
        service.cancel(one)


async def streamed(
    service: Service, asked: list[Asked], events: asyncio.Queue[tuple[int, Event]]
) -> AsyncIterator[str]:
    left = len(asked)
    try:
        while left:
            number, event = await events.get()
            left -= not isinstance(event, Piece)
            yield sse({"number": number, **shown(event)})
        yield "data: [DONE]\n\n"
    finally:
        end(service, asked)


def shown(event: Event) -> dict[str, Any]:
    if isinstance(event, Piece):
        return {"text": event.text, "num_tokens": len(event.tokens)}
    if isinstance(event, Finished):
        return {"end": event.reason}
    assert isinstance(event, Failed), event
    return {"error": event.message}
