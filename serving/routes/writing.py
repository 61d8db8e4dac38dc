"""Writing back over HTTP: feedback, pulses and interventions, and reading them again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from data.errors import ForewarnError
from serving.access.caller import caller_of, needs
from serving.asked import Written
from serving.guard import documented
from serving.words.corrections import Correction, Corrections, NewCorrection
from serving.written.contents import (
    Closing,
    Feedback,
    FeedbackList,
    Intervention,
    InterventionList,
    NewFeedback,
    NewIntervention,
    NewPulse,
    Pulse,
    PulseList,
)
from serving.written.desk import FEEDBACK_KIND, INTERVENTION_KIND, PULSE_KIND, Desk, Kept, Kind
from serving.written.once import (
    KEY_PATTERN,
    MAX_KEY,
    Answer,
    Attempt,
    DeclinedError,
    parse_key,
)

RETRY_AFTER_SECONDS = 10
_LOG = logging.getLogger("forewarn")
_READER, _WRITER = Depends(needs("read")), Depends(needs("write"))


@contextmanager
def _told() -> Iterator[None]:
    """What could not be taken or read, as an answer."""
    try:
        yield
    except DeclinedError as error:
        raise HTTPException(error.status, error.detail) from None
    except ForewarnError as error:
        _LOG.error("%s", error)  # names the store, which is for the operator alone
        raise HTTPException(
            503,
            "nothing was written or read: the store is not to be had just now; send it again",
            {"Retry-After": str(RETRY_AFTER_SECONDS)},
        ) from None


def idempotency_key(
    request: Request,
    _shown: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Send the same again to have the first answer again; kept for 7 days.",
            json_schema_extra={"minLength": 1, "maxLength": MAX_KEY, "pattern": KEY_PATTERN},
        ),
    ] = None,
) -> str | None:
    """The key under which a request may be repeated; None without one."""
    sent = request.headers.getlist("idempotency-key")
    if not sent:
        return None
    with _told():
        return parse_key(sent[0] if len(sent) == 1 else "")


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
Page = Annotated[Written, Query()]


def writing_routes(address: Path | str) -> APIRouter:
    """The routes under `/v1` that take in what people write; they need the scope `write`.

    What was written is read back with the scope `read`.
    """
    api = APIRouter(prefix="/v1", responses=documented(400, 401, 403, 404, 413, 422, 429, 503))
    desk = Desk(address)
    _taking_routes(api, desk)
    _correcting_route(api, Corrections(address))
    _closing_route(api, desk)
    _listing_routes(api, desk)
    return api


def _taking_routes(api: APIRouter, desk: Desk) -> None:
    """One route for each kind of thing that is written of an account."""

    @api.post(
        "/accounts/{account_id:path}/feedback",
        operation_id="create_feedback",
        status_code=201,
        response_model=Feedback,
        dependencies=[_WRITER],
    )
    def create_feedback(account_id: str, said: NewFeedback, by: By) -> Response:
        """Say whether the published risk of an account is right. It changes no score."""
        attempt = by.attempt(("feedback", account_id), said)
        return answered(lambda: desk.feedback(account_id, said, attempt))

    @api.post(
        "/accounts/{account_id:path}/pulses",
        operation_id="create_pulse",
        status_code=201,
        response_model=Pulse,
        dependencies=[_WRITER],
    )
    def create_pulse(account_id: str, said: NewPulse, by: By) -> Response:
        """Record how a customer success manager judges an account. It changes no score."""
        attempt = by.attempt(("pulse", account_id), said)
        return answered(lambda: desk.pulse(account_id, said, attempt))

    @api.post(
        "/accounts/{account_id:path}/interventions",
        operation_id="create_intervention",
        status_code=201,
        response_model=Intervention,
        dependencies=[_WRITER],
    )
    def create_intervention(account_id: str, said: NewIntervention, by: By) -> Response:
        """Record a play that is run on an account, or kept back for comparison."""
        attempt = by.attempt(("intervention", account_id), said)
        return answered(lambda: desk.intervention(account_id, said, attempt))


def _correcting_route(api: APIRouter, corrections: Corrections) -> None:
    """What a sentence of an account speaks of."""

    @api.post(
        "/accounts/{account_id:path}/words",
        operation_id="correct_words",
        status_code=201,
        response_model=Correction,
        dependencies=[_WRITER],
    )
    def correct_words(account_id: str, said: NewCorrection, by: By) -> Response:
        """Say what a sentence of an account speaks of, or that it is none of the six subjects.

        It takes the place of what was said of that sentence before, and changes no score.
        """
        attempt = by.attempt(("words", account_id), said)
        return answered(lambda: corrections.correct(account_id, said, attempt))


def _closing_route(api: APIRouter, desk: Desk) -> None:
    """The end of an intervention."""

    @api.post(
        "/interventions/{intervention_id}:close",
        operation_id="close_intervention",
        response_model=Intervention,
        responses=documented(409),
        dependencies=[_WRITER],
    )
    def close_intervention(intervention_id: str, said: Closing, by: By) -> Response:
        """Record what came of an intervention.

        Closed with the same outcome again, it stays as it is; with another, that is a conflict.
        """
        attempt = by.attempt(("close", intervention_id), said)
        return answered(lambda: desk.close(intervention_id, said, attempt))


def _listing_routes(api: APIRouter, desk: Desk) -> None:
    """One route for each kind of thing that is read back."""

    @api.get(
        "/accounts/{account_id:path}/feedback",
        operation_id="list_feedback",
        response_model_exclude_none=True,
        dependencies=[_READER],
    )
    def list_feedback(account_id: str, page: Page) -> FeedbackList:
        """The feedback on an account, newest first."""
        rows, rest = _page(desk, FEEDBACK_KIND, account_id, page)
        return FeedbackList(feedback=rows, **rest)

    @api.get(
        "/accounts/{account_id:path}/pulses",
        operation_id="list_pulses",
        response_model_exclude_none=True,
        dependencies=[_READER],
    )
    def list_pulses(account_id: str, page: Page) -> PulseList:
        """The pulses of an account, newest first."""
        rows, rest = _page(desk, PULSE_KIND, account_id, page)
        return PulseList(pulses=rows, **rest)

    @api.get(
        "/accounts/{account_id:path}/interventions",
        operation_id="list_interventions",
        response_model_exclude_none=True,
        dependencies=[_READER],
    )
    def list_interventions(account_id: str, page: Page) -> InterventionList:
        """The interventions on an account, newest first."""
        rows, rest = _page(desk, INTERVENTION_KIND, account_id, page)
        return InterventionList(interventions=rows, **rest)


def _page(
    desk: Desk, kind: Kind[Kept], account_id: str, page: Written
) -> tuple[list[Kept], dict[str, Any]]:
    """The things on a page, and what is told beside them."""
    with _told():
        rows = desk.listed(kind, account_id, limit=page.limit + 1, before=page.cursor)
    shown = rows[: page.limit]
    after = getattr(shown[-1], kind.key.name) if len(rows) > page.limit else None
    return shown, {
        "account_id": account_id,
        "has_more": after is not None,
        "next_cursor": after,
    }


class _By:
    """Who writes, and under which key it may be repeated."""

    def __init__(self, request: Request, key: IdempotencyKey) -> None:
        self._key_id = caller_of(request).key_id
        self._key = key

    def attempt(self, target: tuple[str, ...], said: BaseModel) -> Attempt:
        """One request of theirs."""
        return Attempt(key_id=self._key_id, target=target, content=said, key=self._key)


By = Annotated[_By, Depends()]


def answered(write: Callable[[], Answer]) -> Response:
    """What came of writing, or why it could not be taken.

    Raises:
        HTTPException: 404, 409 or 422 as the desk declined it, 503 while the store is away.
    """
    with _told():
        answer = write()
    replayed = {"Idempotent-Replayed": "true"} if answer.replayed else {}
    return Response(answer.body, answer.status, replayed, media_type="application/json")
