"""What a browser keeps of how somebody wants the pages: the language."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.access.browser import left, local
from serving.language import LANGUAGES
from serving.web.look import COOKIE

_YEAR = 365 * 86_400


def preferences() -> APIRouter:
    """The route that sets a preference and goes back to where one was."""
    router = APIRouter(include_in_schema=False)

    @router.get("/language")
    def choose(request: Request, to: str = "") -> Response:
        answer = RedirectResponse(local(left(dict(request.scope["headers"]))), 303)
        if to in LANGUAGES:
            answer.set_cookie(COOKIE, to, max_age=_YEAR, samesite="lax", httponly=True)
        return answer

    return router
