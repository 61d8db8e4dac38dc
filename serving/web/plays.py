"""The page of plays: what to do this week, what is under way, and what is held back."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Annotated, Any, get_args
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, BeforeValidator

from data.errors import ForewarnError
from serving import moments
from serving.access.caller import caller_of, needs
from serving.access.viewer import Viewer, viewer_of
from serving.plays.board import REFUSALS, PlayDesk, Suggested
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.web.advice import Line, alerted, lines, place
from serving.web.effect import seen as effect_seen
from serving.web.look import Look, Looking
from serving.web.one import forms
from serving.web.one.forms import Typed, WrongFormError, once_key
from serving.web.screen import Screen
from serving.web.sign_in import NotOursError, own_form
from serving.written.assignments import Assignment
from serving.written.contents import Outcome
from serving.written.desk import Desk
from serving.written.once import Attempt, DeclinedError

PATH = "/plays"
# Of more accounts at once nobody has the time to read: the rest stands on pages of their own.
MOST = 20
SAVED = ("take", "decline", "outcome")
_OUTCOMES: tuple[str, ...] = get_args(Outcome)
_NEW = timedelta(days=7)
_NUMBER = re.compile("[1-9][0-9]{0,5}")
_CHANGED, _WRONG, _LATER = 409, 422, 503
_LOG = logging.getLogger("forewarn")
_WRITER = Depends(needs("write"))


async def _typed(request: Request) -> dict[str, str]:
    return {name: said for name, said in (await request.form()).items() if isinstance(said, str)}


def _number(given: object) -> int:
    """A page's number, 1 where somebody typed none."""
    return int(str(given)) if _NUMBER.fullmatch(str(given)) else 1


Typing = Annotated[dict[str, str], Depends(_typed)]
Looker = Annotated[Viewer, Depends(viewer_of)]


class _Asked(BaseModel):
    """What the address asks for; a page that there is not is the nearest that there is."""

    csm: str | None = None
    page: Annotated[int, BeforeValidator(_number)] = 1
    saved: str = ""


def plays_page(published: Published, desk: Desk, plays: PlayDesk, screen: Screen) -> APIRouter:
    """The page at `/plays`, and what its forms and those of the account's page are sent to."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )
    page = _Page(published=published, desk=desk, plays=plays, screen=screen)

    @router.get(PATH)
    def board(look: Looking, viewer: Looker, asked: Annotated[_Asked, Query()]) -> Response:
        return page.show(look, viewer, asked)

    @router.post(f"{PATH}/{{name}}/take", dependencies=[_WRITER])
    def take(request: Request, look: Looking, viewer: Looker, name: str, typed: Typing) -> Response:
        return page.write(
            request, look, typed, ("take", name), lambda s: page.take(s, viewer, name)
        )

    @router.post(f"{PATH}/{{name}}/decline", dependencies=[_WRITER])
    def decline(
        request: Request, look: Looking, viewer: Looker, name: str, typed: Typing
    ) -> Response:
        target = ("decline", name)
        return page.write(request, look, typed, target, lambda s: page.decline(s, viewer, name))

    @router.post(f"{PATH}/{{name}}/outcome", dependencies=[_WRITER])
    def outcome(
        request: Request, look: Looking, viewer: Looker, name: str, typed: Typing
    ) -> Response:
        target = ("outcome", name)
        return page.write(request, look, typed, target, lambda s: page.close(s, viewer, name))

    return router


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A form that somebody sent, to be written once however often it is sent."""

    typed: Typed
    target: tuple[str, ...]
    key_id: str
    key: str

    def attempt(self, said: Any) -> Attempt:  # noqa: ANN401 - any content
        return Attempt(key_id=self.key_id, target=self.target, content=said, key=self.key)


@dataclass(frozen=True, kw_only=True)
class _Page:
    """Shows plays, and takes what forms say of them to the desks."""

    published: Published
    desk: Desk
    plays: PlayDesk
    screen: Screen

    def show(
        self, look: Look, viewer: Viewer, asked: _Asked, *, wrong: str = "", status: int = 200
    ) -> Response:
        """The page of a manager, or of all: by default of whoever looks, if they are one."""
        chosen = viewer.manages or "" if asked.csm is None else asked.csm
        seen = self.plays.board(viewer.sees)
        found = seen.of(lambda row: chosen in ("", row.csm))
        book, language = self.plays.book, look.language
        alerts = self._alerts(look, viewer, chosen, seen.batch)
        week, held = _by_account(found.week), _by_account(found.held)
        pages = max(1, *(-(-len(each) // MOST) for each in (week, held, found.running, alerts)))
        page = min(asked.page, pages)
        here = slice((page - 1) * MOST, page * MOST)

        def told(each: list[list[Suggested]]) -> list[Line]:
            return lines(chain(*each[here]), self.published, seen.batch, book, language)

        return self.screen.show(
            "plays/page.html",
            look,
            status=status,
            batch=seen.batch,
            week=told(week),
            held=told(held),
            running=found.running[here],
            alerts=alerts[here],
            page=page,
            pages=pages,
            at=partial(_address, csm=asked.csm),
            managers=() if viewer.csm else seen.managers,
            chosen=chosen,
            effect=effect_seen(self.plays.effect(), language),
            saved=asked.saved if asked.saved in SAVED else "",
            wrong=wrong,
            once=secrets.token_hex(16),
            outcomes=_OUTCOMES,
            refusals=REFUSALS,
            place=place,
            today=moments.now().date(),
        )

    def write(
        self,
        request: Request,
        look: Look,
        typed: Typed,
        target: tuple[str, str],
        act: Callable[[_Sent], str],
    ) -> Response:
        """Have a form written and go back to where it was; else the page says what is wrong.

        Raises:
            NotOursError: it bears no key of a page of ours.
        """
        if (key := once_key(typed, target[0])) is None:
            raise NotOursError
        sent = _Sent(typed=typed, target=target, key_id=caller_of(request).key_id, key=key)
        try:
            account = act(sent)
        except WrongFormError as error:
            wrong, status = next(iter(error.wrong.values())), _WRONG
        except DeclinedError:
            wrong, status = "changed", _CHANGED
        except ForewarnError as error:
            _LOG.error("%s", error)  # names the store, which is for the operator alone
            wrong, status = "later", _LATER
        else:
            return RedirectResponse(_back(typed, target[0], account), 303)
        viewer = viewer_of(request)
        asked = _Asked.model_validate({n: typed[n] for n in ("csm", "page") if n in typed})
        return self.show(look, viewer, asked, wrong=wrong, status=status)

    def take(self, sent: _Sent, viewer: Viewer, name: str) -> str:
        """Begin a suggested play, or one that is held out, which needs a reason; its account."""
        it = self._found(name, viewer)
        if it.decision is not None:
            raise DeclinedError(409, "it was answered before")
        said = forms.taken(sent.typed, viewer, it)
        self.desk.intervention(it.account_id, said, sent.attempt(said), taking=name, anew=True)
        return it.account_id

    def decline(self, sent: _Sent, viewer: Viewer, name: str) -> str:
        """Decline a suggested play with a reason; its account."""
        it = self._found(name, viewer)
        said = forms.declining(sent.typed, viewer)
        self.plays.decline(name, said, sent.attempt(said))
        return it.account_id

    def close(self, sent: _Sent, viewer: Viewer, name: str) -> str:
        """Close a play that runs, with what came of it; its account."""
        running = self.plays.board(viewer.sees).running
        found = next((one.it for one in running if one.it.intervention_id == name), None)
        if found is None:
            raise DeclinedError(404, "no such play")
        said = forms.closing(sent.typed)
        self.desk.close(name, said, sent.attempt(said))
        return found.account_id

    def _found(self, name: str, viewer: Viewer) -> Assignment:
        """A suggestion or hold-out of an account that they may see."""
        it = self.plays.find(name)
        row = None if it is None else self.published.served(it.account_id)[1]
        if it is None or row is None or not viewer.sees(row):
            raise DeclinedError(404, "no such suggestion")
        return it

    def _alerts(
        self, look: Look, viewer: Viewer, chosen: str, batch: Batch
    ) -> list[tuple[AccountRisk, str]]:
        alerts = self.plays.alerts(moments.now() - _NEW)
        rows = self.published.some(batch, sorted({one.account_id for one in alerts}))
        return [
            (rows[one.account_id], alerted(one, look.language))
            for one in alerts
            if one.account_id in rows
            and viewer.sees(rows[one.account_id])
            and chosen in ("", rows[one.account_id].csm)
        ]


def _by_account(found: Iterable[Suggested]) -> list[list[Suggested]]:
    """Suggestions by account, in their order."""
    each: dict[str, list[Suggested]] = {}
    for one in found:
        each.setdefault(one.row.account_id, []).append(one)
    return [*each.values()]


def _address(page: int, csm: str | None) -> str:
    said = {} if csm is None else {"csm": csm}
    return f"{PATH}?{urlencode({**said, 'page': page})}"


def _back(typed: Typed, saved: str, account_id: str) -> str:
    if typed.get("back") == "account":
        return f"/accounts/{quote(account_id, safe='')}?saved=play#saved"
    said = {name: typed[name] for name in ("csm", "page") if name in typed}
    return f"{PATH}?{urlencode({**said, 'saved': saved})}#saved"
