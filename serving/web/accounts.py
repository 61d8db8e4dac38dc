"""The list of accounts: whom to call first, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from serving.access.audited import note_download
from serving.access.caller import needs
from serving.access.viewer import Viewer, viewer_of
from serving.language import Language
from serving.published import Published
from serving.records import Batch
from serving.store import Wanted
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
from serving.written.desk import Desk

Looker = Annotated[Viewer, Depends(viewer_of)]
PER_PAGE = 20
ORDERS: dict[Order, str] = {
    "arr_at_risk": "list.at_risk",
    "risk": "list.by_band",
    "arr": "list.arr",
    "renewal": "list.by_renewal",
    "heard": "list.heard",
    "name": "list.account",
}
CSV_PATH = "/accounts.csv"


def account_list(published: Published, desk: Desk, screen: Screen) -> APIRouter:
    """The list at `/`, and all of it for a spreadsheet at `/accounts.csv`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    shelf, rows = Shelf(published), Rows(published, desk, screen)

    @router.get(PATH)
    def ranking(request: Request, look: Looking, viewer: Looker) -> Response:
        asked = _Asked(published.batch(), shelf, viewer, request.query_params)
        filters, last = asked.filters, max(1, -(-len(asked.places) // PER_PAGE))
        if filters.page > last:  # it was longer when the address was made, or that was made up
            return RedirectResponse(filters.at(page=last), 303)
        content = _content(asked, look.language)
        content["pages"] = last
        content["rows"] = rows.of(asked.batch, asked.book, asked.page(), look.language)
        if look.part:
            return _pushed(screen.show("list/part.html", look, **content), filters)
        content["orders"] = ORDERS
        content["selects"] = selects(filters, asked.known(), asked.book.before, look.language)
        return screen.show("list/page.html", look, **content)

    @router.get(CSV_PATH)
    def download(request: Request, look: Looking, viewer: Looker) -> Response:
        asked = _Asked(published.batch(), shelf, viewer, request.query_params)
        told = Told(published, asked.batch, asked.book, look.language)
        name = f"forewarn-accounts-{asked.batch.as_of}.csv"
        note_download(request, asked.batch.batch_id, len(asked.places))
        return StreamingResponse(
            sheet(published, desk, asked.batch, asked.book.ids(asked.places), told),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


class _Asked:
    """The accounts that an address asks for, less those that whoever looks may not see."""

    def __init__(
        self, batch: Batch, shelf: Shelf, viewer: Viewer, query: Mapping[str, str]
    ) -> None:
        self.batch, self.book, self._viewer = batch, shelf.book(batch), viewer
        self.filters = Filters.of(query, viewer)
        wanted = viewer.within(self.filters.wanted(batch.as_of))
        self.some = self.book.where(wanted, self.filters.q)
        self.places = self.book.ranked(self.some, self.filters.by, backwards=self.filters.backwards)

    @property
    def own(self) -> bool:
        """Whether only their own accounts are asked for, or are all that they may see."""
        theirs = self.filters.csm != "" and self.filters.csm == self._viewer.manages
        return theirs or self._viewer.csm is not None

    def page(self) -> list[str]:
        """The ids of those on the page that is asked for."""
        last = self.filters.page * PER_PAGE
        return self.book.ids(self.places[last - PER_PAGE : last])

    def emptiness(self) -> str:
        """Why nobody is in the list, as the sentences that say so are called; empty otherwise."""
        if self.places.size:
            return ""
        mine = self.filters.mine if self.filters.csm == self.filters.mine else ""
        if self.book.where(self._viewer.within(Wanted(csm=mine or None))).any():
            return "nothing"
        return "nobody" if mine or self._viewer.csm is not None else "none"

    def known(self) -> dict[str, tuple[str, ...]]:
        """The managers and segments among all that they may see."""
        theirs = self.book.where(self._viewer.within())
        return {kind: self.book.known(kind, theirs) for kind in ("csm", "segment")}


def _content(asked: _Asked, language: Language) -> dict[str, Any]:
    """What the filters decide on, but for the rows themselves."""
    filters, book = asked.filters, asked.book
    return {
        "batch": asked.batch,
        "filters": filters,
        "overview": overview(book.sums(asked.some), filters),
        "chips": chips(filters, book.before, language),
        "emptiness": asked.emptiness(),
        "heading": language.say("frame.my_accounts" if asked.own else "frame.accounts"),
        "week_before": book.week_before,
        "sheet": filters.at(CSV_PATH),
    }


def _pushed(answer: Response, filters: Filters) -> Response:
    """With the address that the browser is to show: without the fields that were left open."""
    answer.headers["HX-Push-Url"] = filters.at(page=filters.page)
    return answer
