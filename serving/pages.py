"""The page for customer success managers: who is at risk, and why; plain HTML without scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from serving.access.audited import note_reading
from serving.access.caller import needs
from serving.access.viewer import Viewer, viewer_of
from serving.language import language
from serving.measures import likely, money, percent
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.routes.sign_in import mount_door, own_form
from serving.spoken import learnt_after, stopped, unlearnt
from serving.store import Order

PER_PAGE = 50
_HERE = Path(__file__).parent
Looking = Annotated[Viewer, Depends(viewer_of)]
_ORDERS: dict[Order, str] = {"arr_at_risk": "ARR at risk", "risk": "risk"}


def mount_pages(app: FastAPI, published: Published) -> None:
    """Add the list at `/`, the accounts at `/accounts/ID`, their style sheet, and the door."""
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    render = _renderer()
    app.include_router(_routes(published, render))
    mount_door(app, render)


def _routes(published: Published, render: Callable[..., HTMLResponse]) -> APIRouter:
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(own_form)],
    )

    @router.get("/")
    def ranking(
        viewer: Looking,
        by: Annotated[Order, Query()] = "arr_at_risk",
        page: Annotated[int, Query(ge=1, le=200_000)] = 1,
    ) -> HTMLResponse:
        first = (page - 1) * PER_PAGE
        batch, wanted = published.batch(), viewer.within()
        rows = published.ranked(batch, by=by, limit=PER_PAGE, offset=first, wanted=wanted)
        totals = published.totals(batch, wanted)
        accounts = int(sum(group["accounts"] for group in totals.values()))
        return render(
            "ranking.html",
            viewer=viewer,
            batch=batch,
            totals=totals,
            accounts=accounts,
            rows=rows,
            first=first,
            by=by,
            page=page,
            pages=-(-accounts // PER_PAGE),
        )

    @router.get("/accounts/{account_id:path}")
    def account(request: Request, viewer: Looking, account_id: str) -> HTMLResponse:
        batch = published.batch()
        row = published.account(batch, account_id, viewer.within())
        if row is None:  # or not theirs to see, which must look the same
            return render("absent.html", viewer=viewer, batch=batch, status_code=404)
        note_reading(request, account_id)
        until = _until(batch, row)
        return render("account.html", viewer=viewer, batch=batch, row=row, renewal=until)

    return router


def _renderer() -> Callable[..., HTMLResponse]:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    english = language("en")
    environment.filters |= {
        "money": partial(money, language=english),
        "percent": partial(percent, language=english),
        "stopped": partial(stopped, language=english),
    }
    environment.globals |= {
        "say": english.say,
        "orders": _ORDERS,
        "likely": partial(likely, language=english),
        "unlearnt": partial(unlearnt, language=english),
        "learnt_after": partial(learnt_after, language=english),
    }

    def render(name: str, *, status_code: int = 200, **content: Any) -> HTMLResponse:  # noqa: ANN401
        return HTMLResponse(environment.get_template(name).render(content), status_code)

    return render


def _until(batch: Batch, row: AccountRisk) -> str:
    """The renewal date, and how far it was from the moment of scoring."""
    if row.renewal_at is None:
        return "unknown"
    days = (row.renewal_at - batch.as_of).days
    return f"{row.renewal_at} ({f'in {days} days' if days >= 0 else f'{-days} days ago'})"
