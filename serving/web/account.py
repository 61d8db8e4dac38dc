"""One account: why it is at risk, what changed, who is there, and what to do."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from serving.access.audited import note_reading
from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form


def account_page(published: Published, screen: Screen) -> APIRouter:
    """The page at `/accounts/ID`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    @router.get("/accounts/{account_id:path}")
    def account(request: Request, look: Looking, account_id: str) -> HTMLResponse:
        assert look.viewer is not None  # noqa: S101 - seen to by the router
        batch = published.batch()
        row = published.account(batch, account_id, look.viewer.within())
        if row is None:  # or not theirs to see, which must look the same
            return screen.show("absent.html", look, batch=batch, status=404)
        note_reading(request, account_id)
        return screen.show("account.html", look, batch=batch, row=row, renewal=_until(batch, row))

    return router


def _until(batch: Batch, row: AccountRisk) -> str:
    """The renewal date, and how far it was from the moment of scoring."""
    if row.renewal_at is None:
        return "unknown"
    days = (row.renewal_at - batch.as_of).days
    return f"{row.renewal_at} ({f'in {days} days' if days >= 0 else f'{-days} days ago'})"
