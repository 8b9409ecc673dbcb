"""A file of requests, answered without a server by the same engine.

Comes in:  JSON lines: bodies of /v1/completions, or OpenAI's batch lines with `custom_id`, `url` and `body`.
Goes out:  a line for each, in their order: {"id", "custom_id", "response": {"status_code", "body"}, "error"}; `id` is a hash of
the request.
Lines are written as they are known. If it is stopped, the same call goes on behind the last whole line.
"""

import hashlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from foreword.errors import BadData, Busy, ForewordError, StoreAway
from foreword.serve.http.answers import Form, Row
from foreword.serve.http.bodies import ChatBody, CompletionBody
from foreword.serve.request import Event, Failed, Finished
from foreword.serve.service import Asked, Conversation, Service
from foreword.serve.tenants.ledger import Tenant

log = logging.getLogger(__name__)
URLS = {"/v1/completions": CompletionBody, "/v1/chat/completions": ChatBody}


RETRY_S = 0.05  # while all places are taken
PATIENCE_S = 60.0  # with an engine that broke, and a store that does not answer


@dataclass(frozen=True)
class Line:
    """One request of the file."""

    number: int
    id: str  # of all that was asked: two lines with the same ask the same
    custom_id: str
    body: CompletionBody | ChatBody | None
    fault: str = ""


def read_lines(path: Path) -> list[Line]:
    """The requests of a file; a line that is none keeps its place, with its fault.

    Raises:
        BadData: there is no such file, or nothing in it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(path, f"cannot be read: {error}. Give a UTF-8 file with a JSON object per line.") from None
    lines = [line_of(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        raise BadData(path, "is empty. Give at least one request, a line each.")
    return lines


def line_of(number: int, text: str) -> Line:
    """One line as a request."""
    called, id = f"line-{number}", f"req-{hashlib.sha256(text.strip().encode()).hexdigest()[:24]}"
    try:
        held = json.loads(text)
        if not isinstance(held, dict):
            return Line(number, id, called, None, "a line must be a JSON object")
        called = str(held.pop("custom_id", called))
        url = str(held.get("url", "/v1/completions"))
        if url not in URLS:
            return Line(number, id, called, None, f"url must be {' or '.join(URLS)}, got {url!r}")
        body = URLS[url].model_validate(held.get("body", held))
        return Line(number, id, called, body, "a file is not streamed: leave stream out" if body.stream else "")
    except ValidationError as error:
        fault = error.errors()[0]
        return Line(number, id, called, None, f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}")
    except (ValueError, RecursionError) as error:
        return Line(number, id, called, None, f"not JSON: {error}")


def answer_file(
    service: Service, source: Path, out: Path, progress: Callable[[int, int], None] = lambda done, all: None
) -> int:
    """Answer every line; how many could not be.

    Raises:
        BadData: the file cannot be read, or `out` holds answers to other requests.
        Busy, StoreAway: the engine or the store is gone for long; what is answered is in `out`, and the same call goes on.
    """
    lines = read_lines(source)
    done, failed = answered_before(out, lines)
    with open(out, "ab") as file:
        for number, answer in enumerate(in_order(service, lines[done:]), start=done + 1):
            failed += answer["error"] is not None
            file.write((json.dumps(answer) + "\n").encode())
            file.flush()
            progress(number, len(lines))
    return failed


def answered_before(out: Path, lines: list[Line]) -> tuple[int, int]:
    """How many lines were answered by an earlier call, and how many of them could not be; a line cut short is taken away."""
    if not out.exists():
        return 0, 0
    content = out.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    try:
        answers = [json.loads(line) for line in whole.splitlines()]
        same = [answer["id"] for answer in answers] == [line.id for line in lines[: len(answers)]]
        failed = sum(answer["error"] is not None for answer in answers)
    except (ValueError, KeyError, TypeError):
        same, answers, failed = False, [], 0
    if not same:
        raise BadData(out, "holds answers to other requests. Move it away, or choose another --out.")
    if len(whole) < len(content):
        with open(out, "r+b") as file:
            file.truncate(len(whole))
    return len(answers), failed


class Waiting:
    """The answers to one line, as they come."""

    def __init__(self, line: Line):
        self.line, self.begun, self.whole = line, threading.Event(), threading.Event()
        self.asked: Asked | None = None
        self.rows: dict[int, Row] = {}
        self.fault: tuple[int, str] | None = (400, line.fault) if line.fault else None
        self.gives_up: ForewordError | None = None  # what ends the file here

    def begin(self, service: Service) -> None:
        """Ask, and say once it has been asked: the engine may be through with it sooner."""
        try:
            self.ask(service)
        finally:
            self.begun.set()

    def ask(self, service: Service) -> None:
        body = self.line.body
        if body is None or self.fault:
            self.whole.set()
            return
        try:
            chat = isinstance(body, ChatBody)
            prompts = [Conversation([m.plain() for m in body.messages])] if chat else body.prompts
            self.rows = {number: Row() for number in range(len(prompts) * body.n)}
            end = time.monotonic() + PATIENCE_S
            while self.asked is None:
                try:
                    self.asked = service.ask(Tenant(), body.model, prompts, body.told(), body.n, self.hear)
                except (Busy, StoreAway) as error:
                    if len(self.rows) > service.runner.most_open:
                        raise
                    if service.runner.takes_requests and isinstance(error, Busy):
                        end = time.monotonic() + PATIENCE_S  # others' answers are written meanwhile
                    elif time.monotonic() > end:  # no fault of this line's, nor of those behind it
                        self.gives_up = error
                        self.whole.set()
                        return
                    time.sleep(RETRY_S)
        except ForewordError as error:
            self.fault = (400, str(error))
            self.whole.set()
        except Exception as error:  # a bug with one line: the others are answered
            log.exception("line %d was not asked", self.line.number)
            self.fault = (500, f"{type(error).__name__}: {error}")
            self.whole.set()

    def hear(self, number: int, event: Event) -> None:
        self.rows[number].hear(event)
        if all(isinstance(row.last, Finished | Failed) for row in self.rows.values()):
            self.whole.set()

    def answer(self, service: Service) -> dict[str, Any]:
        """Raises Busy, StoreAway: it cannot be asked for now, and nor can what stands behind it."""
        self.begun.wait()
        self.whole.wait()
        if self.gives_up is not None:
            raise self.gives_up
        named = {"id": self.line.id, "custom_id": self.line.custom_id}
        body, asked, rows = self.line.body, self.asked, list(self.rows.values())
        failed = next((row.last.message for row in rows if isinstance(row.last, Failed)), None)
        fault = self.fault or ((500, failed) if failed is not None else None)
        if fault is not None or body is None or asked is None:
            status, message = fault or (500, "it was not asked")
            return {**named, "response": None, "error": {"code": status, "message": message}}
        chat = isinstance(body, ChatBody)
        form = Form(chat, body.model, service.words_of, strips=asked.entry is not None)
        whole = form.whole(rows, asked.requests, len(rows) // body.n)
        return {**named, "response": {"status_code": 200, "body": whole}, "error": None}


def in_order(service: Service, lines: list[Line]) -> Iterator[dict[str, Any]]:
    """Answers in the order of the lines, with as many on their way as the engine takes. What is answered is kept no longer."""
    begun: queue.SimpleQueue[Waiting] = queue.SimpleQueue()
    ended = threading.Event()

    def begin() -> None:
        for line in lines:
            if ended.is_set():
                return
            one = Waiting(line)
            begun.put(one)
            one.begin(service)
            if one.gives_up is not None:  # nor would those behind it be answered
                return

    threading.Thread(target=begin, daemon=True).start()
    try:
        for _ in lines:
            yield begun.get().answer(service)
    finally:
        ended.set()
