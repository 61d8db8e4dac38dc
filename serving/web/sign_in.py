"""The door of the page: signing in and out, and the check that a form is one of ours."""

from __future__ import annotations

import asyncio
import hmac
import math
from functools import partial

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from serving.access.access import Access
from serving.access.browser import Browser, kept, local, sign_in_at, token_of
from serving.access.caller import caller_of
from serving.access.door import Attempt, LaterError, WrongError
from serving.access.viewer import viewer_of
from serving.web.look import Look, Looking, look_of
from serving.web.screen import Screen

FORM_TOKEN = "form_token"  # noqa: S105 - its name
_FORBIDDEN, _TOO_MANY = 403, 429
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class NotOursError(HTTPException):
    """A form that no page of this session holds; nothing was done."""

    def __init__(self) -> None:
        super().__init__(_FORBIDDEN, "no form of a page that is open here")


async def own_form(request: Request) -> None:
    """A dependency for all routes of the page: what changes anything comes by a form of ours.

    Raises:
        NotOursError: the form has not the token of whoever looks.
    """
    if request.method in _SAFE:
        return
    said = (await request.form()).get(FORM_TOKEN)
    expected = viewer_of(request).form_token
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), expected.encode()):
        raise NotOursError


def mount_door(app: FastAPI, screen: Screen) -> None:
    """Add `/sign-in` and `/sign-out`, and a page for forms that are not ours."""
    app.include_router(_door_routes(screen))

    def refused(request: Request, _error: Exception) -> Response:
        return screen.show("refused.html", look_of(request), status=_FORBIDDEN)

    app.add_exception_handler(NotOursError, refused)


def _door_routes(screen: Screen) -> APIRouter:
    router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    shown = partial(_shown, screen)

    @router.get("/sign-in")
    def door(look: Looking, next: str = "/") -> Response:
        if look.viewer is not None:
            return RedirectResponse(local(next), 303)
        return shown(look, next)

    @router.post("/sign-in")
    async def sign_in(request: Request, look: Looking) -> Response:
        browser, form = _browser(request), await request.form()
        name, password, target = (_text(form.get(key)) for key in ("name", "password", "next"))
        attempt = Attempt(
            name=name,
            password=password,
            address=browser.address,
            token=token_of(browser, dict(request.scope["headers"])),
            request_id=request.state.request_id,
        )
        try:
            token = await _access(request).door.enter(attempt)
        except WrongError:
            return shown(look, target, typed=name, status=_FORBIDDEN, wrong=True)
        except LaterError as error:
            return shown(look, target, typed=name, status=_TOO_MANY, later=error)
        return _sent(local(target), browser, token)

    @router.post("/sign-out")
    async def sign_out(request: Request, look: Looking) -> Response:
        browser, viewer = _browser(request), look.viewer
        token = token_of(browser, dict(request.scope["headers"]))
        if viewer is not None and viewer.by == "user" and token is not None:
            await own_form(request)
            leave, request_id = _access(request).door.leave, request.state.request_id
            user_id = caller_of(request).key_id
            await asyncio.to_thread(leave, user_id, token, request_id)
        return _sent(sign_in_at("/"), browser, "")

    return router


def _shown(  # noqa: PLR0913
    screen: Screen,
    look: Look,
    target: str,
    *,
    typed: str = "",
    status: int = 200,
    wrong: bool = False,
    later: LaterError | None = None,
) -> HTMLResponse:
    often = later is not None and later.often
    answer = screen.show(
        "sign_in.html",
        look,
        status=status,
        target=local(target),
        typed=typed,
        wrong=wrong,
        busy=later is not None and not often,
        minutes=math.ceil(later.seconds / 60) if later is not None and often else None,
    )
    if later is not None:
        answer.headers["Retry-After"] = str(later.seconds)
    return answer


def _sent(place: str, browser: Browser, token: str) -> Response:
    return RedirectResponse(place, 303, {"Set-Cookie": kept(browser, token)})


def _access(request: Request) -> Access:
    access: Access = request.app.state.access
    return access


def _browser(request: Request) -> Browser:
    return _access(request).browser(request.scope, dict(request.scope["headers"]))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
