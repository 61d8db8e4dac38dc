"""One account: why it is at risk, what changed, who is there, and what to do."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from features.words.sentences import digest
from serving.access.audited import note_reading
from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.plays.board import PlayDesk
from serving.published import Published
from serving.web.look import Looking
from serving.web.one import forms
from serving.web.one.page import Page, Sent
from serving.web.one.view import Asked
from serving.web.screen import Screen
from serving.web.sign_in import own_form
from serving.words.corrections import Corrections, correction_id
from serving.written.desk import Desk
from serving.written.once import DeclinedError

_CHANGED = 409
# Where the forms of an account are sent to, below its id; also the id of an account may end so.
_FORM = re.compile(r"(.+)/(?:feedback|pulse|words|plays|plays/[^/]+/outcome)", re.DOTALL)


async def _typed(request: Request) -> dict[str, str]:
    return {name: said for name, said in (await request.form()).items() if isinstance(said, str)}


def _asked(horizon: str = "", source: str = "", driver: str = "") -> Asked:
    return Asked(horizon=horizon, source=source, driver=driver)


Typing = Annotated[dict[str, str], Depends(_typed)]
Asking = Annotated[Asked, Depends(_asked)]


def account_page(
    published: Published, desk: Desk, corrections: Corrections, plays: PlayDesk, screen: Screen
) -> APIRouter:
    """The page at `/accounts/ID`, and what its forms are sent to below it."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )
    page = Page(published=published, desk=desk, corrections=corrections, plays=plays, screen=screen)
    _saying(router, page)
    _sorting(router, page)
    _playing(router, page)

    @router.get("/accounts/{account_id:path}")
    def account(
        request: Request, look: Looking, account_id: str, asked: Asking, saved: str = ""
    ) -> Response:
        found = page.find(look, account_id)
        if isinstance(found, Response):
            return _left(account_id) or found
        note_reading(request, account_id)
        return page.show(look, found, asked, saved=saved)

    return router


def _left(path: str) -> Response | None:
    """To the account from where a form of it was sent to, as when a refused one is loaded again."""
    form = _FORM.fullmatch(path)
    return None if form is None else RedirectResponse(f"/accounts/{quote(form[1], safe='')}", 303)


def _saying(router: APIRouter, page: Page) -> None:
    """The routes that take what somebody thinks of an account."""

    @router.post("/accounts/{account_id:path}/feedback", dependencies=[Depends(needs("write"))])
    def feedback(request: Request, look: Looking, account_id: str, typed: Typing) -> Response:
        def write(sent: Sent) -> None:
            # It speaks of what they had before their eyes, whatever has been published since.
            shown = page.published.find(typed.get("batch_id", ""))
            if shown is None:
                raise DeclinedError(_CHANGED, "the batch that was shown is not there any more")
            said = forms.feedback(typed, sent.viewer, shown.batch_id)
            page.desk.feedback(account_id, said, sent.attempt(said))

        return page.take(request, look, account_id, typed, ("feedback", account_id), write)

    @router.post("/accounts/{account_id:path}/pulse", dependencies=[Depends(needs("write"))])
    def pulse(request: Request, look: Looking, account_id: str, typed: Typing) -> Response:
        def write(sent: Sent) -> None:
            said = forms.pulse(typed, sent.viewer)
            page.desk.pulse(account_id, said, sent.attempt(said))

        return page.take(request, look, account_id, typed, ("pulse", account_id), write)


def _sorting(router: APIRouter, page: Page) -> None:
    """The route that takes what a sentence speaks of."""

    @router.post("/accounts/{account_id:path}/words", dependencies=[Depends(needs("write"))])
    def words(request: Request, look: Looking, account_id: str, typed: Typing) -> Response:
        def write(sent: Sent) -> None:
            told = forms.correction(typed, sent.viewer)
            page.corrections.correct(account_id, told, sent.attempt(told))

        sentence = typed.get("sentence", "").replace("\r\n", "\n")
        where = typed.get("source", ""), typed.get("feedback_id", "")
        which = correction_id(account_id, *where, digest(sentence))
        return page.take(request, look, account_id, typed, ("words", account_id, which), write)


def _playing(router: APIRouter, page: Page) -> None:
    """The routes that begin and end plays."""

    @router.post("/accounts/{account_id:path}/plays", dependencies=[Depends(needs("write"))])
    def begin(request: Request, look: Looking, account_id: str, typed: Typing) -> Response:
        def write(sent: Sent) -> None:
            said = forms.play(typed, sent.viewer, page.plays.book)
            page.desk.intervention(account_id, said, sent.attempt(said), anew=True)

        return page.take(request, look, account_id, typed, ("play", account_id), write)

    @router.post(
        "/accounts/{account_id:path}/plays/{play_id}/outcome",
        dependencies=[Depends(needs("write"))],
    )
    def end(
        request: Request, look: Looking, account_id: str, play_id: str, typed: Typing
    ) -> Response:
        def write(sent: Sent) -> None:
            said = forms.closing(typed)
            page.desk.close(play_id, said, sent.attempt(said), account_id=account_id)

        target = ("closing", account_id, play_id)
        return page.take(request, look, account_id, typed, target, write)
