"""What is suggested to do about accounts, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from serving import asked
from serving.access.caller import needs
from serving.answers_effect import PlaysCompared
from serving.answers_plays import PlaysAnswer
from serving.cursor import CursorError
from serving.guard import documented
from serving.language import language
from serving.plays.board import Declined, Declining, PlayDesk
from serving.plays.paging import paged
from serving.records import AccountRisk
from serving.routes.writing import By, answered


def plays_routes(plays: PlayDesk) -> APIRouter:
    """The routes under `/v1` that tell of plays, and the one that takes in who declines one."""
    api = APIRouter(prefix="/v1")
    api.include_router(_reading(plays))
    api.include_router(_declining(plays))
    return api


def _reading(plays: PlayDesk) -> APIRouter:
    api = APIRouter(
        responses=documented(401, 403, 422, 429, 503), dependencies=[Depends(needs("read"))]
    )

    @api.get("/plays", operation_id="list_plays", response_model=PlaysAnswer)
    def list_plays(wanted: Annotated[asked.Plays, Query()]) -> Response:
        """The plays that are suggested, the most to lose first, and those that run.

        An intervention with the play_id of a suggestion takes it. A page has at most so many of
        each; a cursor goes on after what it ended with, whatever was answered meanwhile.
        """

        def sees(row: AccountRisk) -> bool:
            return wanted.csm in (None, row.csm) and wanted.account_id in (None, row.account_id)

        try:
            board, after = paged(
                plays.board(sees),
                limit=wanted.limit,
                cursor=wanted.cursor,
                question=wanted.model_dump(include={"csm", "account_id"}),
            )
        except CursorError as error:
            raise HTTPException(422, f"cursor: {error}") from None
        told = PlaysAnswer.of(board, plays.book, after)
        return Response(told.model_dump_json(exclude_none=True), media_type="application/json")

    @api.get(
        "/plays/effect",
        operation_id="get_plays_effect",
        response_model=PlaysCompared,
        responses=documented(404),
    )
    def get_plays_effect(wanted: Annotated[asked.Spoken, Query()]) -> Response:
        """Whether plays made a difference, as `forewarn plays --effect` found it last."""
        if (found := plays.effect()) is None:
            raise HTTPException(404, "nobody has looked yet; `forewarn plays --effect` does")
        told = PlaysCompared.of(found, language(wanted.lang))
        return Response(told.model_dump_json(exclude_none=True), media_type="application/json")

    return api


def _declining(plays: PlayDesk) -> APIRouter:
    api = APIRouter(
        responses=documented(400, 401, 403, 404, 409, 413, 422, 429, 503),
        dependencies=[Depends(needs("write"))],
    )

    @api.post(
        "/plays/{assignment_id}:decline", operation_id="decline_play", response_model=Declined
    )
    def decline_play(assignment_id: str, said: Declining, by: By) -> Response:
        """Say that a suggested play is not taken, and why. It is answered once.

        Declined with the same words again it stays as it is under one Idempotency-Key; else that is
        a conflict.
        """
        attempt = by.attempt(("decline", assignment_id), said)
        return answered(lambda: plays.decline(assignment_id, said, attempt))

    return api
