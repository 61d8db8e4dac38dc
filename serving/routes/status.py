"""How the service fares: probes for a host, figures for Prometheus, a status for people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from data.errors import ForewarnError
from data.workspace import Workspace
from serving.access.caller import needs
from serving.asked import Nothing
from serving.guard import PROBLEM_TYPE, documented
from serving.life.health import Health, health
from serving.life.life import Life
from serving.life.metrics import CONTENT_TYPE, Metrics
from serving.life.status import ServiceStatus, age
from serving.life.watch import Watch
from serving.published import Published
from serving.runs.log import last_runs

_ASKED_BY = ["GET", "HEAD"]


def add_status(app: FastAPI, workspace: Workspace, published: Published) -> None:
    """Add the routes of this file, and let every request be watched; `app.state.life` is told of.

    The watch is the outermost layer of all that are added before.
    """
    life = Life()
    metrics = Metrics(in_flight=lambda: life.in_flight)
    look = partial(health, published, workspace.models)
    app.include_router(_status_routes(look, life, workspace))
    app.include_router(_probe_routes(_Once(look), life))
    app.include_router(_metrics_routes(metrics, published))
    app.add_middleware(Watch, life=life, metrics=metrics)
    app.state.life = life


def _status_routes(look: Callable[[], Health], life: Life, workspace: Workspace) -> APIRouter:
    api = APIRouter(
        prefix="/v1",
        responses=documented(401, 403, 422, 429, 503),
        dependencies=[Depends(needs("read"))],
    )

    @api.get("/status", operation_id="get_status", response_model_exclude_none=True)
    def get_status(_more: Annotated[Nothing, Query()]) -> ServiceStatus:
        """The batch that is served, how fresh it is, its model, and the last scoring run."""
        found = look()
        if found.store != "ok":
            raise HTTPException(503, "the store cannot be read", {"Retry-After": "30"})
        return ServiceStatus.of(found, life, next(iter(last_runs(workspace, limit=1)), None))

    return api


def _probe_routes(look: _Once, life: Life) -> APIRouter:
    """Live is a process that answers at all; ready is one that can read a batch and will go on."""
    api = APIRouter(include_in_schema=False)

    @api.api_route("/livez", methods=_ASKED_BY)
    @api.api_route("/healthz", methods=_ASKED_BY)
    async def live() -> Response:
        return PlainTextResponse("alive\n")

    @api.api_route("/readyz", methods=_ASKED_BY)
    async def ready() -> Response:
        if life.draining:
            return _unready("draining: about to end", {})
        found = await look()
        if not found.ready:
            return _unready("no published batch can be read just now", found.told())
        return JSONResponse({"status": "ready", **found.told()})

    return api


def _metrics_routes(metrics: Metrics, published: Published) -> APIRouter:
    api = APIRouter(include_in_schema=False, dependencies=[Depends(needs("metrics"))])

    @api.get("/metrics")
    async def tell() -> Response:
        old = await asyncio.to_thread(_seconds_old, published)
        return Response(metrics.text(old), media_type=CONTENT_TYPE)

    return api


def _seconds_old(published: Published) -> float:
    try:
        return age(published.batch()).total_seconds()
    except ForewarnError:
        return float("nan")


class _Once:
    """A look at the store that all who ask at once share: anybody may ask as often as they like."""

    def __init__(self, look: Callable[[], Health]) -> None:
        self._look = look
        self._running: asyncio.Task[Health] | None = None

    async def __call__(self) -> Health:
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(asyncio.to_thread(self._look))
        return await asyncio.shield(self._running)


def _unready(detail: str, found: dict[str, str]) -> Response:
    content = {"type": "about:blank", "title": "Service Unavailable", "status": 503}
    return JSONResponse({**content, "detail": detail, **found}, 503, media_type=PROBLEM_TYPE)
