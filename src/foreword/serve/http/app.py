"""The server's front: OpenAI's API over one Service.

Comes in:  HTTP requests.      Goes out: JSON, or server-sent events as answers are written.
Errors are told as OpenAI does: {"error": {"message", "type", "param", "code"}}.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from foreword.errors import ForewordError
from foreword.serve.asking import Settings
from foreword.serve.http.access import Serving, Who, administrator
from foreword.serve.http.answers import Form, Row
from foreword.serve.http.bodies import ChatBody, CompletionBody, Written
from foreword.serve.http.document import documented
from foreword.serve.http.events import sse
from foreword.serve.http.limits import BodyLimit
from foreword.serve.http.page import router as page_routes
from foreword.serve.http.prefixes import REFRESH_S
from foreword.serve.http.prefixes import router as prefix_routes
from foreword.serve.http.refusals import counted, error_body, error_response, response_to, tell_errors
from foreword.serve.http.threads import in_thread
from foreword.serve.request import Event, Failed, Finished, Piece
from foreword.serve.service import Asked, Conversation, Prompt, Service
from foreword.serve.tenants.ledger import Tenant

ABOUT = "Trained prefixes over one frozen model, mixed in every batch."
MOST_BYTES = 4 * 2**20  # of a body that is no upload
MOST_UPLOADS = 2  # read into memory at a time
FORM_BYTES = 2000  # that a form may take around its files
STATUS = {"deadline": 504, "prefix": 503, "numbers": 500, "error": 500, "busy": 429, "shutdown": 503}

router = APIRouter()


def make_app(
    service: Service, admin: bool = False, most_upload_bytes: int = 256 * 2**20, coalesce_s: float = 0.0,
    wants_key: bool = False,
) -> FastAPI:  # fmt: skip
    """The application that serves one Service.

    Args:
        admin: whether prefixes may be uploaded, removed, called by an alias, pinned.
        coalesce_s: for so long a stream gathers tokens before it sends them on.
        wants_key: whether a key is asked for though no tenant is known yet, or any more.
    """
    # FastAPI's own pages of documentation would ask other servers for their scripts.
    app = FastAPI(title="Foreword", description=ABOUT, docs_url=None, redoc_url=None)
    app.state.service, app.state.admin, app.state.coalesce_s = service, admin, coalesce_s
    app.state.uploads = asyncio.Semaphore(MOST_UPLOADS)
    app.state.wants_key = wants_key or service.library.ledger.has_tenants

    def refused(authorization: str, host: str, num_bytes: int) -> Response | None:
        try:
            who = administrator(app.state, authorization, host)
            service.library.check_room(who, max(0, num_bytes - FORM_BYTES))
        except ForewordError as error:
            return counted(service, response_to(error))
        return None

    count = service.metrics.errors.labels
    app.add_middleware(
        BodyLimit, most_bytes=MOST_BYTES, most_upload_bytes=most_upload_bytes, refused=refused,
        on_too_large=lambda: count("too_large").inc(),
    )  # fmt: skip
    tell_errors(app)
    app.include_router(router)
    app.include_router(prefix_routes)
    app.include_router(page_routes)
    documented(app)
    return app


@router.post("/v1/completions")
async def completions(body: CompletionBody, request: Request, service: Serving, who: Who) -> Response:
    """Go on from a text, or answer it as a prefix was trained to."""
    return await answered(service, Answering(body, body.prompts, body.told(), False, who), request)


@router.post("/v1/chat/completions")
async def chat(body: ChatBody, request: Request, service: Serving, who: Who) -> Response:
    """Answer a conversation, where the tokenizer has a template for one."""
    conversation = Conversation([message.plain() for message in body.messages])
    return await answered(service, Answering(body, [conversation], body.told(), True, who), request)


@router.get("/v1/models")
def models(
    service: Serving, who: Who, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 1000, contains: str = ""
) -> dict[str, Any]:
    """The untouched model; then the tenant's aliases and the prefixes, his and the server's own, with this in their names, behind
    `after` in alphabetical order."""
    owners = list(dict.fromkeys((who.name, "")))
    for owner in owners:
        service.library.refresh(owner, older_than_s=REFRESH_S)
    found = [] if after or contains else [base_model(service)]
    named = {
        alias: {
            **base_model(service),
            "id": f"{service.name}:{alias}",
            "root": f"{service.name}:{means}",
            "parent": service.name,
        }
        for alias, means in service.library.ledger.aliases(who.name).items()
        if alias > after and contains in alias
    }
    for entry in service.library.entries(owners, after, limit, contains):
        named.setdefault(entry.name, prefix_model(service, entry.name, entry))
    return {"object": "list", "data": found + [named[name] for name in sorted(named)[:limit]]}


@router.get("/v1/models/{model:path}")
async def model(model: str, service: Serving, who: Who) -> dict[str, Any]:
    """One of them."""
    entry = await in_thread(service.entry, who, model)
    return base_model(service) if entry is None else prefix_model(service, entry.reference, entry)


@router.get("/healthz")
async def healthz(service: Serving) -> Response:
    """Whether the process lives, with an engine in it."""
    lives = service.runner.is_alive and not service.runner.is_broken
    return JSONResponse({"status": "ok" if lives else "broken"}, 200 if lives else 503)


@router.get("/readyz")
async def readyz(service: Serving) -> Response:
    """Whether the engine takes requests."""
    ready = service.runner.takes_requests
    return JSONResponse({"status": "ready" if ready else "going down"}, 200 if ready else 503)


@router.get("/metrics")
def metrics(service: Serving) -> Response:
    """For Prometheus."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


class Answering:
    """One request on its way: what was asked, and the events of its answers."""

    def __init__(self, body: Written, prompts: Sequence[Prompt], told: Settings, chat: bool, who: Tenant):
        self.body, self.prompts, self.told, self.chat, self.who = body, prompts, told, chat, who
        self.events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()

    async def begin(self, service: Service) -> Asked:
        """Ask; in a thread, for a name may have to be looked up elsewhere, and a text be long."""
        loop = asyncio.get_running_loop()

        def hear(number: int, event: Event) -> None:
            loop.call_soon_threadsafe(self.events.put_nowait, (number, event))

        return await in_thread(service.ask, self.who, self.body.model, self.prompts, self.told, self.body.n, hear)


async def answered(service: Service, answering: Answering, request: Request) -> Response:
    """The answer to one request: whole, or as a stream."""
    asked = await answering.begin(service)
    form = Form(
        answering.chat,
        answering.body.model,
        service.words_of,
        strips=asked.entry is not None,
        counts=answering.body.wants_usage,
    )
    rows = [Row() for _ in asked.requests]
    if answering.body.stream:
        stream = streamed(service, answering, asked, form, rows, request.app.state.coalesce_s)
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
    waiting = asyncio.ensure_future(all_of(answering, rows))
    gone = asyncio.ensure_future(disconnected(request))
    try:
        await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
        failed = waiting.result() if waiting.done() else Failed("shutdown", "nobody is there to read the answer.")
    finally:
        for task in (waiting, gone):
            task.cancel()
        if any(not isinstance(row.last, Finished) for row in rows):
            service.cancel(asked)
    if failed is not None:
        status = STATUS[failed.cause]
        return error_response(status, failed.message, failed.cause, retry_s=1 if status in (429, 503) else None)
    told = await in_thread(form.whole, rows, asked.requests, len(answering.prompts))  # logprobs want the tokens' texts
    return JSONResponse(told)


async def all_of(answering: Answering, rows: Sequence[Row]) -> Failed | None:
    """Until every answer is whole, or one cannot be had."""
    left = len(rows)
    while left:
        number, event = await answering.events.get()
        rows[number].hear(event)
        if isinstance(event, Failed):
            return event
        left -= isinstance(event, Finished)
    return None


async def streamed(
    service: Service, answering: Answering, asked: Asked, form: Form, rows: Sequence[Row], coalesce_s: float
) -> AsyncIterator[str]:
    """Server-sent events. Whoever reads slowly holds up nobody; whoever goes away frees his rows."""
    left = len(rows)
    try:
        while left:
            for number, event in await bunch(answering.events, coalesce_s):
                rows[number].hear(event)
                if isinstance(event, Piece):
                    says_more = bool(event.tokens) and event.tokens[0].logprob is not None
                    yield sse(await in_thread(form.chunk, number, event) if says_more else form.chunk(number, event))
                elif isinstance(event, Finished):
                    left -= 1
                    yield sse(form.end(number, event))
                else:
                    yield sse(error_body(event.message, event.cause, kind="server_error"))
                    return
        if answering.body.wants_usage:
            yield sse(form.counted(rows, asked.requests, len(answering.prompts)))
        yield "data: [DONE]\n\n"
    finally:
        service.cancel(asked)


async def bunch(events: "asyncio.Queue[tuple[int, Event]]", coalesce_s: float) -> list[tuple[int, Event]]:
    """The next event; with those that come a moment later, pieces of one answer made one."""
    found = [await events.get()]
    if coalesce_s:
        await asyncio.sleep(coalesce_s)
        while not events.empty():
            number, event = events.get_nowait()
            before = next((at for at in range(len(found) - 1, -1, -1) if found[at][0] == number), None)
            last = None if before is None else found[before][1]
            if before is not None and isinstance(event, Piece) and isinstance(last, Piece):
                found[before] = number, Piece(last.text + event.text, last.tokens + event.tokens)
            else:
                found.append((number, event))
    return found


async def disconnected(request: Request) -> None:
    """Until the client has gone away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def base_model(service: Service) -> dict[str, Any]:
    return {"id": service.name, "object": "model", "created": service.started, "owned_by": "foreword", "parent": None}


def prefix_model(service: Service, called: str, entry: Any) -> dict[str, Any]:
    """A prefix as a model of its own, whose parent is the untouched one."""
    told = {
        "prefix_positions": entry.prefix_len,
        "method": entry.method,
        "sha256": entry.sha256,
        "version": entry.version,
    }
    return {**base_model(service), "id": f"{service.name}:{called}", "parent": service.name, **told}
