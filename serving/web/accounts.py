"""The list of accounts: whom to call first, and why."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from serving.access.caller import needs
from serving.access.viewer import Viewer, viewer_of
from serving.published import Published
from serving.web.listing.filters import PATH, Filters, Order
from serving.web.listing.form import chips, selects
from serving.web.listing.lines import Told
from serving.web.listing.overview import overview
from serving.web.listing.rows import Rows
from serving.web.listing.sheet import sheet
from serving.web.listing.shelf import Shelf
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form

Looker = Annotated[Viewer, Depends(viewer_of)]
PER_PAGE = 25
ORDERS: dict[Order, str] = {
    "arr_at_risk": "list.at_risk",
    "risk": "list.by_band",
    "arr": "list.arr",
    "renewal": "list.by_renewal",
    "heard": "list.heard",
    "name": "list.account",
}
CSV_PATH = "/accounts.csv"


def account_list(published: Published, screen: Screen) -> APIRouter:
    """The list at `/`, and all of it for a spreadsheet at `/accounts.csv`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    shelf, rows = Shelf(published), Rows(published, screen)

    @router.get(PATH)
    def ranking(request: Request, look: Looking, viewer: Looker) -> Response:
        filters, batch = Filters.of(request.query_params, viewer), published.batch()
        book = shelf.book(batch)
        some = book.where(viewer.within(filters.wanted(batch.as_of)), filters.q)
        found = book.ranked(some, filters.by, backwards=filters.backwards)
        pages = max(1, -(-len(found) // PER_PAGE))
        if filters.page > pages:  # it was longer when the address was made, or that was made up
            return RedirectResponse(filters.at(page=pages), 303)
        shown = book.ids(found[(filters.page - 1) * PER_PAGE : filters.page * PER_PAGE])
        content: dict[str, Any] = {
            "batch": batch,
            "filters": filters,
            "orders": ORDERS,
            "overview": overview(book.sums(some), filters),
            "pages": pages,
            "rows": rows.of(batch, book, shown, look.language),
            "chips": chips(filters, look.language),
            "sheet": filters.at(CSV_PATH),
        }
        if look.part:
            return _pushed(screen.show("list/part.html", look, **content), filters)
        theirs = book.where(viewer.within())
        known = {name: book.known(name, theirs) for name in ("csm", "segment")}
        content["selects"] = selects(filters, known, look.language)
        return screen.show("list/page.html", look, **content)

    @router.get(CSV_PATH)
    def download(request: Request, look: Looking, viewer: Looker) -> Response:
        filters, batch = Filters.of(request.query_params, viewer), published.batch()
        book = shelf.book(batch)
        some = book.where(viewer.within(filters.wanted(batch.as_of)), filters.q)
        found = book.ranked(some, filters.by, backwards=filters.backwards)
        name = f"forewarn-accounts-{batch.as_of}.csv"
        return StreamingResponse(
            sheet(published, batch, book.ids(found), Told(published, batch, book, look.language)),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


def _pushed(answer: Response, filters: Filters) -> Response:
    """With the address that the browser is to show: without the fields that were left open."""
    answer.headers["HX-Push-Url"] = filters.at(page=filters.page)
    return answer
