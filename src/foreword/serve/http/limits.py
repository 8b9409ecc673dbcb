"""No body is read beyond what it may be, whatever its header says of its length; and no upload of somebody who may send none.

Comes in:  ASGI messages.      Goes out: the same, or 413; or a refusal, before the body is read.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

TOO_LARGE = "the body has more than {most} bytes, and this is all that is read. Send less."


class BodyLimit:
    """ASGI middleware; what is sent to /v1/prefixes is an upload."""

    def __init__(
        self, app: Any, most_bytes: int, most_upload_bytes: int, refused: Callable[[str, str, int], Any],
        on_too_large: Callable[[], None],
    ):  # fmt: skip
        """
        Args:
            refused: the response to whoever sends these Authorization and Host headers and may not upload so many bytes, or None.
            on_too_large: called for each body that is.
        """
        self.app, self.most_bytes, self.most_upload_bytes = app, most_bytes, most_upload_bytes
        self.refused, self.on_too_large = refused, on_too_large

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        is_upload = scope["method"] == "PUT" and scope["path"].startswith("/v1/prefixes/")
        most = self.most_upload_bytes if is_upload else self.most_bytes
        length = headers.get(b"content-length", b"0")
        told = int(length[:20]) if length.isdigit() else 0
        if is_upload:
            authorization, host = (headers.get(name, b"").decode("latin-1") for name in (b"authorization", b"host"))
            refusal = await asyncio.to_thread(self.refused, authorization, host, told)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        if told > most:
            await self._refuse(send, most)
            return
        read = 0
        answered = False

        async def counted() -> Any:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _TooLarge
            return message

        async def noted(message: Any) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, counted, noted)
        except _TooLarge:
            if not answered:
                await self._refuse(send, most)

    async def _refuse(self, send: Any, most: int) -> None:
        self.on_too_large()
        await refuse(send, most)


class _TooLarge(BaseException):
    """Past everybody who catches exceptions, up to here."""


async def refuse(send: Any, most: int) -> None:
    error = {
        "message": TOO_LARGE.format(most=most),
        "type": "invalid_request_error",
        "param": None,
        "code": "too_large",
    }
    body = json.dumps({"error": error}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
