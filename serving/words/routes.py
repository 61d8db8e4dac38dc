"""What an account said, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from serving import asked
from serving.access.audited import audited
from serving.answering import answered, batch_at, reader
from serving.asked import AccountInPath
from serving.guard import documented
from serving.published import Published
from serving.words.answers import WordsAnswer
from serving.words.corrected import said
from serving.words.corrections import Corrections


def words_routes(published: Published, corrections: Corrections) -> APIRouter:
    """The route under `/v1` that tells what an account said; it needs the scope `read`."""
    api = reader()

    @api.get(
        "/accounts/{account_id:path}/words",
        operation_id="get_words",
        response_model=WordsAnswer,
        responses=documented(404),
        dependencies=[Depends(audited)],
    )
    def get_words(account_id: AccountInPath, then: Annotated[asked.Then, Query()]) -> Response:
        """The sentences that an account said in a year which speak of one of six subjects.

        At most twelve, the most urgent first, each with the words that show it. What people have
        corrected is told as corrected, and not at all where it is none of the six.
        """
        batch = batch_at(published, then.as_of)
        if not published.some(batch, [account_id]):
            raise HTTPException(404, f"no such account in batch {batch.batch_id}")
        found = said(published, corrections, batch, [account_id]).get(account_id, ())
        told = WordsAnswer.of(account_id, found, batch)
        return answered(told)

    return api
