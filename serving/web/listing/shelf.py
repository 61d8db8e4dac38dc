"""The book of the batch that is served, read once for each batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from threading import Lock

from serving.portfolio import Entry
from serving.published import Published
from serving.records import Batch
from serving.web.listing.book import Book


class Shelf:
    """Holds the book of one batch, until another is served.

    It is read anew as soon as an account was erased or a batch of an earlier week came in. To read
    one takes about a second per ten thousand accounts.
    """

    def __init__(self, published: Published) -> None:
        self._published = published
        self._held: tuple[object, Book] | None = None
        self._lock = Lock()

    def book(self, batch: Batch) -> Book:
        """The book of a batch; the same object as long as it is of the same content."""
        weekly = self._published.weekly(batch)
        content = batch.batch_id, batch.n, tuple(weekly)
        held = self._held
        if held is None or held[0] != content:
            with self._lock:
                held = self._held
                if held is None or held[0] != content:
                    risks = ((day, self._published.risks(name)) for name, day in weekly.items())
                    entries = self._published.every(batch)
                    book = Book(batch.as_of, entries, risks, self._before(batch, entries))
                    held = self._held = content, book
        return held[1]

    def _before(self, batch: Batch, entries: Iterable[Entry]) -> date | None:
        """The day of the batch that it was compared with when it was made.

        Any account that was in both tells it; what is in the store by now may not have been then.
        """
        one = next((entry.account_id for entry in entries if entry.previous_risk is not None), None)
        row = None if one is None else self._published.account(batch, one)
        why = None if row is None else row.explanation
        return why.change.since if why is not None and why.change is not None else None
