"""The page of one account as an answer: shown, or shown again with what a form got wrong."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import get_args

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel

from data.errors import ForewarnError
from features.words.lexicon import CATEGORIES, TONES
from features.words.sorter import NONE
from serving import moments
from serving.access.caller import caller_of
from serving.access.viewer import Viewer
from serving.health.live import Healths
from serving.health.told import Told, told
from serving.language import Language
from serving.plays.board import REFUSALS, PlayDesk
from serving.plays.catalogue import play_told
from serving.published import Published
from serving.web.advice import advised
from serving.web.judgement import lapsed
from serving.web.look import Look
from serving.web.one.figures import figures
from serving.web.one.forms import COUNTS, Refused, Typed, WrongFormError, once_key
from serving.web.one.found import Found, find
from serving.web.one.view import Asked, Plays, view
from serving.web.one.written import written
from serving.web.screen import Screen
from serving.web.sign_in import NotOursError
from serving.words.corrected import Said, said
from serving.words.corrections import Corrections
from serving.written.contents import Outcome, VerdictReason
from serving.written.desk import Desk
from serving.written.once import Attempt, DeclinedError

FORMS = ("feedback", "pulse", "play", "closing", "words")
SUBJECTS = (*CATEGORIES, NONE)
_REASONS: tuple[str, ...] = get_args(VerdictReason)
_OUTCOMES: tuple[str, ...] = get_args(Outcome)
_OK, _ABSENT, _CHANGED, _WRONG, _LATER = 200, 404, 409, 422, 503
_LOG = logging.getLogger("forewarn")


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A form that somebody sent about an account that they may see."""

    found: Found
    viewer: Viewer
    typed: Typed
    target: tuple[str, ...]
    key_id: str
    key: str

    def attempt(self, said: BaseModel) -> Attempt:
        """What it says, to be written once however often it is sent."""
        return Attempt(key_id=self.key_id, target=self.target, content=said, key=self.key)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Shows accounts that are published, and takes what its forms say to the desk."""

    published: Published
    desk: Desk
    corrections: Corrections
    plays: PlayDesk
    screen: Screen

    def find(self, look: Look, account_id: str) -> Found | Response:
        """The account; where this viewer may see none such, the page that says so."""
        assert look.viewer is not None  # noqa: S101 - seen to by the router
        served, found = find(self.published, account_id, look.viewer)
        if found is None:
            return self.screen.show("absent.html", look, batch=served, status=_ABSENT)
        return found

    def show(
        self,
        look: Look,
        found: Found,
        asked: Asked,
        *,
        saved: str = "",
        refused: Refused | None = None,
        status: int = _OK,
    ) -> Response:
        """The page, with what was saved or refused if anything was."""
        account_id, language, book = found.row.account_id, look.language, self.plays.book
        waiting = () if found.gone else self.plays.waiting(account_id)
        shown = view(
            found,
            written(self.desk, account_id),
            asked,
            language,
            plays=Plays(book, tuple(advised(one, book, language) for one in waiting)),
        )
        return self.screen.show(
            "account/page.html",
            look,
            status=status,
            batch=found.served,
            it=shown,
            row=shown.row,
            why=shown.why,
            saved=saved if saved in FORMS else "",
            refused=refused,
            once=secrets.token_hex(16),
            reasons=_REASONS,
            outcomes=_OUTCOMES,
            refusals=REFUSALS,
            counts=COUNTS,
            play_told=partial(play_told, language=look.language),
            today=moments.now().date(),
            lapsed=lapsed,
            health=self._health(found, look.language),
            figures=figures(self.published, found, look),
            words=self._words(found),
            subjects=SUBJECTS,
            tones=TONES,
        )

    def _words(self, found: Found) -> list[Said]:
        """What it said, as people have corrected it."""
        account_id = found.row.account_id
        return said(self.published, self.corrections, found.batch, [account_id]).get(account_id, [])

    def _health(self, found: Found, language: Language) -> Told | None:
        """How healthy it is, with what was said of it since, unless it has gone."""
        batch, account_id = found.batch, found.row.account_id
        known = Healths(self.published, self.desk).of(batch, account_id, live=not found.gone)
        return None if known is None else told(known, language)

    def take(
        self,
        request: Request,
        look: Look,
        account_id: str,
        typed: Typed,
        target: tuple[str, ...],
        write: Callable[[Sent], object],
    ) -> Response:
        """Have a form written and go back to the page; what is refused is shown where it was typed.

        Raises:
            NotOursError: it bears no key of a page of ours.
        """
        assert look.viewer is not None  # noqa: S101 - seen to by the router
        form = "-".join(target[::2])
        if (key := once_key(typed, form)) is None:
            raise NotOursError
        found = self.find(look, account_id)
        if isinstance(found, Response):
            return found
        sent = Sent(
            found=found,
            viewer=look.viewer,
            typed=typed,
            target=target,
            key_id=caller_of(request).key_id,
            key=key,
        )
        try:
            write(sent)
        except WrongFormError as error:
            wrong, status = error.wrong, _WRONG
        except DeclinedError:
            wrong, status = {"": "changed"}, _CHANGED
        except ForewarnError as error:
            _LOG.error("%s", error)  # names the store, which is for the operator alone
            wrong, status = {"": "later"}, _LATER
        else:
            return RedirectResponse(f"{found.place}?saved={target[0]}#saved", 303)
        refused = Refused(form=form, typed=typed, wrong=wrong)
        return self.show(look, found, Asked(), refused=refused, status=status)
