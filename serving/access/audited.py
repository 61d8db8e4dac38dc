"""What a route does to be audited: one row for each account whose explanation was told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import Request

from serving.access.audit import READ
from serving.access.caller import caller_of

if TYPE_CHECKING:
    from serving.access.access import Access


async def audited(request: Request) -> AsyncIterator[None]:
    """A dependency for routes with a parameter `account_id`; an error leaves no row."""
    yield  # an error of the route ends this here
    note_reading(request, request.path_params["account_id"])


def note_reading(request: Request, account_id: str) -> None:
    """One row: this caller has read the explanation of this account."""
    access: Access = request.app.state.access
    request_id = getattr(request.state, "request_id", None)
    access.audit.note(caller_of(request).key_id, READ, account_id, request_id)
