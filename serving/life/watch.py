"""Watches each request go by: for the metrics, for the access log, and for an orderly end."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.guard import PROBES, problem
from serving.life.life import Life, Queue
from serving.life.logs import ACCESS
from serving.life.metrics import OTHER, Metrics

_CLOSE = (b"connection", b"close")
# Made once: to word a refusal takes longer than all else about it, and under load counts most.
_SHUTTING_DOWN = problem(
    503, detail="shutting down", headers={"Retry-After": "5", "Connection": "close"}
)
_TOO_MANY = problem(429, detail="too many requests at once", headers={"Retry-After": "1"})
# Who had to wait longer for a first look is turned away at once, so that those behind need not.
MOST_LATE_SECONDS = 0.5
# What is logged for an answer that never began: the client has gone, or the process is ending.
_NEVER = 499


class Watch:
    """The outermost ASGI middleware of the application.

    A line of the log and a series of the metrics name the template of the route, never the path
    that was asked: that holds ids, and anybody may put anything into it.
    """

    def __init__(self, app: ASGIApp, *, life: Life, metrics: Metrics) -> None:
        self.app = app
        self.life = life
        self.metrics = metrics
        self._queue = Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection; only HTTP is watched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        sent = _Sent(send, self.life)
        self.life.in_flight += 1
        try:
            await (self._refusal(scope["path"]) or self.app)(scope, receive, sent)
        finally:
            self.life.in_flight -= 1
            self._note(scope, sent, time.perf_counter() - started)

    def _refusal(self, path: str) -> ASGIApp | None:
        """What is answered instead, to whoever comes too late or when too many come."""
        late = self._queue.seconds()
        if path in PROBES:
            return None
        if self.life.closing:
            return _SHUTTING_DOWN
        return _TOO_MANY if late > MOST_LATE_SECONDS else None

    def _note(self, scope: Scope, sent: _Sent, seconds: float) -> None:
        route = getattr(scope.get("route"), "path_format", OTHER)
        self.metrics.note(route, scope["method"], sent.status, seconds)
        if route not in PROBES:
            self.metrics.refused(sent.status)
        state = scope.get("state", {})
        ACCESS.write(
            method=scope["method"],
            route=route,
            status=sent.status,
            seconds=seconds,
            size=sent.bytes,
            key_id=getattr(state.get("caller"), "key_id", None),
            request_id=state.get("request_id"),
        )


class _Sent:
    """What has been sent of an answer; while the process drains, the last on its connection."""

    __slots__ = ("_life", "_send", "bytes", "status")

    def __init__(self, send: Send, life: Life) -> None:
        self._send = send
        self._life = life
        self.status = _NEVER
        self.bytes = 0

    def __call__(self, message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._life.draining:
                headers = [pair for pair in message["headers"] if pair[0].lower() != _CLOSE[0]]
                message = {**message, "headers": [*headers, _CLOSE]}
        elif message["type"] == "http.response.body":
            self.bytes += len(message.get("body", b""))
        return self._send(message)
