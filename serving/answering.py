"""How a route under `/v1` answers from a published batch: who may ask, which batch, what form."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import Response
from pydantic import BaseModel

from serving.access.caller import needs
from serving.guard import documented
from serving.published import Published
from serving.records import Batch


def reader(*refusals: int) -> APIRouter:
    """Routes under `/v1` that read and need the scope `read`; each may be refused so as well."""
    return APIRouter(
        prefix="/v1",
        responses=documented(401, 403, *refusals, 422, 429, 503),
        dependencies=[Depends(needs("read"))],
    )


def batch_at(published: Published, as_of: date | None) -> Batch:
    """The newest batch of that day or before, the one that is served without a day.

    Raises:
        HTTPException: 404, there is none.
    """
    if (batch := published.at(as_of)) is None:
        raise HTTPException(404, f"no batch of {as_of} or before")
    return batch


def answered(told: BaseModel) -> Response:
    """An answer without what is unknown; made here, as FastAPI would check it a second time."""
    return Response(told.model_dump_json(exclude_none=True), media_type="application/json")
