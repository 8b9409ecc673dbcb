"""What the API says of itself at /openapi.json.

Comes in:  an application.      Goes out: its OpenAPI document, with the refusals that are really told.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

TEXT = {"type": "string"}
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "type", "param", "code"],
            "properties": {"message": TEXT, "type": TEXT, "param": {"type": ["string", "null"]}, "code": TEXT},
        }
    },
}
REFUSALS = {
    "400": "it cannot be served as it is",
    "401": "a key is wanted",
    "403": "administration is off",
    "404": "there is no such model or prefix",
    "413": "the body is too long",
    "429": "too much at once; Retry-After says when to try again",
    "500": "the server failed on it",
    "503": "not just now",
    "504": "it took too long",
    "507": "the disk is full",
}


def documented(app: FastAPI) -> None:
    """Have the document tell our refusals, in place of FastAPI's own."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            refusals = {
                status: {"description": why, "content": {"application/json": {"schema": ERROR}}}
                for status, why in REFUSALS.items()
            }
            for path, operations in made["paths"].items():
                for operation in operations.values():
                    operation["responses"].pop("422", None)
                    if path.startswith("/v1/"):
                        operation["responses"] |= refusals
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
