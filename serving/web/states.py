"""Errors as pages, for whoever looks with a browser: what is the matter, and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from data.errors import ForewarnError
from serving.access.access import PROGRAMS, SIGNED_OUT
from serving.access.browser import local, place_of
from serving.access.caller import needs
from serving.guard import JSON_TYPE, PROBES, PROBLEM_TYPE
from serving.published import Published
from serving.web.look import look_of
from serving.web.screen import Screen

LOOKS_AGAIN_SECONDS = 30
_KINDS = {401: "key", 403: "forbidden", 404: "absent", 429: "busy", 500: "failed"}
_UNAUTHORIZED, _UNAVAILABLE = 401, 503
_WORDED_ANEW = frozenset({b"content-type", b"content-length"})
_LOG = logging.getLogger("forewarn")


class States:
    """ASGI middleware, outside all others, that shows problems to browsers as pages.

    Programs have them as they are: whoever asks below the paths of programs, a probe, or does not
    ask for HTML. A script of a page has the same words as a part of one. Status and headers stay. A
    page says nothing of what was asked for.
    """

    def __init__(self, app: ASGIApp, screen: Screen) -> None:
        self.app = app
        self._screen = screen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only pages are touched."""
        if scope["type"] == "http" and _for_a_reader(scope):
            scope.setdefault("state", {})  # so that what others put there can be read here
            send = _Shown(scope, send, self._screen)
        await self.app(scope, receive, send)


def look_again(published: Published) -> APIRouter:
    """The route at `/again`, which pages of a state ask now and then: it has them loaded anew."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(needs("read"))])

    @router.get("/again")
    def again() -> Response:
        try:
            published.batch()
        except ForewarnError:
            return Response(status_code=204)
        return Response(status_code=204, headers={"HX-Refresh": "true"})

    return router


@dataclass(frozen=True)
class State:
    """What a page of a state tells.

    `kind` names its sentences. `wait` are the seconds after which one should try again, None where
    that is of no use; `by_itself` whether the page does. `place` is where to go on: to sign in, or
    what a script has asked for. `request_id` is what the log calls it.
    """

    kind: str
    wait: int | None
    by_itself: bool
    place: str
    request_id: str


class _Shown:
    """What leaves for a reader; a problem is held back until it is whole, and leaves as a page."""

    __slots__ = ("_body", "_held", "_scope", "_screen", "_send")

    def __init__(self, scope: Scope, send: Send, screen: Screen) -> None:
        self._scope, self._send, self._screen = scope, send, screen
        self._held: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._held = message
        elif self._held is None:
            await self._send(message)
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                for part in self._page(self._held):
                    await self._send(part)

    def _page(self, start: Message) -> Iterable[Message]:
        whole = {"type": "http.response.body", "body": self._body}
        try:
            shown = self._answer(start)
        except Exception as error:  # noqa: BLE001 - a page that fails must not hide a problem
            _LOG.error("the page of a %s failed: %s", start["status"], type(error).__name__)
            return (start, whole)
        kept = [pair for pair in start["headers"] if pair[0].lower() not in _WORDED_ANEW]
        headers = [*shown.raw_headers, *kept]
        return {**start, "headers": headers}, {**whole, "body": shown.body}

    def _answer(self, start: Message) -> Response:
        look, state = look_of(Request(self._scope)), _state(self._scope, start)
        name = "states/part.html" if look.part else "states/state.html"
        answer = self._screen.show(name, look, status=start["status"], state=state)
        if look.part:  # the page stays where it was
            answer.headers["HX-Push-Url"] = "false"
        return answer


def _state(scope: Scope, start: Message) -> State:
    status, headers = start["status"], {n.lower(): v.decode() for n, v in start["headers"]}
    later = headers.get(b"retry-after", "")
    kind, place = _KINDS.get(status, "odd" if status < 500 else "failed"), local(place_of(scope))
    if status == _UNAVAILABLE:
        kind = "empty" if scope["state"].get("nothing_published") else "down"
    elif status == _UNAUTHORIZED and SIGNED_OUT in scope["state"]:
        kind, place = SIGNED_OUT, scope["state"][SIGNED_OUT]
    return State(
        kind=kind,
        wait=int(later) if later.isdecimal() else None,
        by_itself=status == _UNAVAILABLE and scope["method"] == "GET",
        place=place,
        request_id=headers.get(b"x-request-id", ""),
    )


def _for_a_reader(scope: Scope) -> bool:
    path: str = scope["path"]
    if path in PROBES or path.startswith(PROGRAMS):
        return False
    headers = dict(scope["headers"])
    return b"text/html" in headers.get(b"accept", b"").lower() or b"hx-request" in headers


def _is_problem(message: Message) -> bool:
    if message["status"] < 400:
        return False
    kinds = (PROBLEM_TYPE.encode(), JSON_TYPE.encode())
    return any(n.lower() == b"content-type" and v.startswith(kinds) for n, v in message["headers"])
