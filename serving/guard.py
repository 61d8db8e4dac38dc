"""The outermost layer of the service: safe headers on every answer, one shape for every error."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.caller import OPEN

PROBLEM_TYPE = "application/problem+json"
# Nothing inline, nothing from elsewhere: a hostile account name has nowhere to run.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_KEPT = (b"allow", b"retry-after")


class Mistake(BaseModel):
    """What is wrong in one place of a request; `loc` leads there, as in `body.account_ids.0`."""

    loc: str
    msg: str
    type: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 defines it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Mistake] | None = None


def problem(
    status: int,
    *,
    detail: str | None = None,
    errors: list[Mistake] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A response that tells of a problem."""
    content = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors
    ).model_dump(exclude_none=True)
    return JSONResponse(content, status, media_type=PROBLEM_TYPE, headers=headers)


def documented(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What routes declare about the problems they may answer with."""
    schema = Problem.model_json_schema()
    return {code: {"content": {PROBLEM_TYPE: {"schema": schema}}} for code in codes}


class Guard:
    """ASGI middleware: adds the headers, and rewrites errors that others have worded.

    BentoML answers unknown paths and its own failures in plain text; clients see problem+json.
    Errors that are HTML stay as they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is touched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = OPEN
        replaced = False

        async def guarded(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start":
                headers = {name.lower(): value for name, value in message["headers"]}
                if _is_foreign_error(message["status"], headers.get(b"content-type", b"")):
                    replaced = True
                    await _problem_in_place(message["status"], headers)(scope, receive, send)
                    return
                theirs = [pair for pair in message["headers"] if pair[0].lower() not in _HEADERS]
                message = {**message, "headers": [*theirs, *_HEADERS.items()]}
            if not replaced:
                await send(message)

        await self.app(scope, receive, guarded)


def _is_foreign_error(status: int, content_type: bytes) -> bool:
    return status >= 400 and not content_type.startswith((PROBLEM_TYPE.encode(), b"text/html"))


def _problem_in_place(status: int, headers: dict[bytes, bytes]) -> JSONResponse:
    kept = {name.decode(): headers[name].decode() for name in _KEPT if name in headers}
    ours = {name.decode(): value.decode() for name, value in _HEADERS.items()}
    return problem(status, headers={**ours, **kept})
