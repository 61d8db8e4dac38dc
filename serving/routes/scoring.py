"""Scoring on demand over HTTP: the rows of some accounts in, their risk with reasons out."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response

from serving.access.caller import needs
from serving.guard import JSON_TYPE, Mistake, documented, problem
from serving.ondemand.answers import ScoreAnswer, mistakes
from serving.ondemand.asked import OutOfReachError, ScoreRequest
from serving.ondemand.desk import Desk

if TYPE_CHECKING:
    from serving.ondemand.scorer import Outcome, Scorer

MOST_MISTAKES = 20


def scoring_routes(desk: Desk) -> APIRouter:
    """The route under `/v1` that scores; it needs the scope `read`."""
    api = APIRouter(
        prefix="/v1",
        responses=documented(401, 403, 413, 422, 429, 503),
        dependencies=[Depends(needs("read"))],
    )

    @api.post("/score", operation_id="score_accounts", response_model=ScoreAnswer)
    async def score_accounts(asked: ScoreRequest) -> Response:
        """Score accounts now, of the rows that are sent and by the model of the served batch.

        The answer equals that of a batch over the same rows. A moment is a midnight UTC and sees
        what happened and was known before it: for what happened today to count, ask for tomorrow
        as as_of. Send each account with its whole past of two years; rows that are not sent have
        not happened. What changed since a batch, levers and accounts alike are left to batches.
        Nothing is stored, and nothing that is published changes. An account whose rows are refused
        is answered with its mistakes, beside the others; where not one account could be read, the
        answer is 422.
        """
        return await desk.at(partial(_answer, asked))

    return api


def _answer(asked: ScoreRequest, scorer: Scorer) -> Response:
    try:
        outcome = scorer.score(
            asked.accounts, as_of=asked.as_of, unknown_tables=asked.unknown_tables
        )
    except OutOfReachError as error:
        raise HTTPException(422, f"as_of: {error}") from None
    if refused := _refused(outcome):
        return problem(422, errors=refused[:MOST_MISTAKES])
    answer = ScoreAnswer.of(outcome).model_dump_json(exclude_none=True)
    return Response(answer, media_type=JSON_TYPE)


def _refused(outcome: Outcome) -> list[Mistake]:
    """What is wrong with the accounts, where not one could be read."""
    if not all(result.misfits for result in outcome.results):
        return []
    return [
        mistake
        for place, result in enumerate(outcome.results)
        for mistake in mistakes(result, f"body.accounts.{place}.")
    ]
