"""The HTTP side: one application with every public route, and one shape for every error."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from data.errors import ForewarnError, MissingError
from data.version import forewarn_version
from data.workspace import Workspace
from serving.access.access import Access
from serving.guard import Guard, Mistake, problem
from serving.health.live import Healths
from serving.health.routes import health_routes
from serving.ondemand.desk import Desk
from serving.plays.board import PlayDesk
from serving.published import Published
from serving.routes.contract import contract_routes
from serving.routes.figures import figure_routes
from serving.routes.plays import plays_routes
from serving.routes.reading import reading_routes
from serving.routes.scoring import scoring_routes
from serving.routes.status import add_status
from serving.routes.writing import writing_routes
from serving.web.mount import mount_pages
from serving.web.states import States
from serving.words.corrections import Corrections
from serving.words.routes import words_routes
from serving.written.desk import Desk as Written

RETRY_AFTER_SECONDS = 30
_LOG = logging.getLogger("forewarn")


def create_app(workspace: Workspace, *, access: Access | None = None) -> FastAPI:
    """The application over a workspace, in which nothing need be published yet.

    Who may ask is in its `state.access`, for whatever else guards it; keys are needed unless the
    environment or `access` says that only this machine or process can ask.
    """
    app = FastAPI(
        title="forewarn",
        version=forewarn_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # `contract_routes` has one that CRMs can import
        # A client would follow with its key, by http where a proxy that speaks https is in front.
        redirect_slashes=False,
    )
    app.state.access = access or Access(workspace.store)
    published = Published(workspace.store, workspace.models)
    healths = Healths(published, Written(workspace.store))
    app.include_router(reading_routes(published, healths))
    app.include_router(health_routes(published, healths))
    app.include_router(figure_routes(published, healths))
    app.include_router(words_routes(published, Corrections(workspace.store)))
    app.include_router(writing_routes(workspace.store))
    app.include_router(plays_routes(PlayDesk(workspace, published)))
    app.state.desk = Desk(workspace, published)
    app.include_router(scoring_routes(app.state.desk))
    app.include_router(contract_routes())
    screen = mount_pages(app, published, workspace)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(ForewarnError, _unavailable)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guard, access=app.state.access)
    add_status(app, workspace, published)  # late, since what it adds is outside the others
    app.add_middleware(States, screen=screen)
    return app


# The handlers never repeat what was sent: an error may be logged, and an id is personal enough.


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    of_body = any(e["loc"][0] == "body" for e in error.errors())
    if of_body and "json" not in request.headers.get("content-type", ""):
        return problem(415, detail="expected a body with the Content-Type application/json")
    found = [
        Mistake(loc=".".join(map(str, e["loc"])), msg=e["msg"], type=e["type"])
        for e in error.errors()[:20]
    ]
    return problem(422, errors=found)


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return problem(error.status_code, detail=error.detail, headers=dict(error.headers or {}))


def _unavailable(request: Request, error: Exception) -> Response:
    _LOG.error("%s", error)  # names the file, which is for the operator alone
    request.state.nothing_published = isinstance(error, MissingError)
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(503, detail="no published batch can be read just now", headers=retry)


def _failed(_request: Request, _error: Exception) -> Response:
    return problem(500)
