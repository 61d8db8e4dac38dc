"""What an account said, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from serving import asked
from serving.access.audited import audited
from serving.access.caller import needs
from serving.asked import AccountInPath
from serving.guard import documented
from serving.practice.quoted import read
from serving.published import Published
from serving.words.answers import WordsAnswer


def words_routes(published: Published) -> APIRouter:
    """The route under `/v1` that tells what an account said; it needs the scope `read`."""
    api = APIRouter(
        prefix="/v1",
        responses=documented(401, 403, 422, 429, 503),
        dependencies=[Depends(needs("read"))],
    )

    @api.get(
        "/accounts/{account_id:path}/words",
        operation_id="get_words",
        response_model=WordsAnswer,
        responses=documented(404),
        dependencies=[Depends(audited)],
    )
    def get_words(account_id: AccountInPath, then: Annotated[asked.Then, Query()]) -> Response:
        """The sentences that an account said in a year which speak of one of six subjects.

        Phrases found them, and each shows its own; at most twelve, the most urgent first.
        """
        if (batch := published.at(then.as_of)) is None:
            raise HTTPException(404, f"no batch of {then.as_of} or before")
        if published.account(batch, account_id) is None:
            raise HTTPException(404, f"no such account in batch {batch.batch_id}")
        said = read(published.part(batch, account_id, "words"))
        told = WordsAnswer.of(account_id, said, batch)
        return Response(told.model_dump_json(exclude_none=True), media_type="application/json")

    return api
