"""What a route does to be audited: a row for each explanation that it told, or for all at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import Request

from serving.access.audit import DOWNLOADED, READ
from serving.access.caller import caller_of

if TYPE_CHECKING:
    from serving.access.access import Access


async def audited(request: Request) -> AsyncIterator[None]:
    """A dependency for routes with a parameter `account_id`; an error leaves no row."""
    yield  # an error of the route ends this here
    note_reading(request, request.path_params["account_id"])


def note_reading(request: Request, account_id: str) -> None:
    """One row: this caller has read the explanation of this account."""
    _note(request, READ, account_id)


def note_download(request: Request, batch_id: str, accounts: int) -> None:
    """One row: this caller has taken along so many accounts of a batch, with why they are at risk.

    Which these were is not kept: a row for each would be thousands at once.
    """
    _note(request, DOWNLOADED, f"{accounts} accounts of {batch_id}")


def _note(request: Request, action: str, subject: str) -> None:
    access: Access = request.app.state.access
    request_id = getattr(request.state, "request_id", None)
    access.audit.note(caller_of(request).key_id, action, subject, request_id)
