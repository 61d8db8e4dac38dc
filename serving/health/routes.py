"""The health of an account over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query
from fastapi.responses import Response

from serving import asked
from serving.access.audited import audited
from serving.answering import answered, batch_at, reader
from serving.asked import AccountInPath
from serving.guard import documented
from serving.health.answers import HealthAnswer
from serving.health.live import Healths
from serving.published import Published


def health_routes(published: Published, healths: Healths) -> APIRouter:
    """The route under `/v1` that tells an account's health; it needs the scope `read`."""
    api = reader()

    @api.get(
        "/accounts/{account_id:path}/health",
        operation_id="get_health",
        response_model=HealthAnswer,
        responses=documented(404),
        dependencies=[Depends(audited)],
    )
    def get_health(account_id: AccountInPath, then: Annotated[asked.Then, Query()]) -> Response:
        """The health score of one account, each point back to the value that it comes from.

        A pulse that was written counts at once, until it expires; asked of an earlier moment, the
        answer is as it was published.
        """
        batch = batch_at(published, then.as_of)
        found = healths.of(batch, account_id, live=then.as_of is None)
        if found is None:
            raise HTTPException(404, f"no health of such an account in batch {batch.batch_id}")
        told = HealthAnswer.of(account_id, found, batch)
        return answered(told)

    return api
