"""The outermost layer of the service: who may come in, safe headers, one shape for every error."""

from __future__ import annotations

import asyncio
import logging
import secrets
import string
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import ForewarnError
from serving.access.access import Access, SignInFirstError
from serving.access.deadlines import Deadlines
from serving.access.limits import POLICY, Bucket

PROBES = frozenset({"/livez", "/readyz", "/healthz"})
PROBLEM_TYPE = "application/problem+json"
JSON_TYPE = "application/json"
# Types of problems that draft 11 of the IETF's RateLimit fields defines.
QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded"
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
# Nothing inline, nothing from elsewhere: a hostile account name has nowhere to run.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    b"content-security-policy": CONTENT_SECURITY_POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    # Nothing to others. To ourselves yes: without it browsers hide from where a form is sent.
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_NOT_KEPT = (b"cache-control", b"no-store")
# What an answer bears that a browser may keep: its address will never lead to anything else.
IMMUTABLE = (b"cache-control", b"public, max-age=31536000, immutable")
_KEPT = (b"allow", b"retry-after")
_BUSY = {"Retry-After": "1"}
_AWAY = {"Retry-After": "30"}
# How long a client may take to fetch an answer that has begun.
_TAKING_SECONDS = 60.0
_SANE = (string.ascii_letters + string.digits + "._-").encode()
_LOG = logging.getLogger("forewarn")


class Mistake(BaseModel):
    """What is wrong in one place of a request; `loc` leads there, as in `body.account_ids.0`."""

    loc: str
    msg: str
    type: str


class Problem(BaseModel):
    """What went wrong, as RFC 9457 defines it.

    `retry_after_seconds` and `violated_policies` repeat headers, which some CRMs cannot read.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: list[Mistake] | None = None
    request_id: str | None = None
    retry_after_seconds: int | None = None
    violated_policies: list[str] | None = None


def problem(
    status: int,
    *,
    kind: str = "about:blank",
    detail: str | None = None,
    errors: list[Mistake] | None = None,
    violated: list[str] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """A response that tells of a problem, of a `kind` that a URI names."""
    later = {name.lower(): value for name, value in (headers or {}).items()}.get("retry-after", "")
    content = Problem(
        type=kind,
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        errors=errors,
        request_id=REQUEST_ID.get(),
        retry_after_seconds=int(later) if later.isdecimal() else None,
        violated_policies=violated,
    ).model_dump(exclude_none=True)
    return JSONResponse(content, status, media_type=PROBLEM_TYPE, headers=headers)


def documented(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What routes declare about the problems they may answer with."""
    schema = Problem.model_json_schema()
    return {code: {"content": {PROBLEM_TYPE: {"schema": schema}}} for code in codes}


class Guard:
    """ASGI middleware that lets a request in, in time, and sees to what leaves.

    Probes are open. All else is let in by `Access` before its body is read, turned away with 429
    while too much is under way or the key has asked too often, and with 503 when no answer began in
    time. Errors that others word, in plain text or as JSON of their own, leave as problems that RFC
    9457 has a shape for; those that are HTML stay as they are.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access
        self._deadlines = Deadlines()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is touched, and the end of the process is used."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, self._flushing(send))
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id", b""))
        scope.setdefault("state", {})["request_id"] = request_id
        REQUEST_ID.set(request_id)
        answer = _Answer(scope, receive, send, headers.get(b"accept", b""))
        answer.headers.append((b"x-request-id", request_id.encode()))
        try:
            await self._let_in(scope, receive, answer, headers)
        except HTTPException as error:
            if answer.begun:
                raise
            told = dict(error.headers or {})
            await answer.tell(problem(error.status_code, detail=error.detail, headers=told))
        except SignInFirstError as error:
            await answer.tell(RedirectResponse(error.place, 303))
        except ForewarnError as error:
            _LOG.error("%s", error)  # names the store, for the operator alone
            await answer.tell(problem(503, detail="the store cannot be read", headers=_AWAY))
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody outside may see it
            await _failed(request_id, error, answer)

    async def _let_in(
        self, scope: Scope, receive: Receive, answer: _Answer, headers: dict[bytes, bytes]
    ) -> None:
        access, path = self.access, scope["path"]
        if path in PROBES:
            await self._in_time(scope, receive, answer)
            return
        caller, bucket, viewer = await access.admit(scope, headers)
        scope["state"] |= {"caller": caller, "viewer": viewer}
        if (refusal := self._turned_away(bucket, answer)) is not None:
            await answer.tell(refusal)
            return
        if b"content-length" in headers or b"transfer-encoding" in headers:
            receive = _bounded(receive, headers, access.most_bytes(path))
        access.under_way += 1
        try:
            await self._in_time(scope, receive, answer)
        finally:
            access.under_way -= 1

    def _turned_away(self, bucket: Bucket | None, answer: _Answer) -> Response | None:
        """A 429 when too much is under way or the key has nothing left; tells of what it has."""
        at, left = self.access.clock(), True
        busy = self.access.under_way >= self.access.most_at_once
        if bucket is not None:
            left = busy or bucket.take(at)
            answer.headers += bucket.headers(at)
        if busy:
            return problem(429, detail="too many requests at once", headers=_BUSY)
        if bucket is None or left:
            return None
        return problem(
            429,
            kind=QUOTA_EXCEEDED,
            detail=f"this key may ask {bucket.quota} times a minute",
            violated=[POLICY],
            headers={"Retry-After": str(bucket.wait())},
        )

    async def _in_time(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        task, late = asyncio.current_task(), self._deadlines
        assert task is not None  # noqa: S101 - a server answers each request in one
        answer.on_begin = partial(late.set, task, _TAKING_SECONDS)
        late.set(task, self.access.deadline)
        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            if not late.end(task):
                raise
            if answer.begun:
                raise TimeoutError from None
            # The rest of the body may still be on its way, so the connection is of no more use.
            headers = {**_BUSY, "Connection": "close"}
            await answer.tell(problem(503, detail="no answer in time", headers=headers))
        finally:
            late.end(task)

    def _flushing(self, send: Send) -> Send:
        async def sent(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown"):
                await asyncio.to_thread(self.access.audit.flush)
            await send(message)

        return sent


def _bounded(receive: Receive, headers: dict[bytes, bytes], most: int) -> Receive:
    """What comes, until it is too much.

    Raises:
        HTTPException: 413, at once where the length is declared.
    """
    declared = headers.get(b"content-length", b"0")
    too_much = HTTPException(413, f"at most {most:,} bytes are taken")
    if len(declared) > 18 or not declared.isdigit() or int(declared) > most:
        raise too_much
    left = most

    async def bounded() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise too_much
        return message

    return bounded


class _Answer:
    """What leaves: with safe headers, and errors that others have worded put into one shape."""

    __slots__ = (
        *("_accept", "_ended", "_receive", "_replaced", "_scope", "_send"),
        *("begun", "headers", "on_begin"),
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, accept: bytes) -> None:
        self._scope, self._receive, self._send, self._accept = scope, receive, send, accept
        self._replaced = self._ended = self.begun = False
        self.headers = list(_HEADERS.items())
        self.on_begin: Callable[[], None] | None = None

    async def __call__(self, message: Message) -> None:
        """Send what the application says, unless it is an error that is worded anew."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            headers = {name.lower(): value for name, value in message["headers"]}
            if _is_foreign_error(message["status"], headers.get(b"content-type", b"")):
                self._replaced = True
                kept = {name.decode(): headers[name].decode() for name in _KEPT if name in headers}
                await self.tell(problem(message["status"], headers=kept))
                return
        if not self._replaced:
            await self._pass(message)

    async def tell(self, response: Response) -> None:
        """Send an answer of our own."""
        await response(self._scope, self._receive, self._pass)

    @property
    def broken(self) -> bool:
        """Whether it has begun and will not end."""
        return self.begun and not self._ended

    async def _pass(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            if self.on_begin is not None:
                self.on_begin()
            theirs = [pair for pair in message["headers"] if pair[0].lower() not in _HEADERS]
            if IMMUTABLE in message["headers"]:
                self.headers.remove(_NOT_KEPT)
                theirs.append(IMMUTABLE)
            if message["status"] >= 400 and not _takes_problems(self._accept):
                theirs = [_as_json(pair) for pair in theirs]
            message = {**message, "headers": [*theirs, *self.headers]}
        elif not message.get("more_body", False):
            self._ended = True
        await self._send(message)


async def _failed(request_id: str, error: Exception, answer: _Answer) -> None:
    """Log where an unforeseen error arose, but not its text, which may hold what was sent."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))
    _LOG.error("request %s failed: %s at %s", request_id, type(error).__name__, where)
    _LOG.debug("request %s", request_id, exc_info=error)
    if not answer.begun:
        await answer.tell(problem(500))
    elif answer.broken:
        raise ConnectionAbortedError("the answer broke off") from None


def _request_id(given: bytes) -> str:
    """The client's own, if it is one that can do no harm in a header or a log; else a new one."""
    if 0 < len(given) <= 64 and not given.translate(None, _SANE):
        return given.decode()
    return secrets.token_hex(8)


def _takes_problems(accept: bytes) -> bool:
    """Whether a client takes problem+json, by its Accept header.

    One that names neither it nor JSON and takes anything (`*/*`, or no header) gets it; one that
    names JSON alone gets the same members as plain JSON, also when it takes anything besides.
    """
    accept = accept.lower()
    if PROBLEM_TYPE.encode() in accept:
        return True
    return not accept or (b"*/*" in accept and JSON_TYPE.encode() not in accept)


def _as_json(pair: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    name, value = pair
    if name.lower() == b"content-type" and value.startswith(PROBLEM_TYPE.encode()):
        return name, JSON_TYPE.encode()
    return pair


def _is_foreign_error(status: int, content_type: bytes) -> bool:
    return status >= 400 and not content_type.startswith((PROBLEM_TYPE.encode(), b"text/html"))
