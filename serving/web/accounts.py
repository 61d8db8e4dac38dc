"""The list of accounts: whom to call first, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse

from serving.access.caller import needs
from serving.access.viewer import Viewer, viewer_of
from serving.language import Language
from serving.published import Published
from serving.records import Batch
from serving.store import Wanted
from serving.web.listing.filters import PATH, Filters
from serving.web.listing.form import chips, selects
from serving.web.listing.lines import Line, lines
from serving.web.listing.overview import overview
from serving.web.listing.sheet import sheet
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form

Looker = Annotated[Viewer, Depends(viewer_of)]
PER_PAGE = 25
CSV_PATH = "/accounts.csv"


def account_list(published: Published, screen: Screen) -> APIRouter:
    """The list at `/`, and all of it for a spreadsheet at `/accounts.csv`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    @router.get(PATH)
    def ranking(request: Request, look: Looking, viewer: Looker) -> Response:
        batch, filters = published.batch(), Filters.of(request.query_params, viewer)
        wanted = viewer.within(filters.wanted(batch.as_of))
        sums = overview(published, batch, wanted, filters)
        pages = max(1, -(-sums.accounts // PER_PAGE))
        if filters.page > pages:  # it was longer when the address was made, or that was made up
            return RedirectResponse(filters.at(page=pages), 303)
        content = {
            "batch": batch,
            "filters": filters,
            "overview": sums,
            "pages": pages,
            "lines": _lines(published, batch, wanted, filters, look.language),
            "chips": chips(filters, look.language),
            "sheet": filters.at(CSV_PATH),
        }
        if look.part:
            return _pushed(screen.show("list/part.html", look, **content), filters)
        choices = published.choices(batch, viewer.within())
        content["selects"] = selects(filters, choices, look.language)
        return screen.show("list/page.html", look, **content)

    @router.get(CSV_PATH)
    def download(request: Request, look: Looking, viewer: Looker) -> Response:
        batch, filters = published.batch(), Filters.of(request.query_params, viewer)
        wanted = viewer.within(filters.wanted(batch.as_of))
        name = f"forewarn-accounts-{batch.as_of}.csv"
        return StreamingResponse(
            sheet(published, batch, wanted, filters, look.language),
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return router


def _lines(
    published: Published, batch: Batch, wanted: Wanted, filters: Filters, language: Language
) -> list[Line]:
    rows = published.ranked(
        batch,
        by=filters.by,
        backwards=filters.backwards,
        limit=PER_PAGE,
        offset=(filters.page - 1) * PER_PAGE,
        wanted=wanted,
        explained=language.code != "en",
    )
    return lines(published, batch, rows, language)


def _pushed(answer: Response, filters: Filters) -> Response:
    """With the address that the browser is to show: without the fields that were left open."""
    answer.headers["HX-Push-Url"] = filters.at(page=filters.page)
    return answer
