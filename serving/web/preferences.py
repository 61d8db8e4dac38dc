"""What a browser keeps of how somebody wants the pages: the language."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from serving.access.browser import local
from serving.language import LANGUAGES
from serving.web.look import COOKIE

_YEAR = 365 * 86_400


def preferences() -> APIRouter:
    """The route that sets a preference and goes back to where one was."""
    router = APIRouter(include_in_schema=False)

    @router.get("/language")
    def choose(request: Request, to: str = "", next: str = "/") -> Response:
        answer = RedirectResponse(local(_left(request) or next), 303)
        if to in LANGUAGES:
            answer.set_cookie(COOKIE, to, max_age=_YEAR, samesite="lax", httponly=True)
        return answer

    return router


def _left(request: Request) -> str:
    """The page of ours from which a link was followed, empty if it is not known.

    That is where somebody was; what stands in the link is where the page was when it was made, and
    filters may have been set since.
    """
    try:
        page = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # `http://[` is no address
        return ""
    if page.netloc != request.headers.get("host") or page.path.startswith("/language"):
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path
