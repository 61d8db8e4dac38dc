"""Moments as the store keeps them: text that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, in UTC."""
    return datetime.now(UTC)


def text(moment: datetime) -> str:
    """A moment as text in UTC, to the millisecond.

    >>> text(datetime(2026, 1, 31, 9, tzinfo=UTC))
    '2026-01-31T09:00:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
