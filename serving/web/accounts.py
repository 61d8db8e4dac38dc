"""The list of accounts: whom to call first, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse

from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.published import Published
from serving.store import Order
from serving.web.look import Look, Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form

PER_PAGE = 50


def account_list(published: Published, screen: Screen) -> APIRouter:
    """The list at `/`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    @router.get("/")
    def ranking(
        look: Looking,
        by: Annotated[Order, Query()] = "arr_at_risk",
        page: Annotated[int, Query(ge=1, le=200_000)] = 1,
    ) -> HTMLResponse:
        return _list(published, screen, look, by, page)

    return router


def _list(published: Published, screen: Screen, look: Look, by: Order, page: int) -> HTMLResponse:
    assert look.viewer is not None  # noqa: S101 - seen to by the router
    first = (page - 1) * PER_PAGE
    batch, wanted = published.batch(), look.viewer.within()
    rows = published.ranked(batch, by=by, limit=PER_PAGE, offset=first, wanted=wanted)
    totals = published.totals(batch, wanted)
    accounts = int(sum(group["accounts"] for group in totals.values()))
    return screen.show(
        "ranking.html",
        look,
        batch=batch,
        totals=totals,
        accounts=accounts,
        rows=rows,
        first=first,
        by=by,
        orders={"arr_at_risk": "ARR at risk", "risk": "risk"},
        page=page,
        pages=-(-accounts // PER_PAGE),
    )
