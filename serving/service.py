"""The BentoML service: hosts the application over the workspace that `forewarn serve` names."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bentoml
from starlette.types import ASGIApp, Receive, Scope, Send

from data.workspace import Workspace
from serving.api import create_app
from serving.host import WORKSPACE_VARIABLE
from serving.life import logs
from serving.life.drain import PARENT_VARIABLE, drain_on_sigterm, drain_seconds, end_with
from serving.webhooks import courier

logs.set_up()
_WORKSPACE = Workspace.configured(Path(os.environ.get(WORKSPACE_VARIABLE, ".forewarn")))
_APP = create_app(_WORKSPACE)


# BentoML's own metrics and access log stay off: both write what an anonymous caller sends. So does
# its tracing, which has nowhere to go and would double what an answer costs.
@bentoml.service(
    name="forewarn",
    workers=1,
    traffic={"timeout": 30},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(_APP, path="/")
class Forewarn:
    """Hosts the application, and ends when it is told to or when its host is gone."""

    _watching: asyncio.Task[None] | None = None
    _stop_courier: Callable[[], None] | None = None

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    async def begin(self) -> None:
        """Take over what SIGTERM does; the server has its own handler by now."""
        drain = drain_on_sigterm(_APP.state.life, drain_seconds())
        host = int(os.environ.get(PARENT_VARIABLE) or os.getppid())
        self._watching = asyncio.create_task(end_with(host, drain))
        self._stop_courier = courier.start(_WORKSPACE)
        _APP.state.desk.warm()

    @bentoml.on_shutdown  # type: ignore[untyped-decorator]
    def end(self) -> None:
        """Write what waits in memory, and send no more webhooks."""
        _APP.state.access.audit.flush()
        if self._stop_courier is not None:
            self._stop_courier()


class _Ours:
    """ASGI middleware by which every path is the application's.

    BentoML has pages of its own, which would come first: a probe that knows less, and a start page
    that loads what it shows from elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (_APP if scope["type"] == "http" else self.app)(scope, receive, send)


_service: Any = Forewarn  # the decorator makes a Service of the class
_service.add_asgi_middleware(_Ours)
