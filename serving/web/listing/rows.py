"""The rows of the list as HTML; each is made once, since nothing in a batch ever changes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from serving import moments
from serving.language import Language
from serving.published import Published
from serving.records import Batch
from serving.web.listing.book import Book
from serving.web.listing.lines import Told
from serving.web.screen import Screen
from serving.written.contents import Pulse
from serving.written.desk import Desk

# Of some thousand bytes each.
_KEPT = 10_000
_Key = tuple[str, str, str, bool]


class Rows:
    """Makes rows of the list, and keeps them as long as their book is the same.

    A row is made anew as soon as somebody judges the account anew.
    """

    def __init__(self, published: Published, desk: Desk, screen: Screen) -> None:
        self._published = published
        self._desk = desk
        self._screen = screen
        self._kept: tuple[Book | None, dict[_Key, Markup]] = (None, {})

    def of(
        self, batch: Batch, book: Book, account_ids: Sequence[str], language: Language
    ) -> list[Markup]:
        """The rows of some accounts of a batch, in their order, less those it no longer holds."""
        pulses = self._desk.newest_pulses(account_ids)
        keys = {name: _key(name, pulses.get(name), language) for name in account_ids}
        kept = self._kept_of(book)
        missing = [name for name, key in keys.items() if key not in kept]
        if missing:
            told = Told(self._published, batch, book, language)
            row = self._screen.macro("list/row.html", "of", language)
            for line in told.lines(missing, pulses):
                kept[keys[line.row.account_id]] = row(line)
        return [kept[key] for key in keys.values() if key in kept]

    def _kept_of(self, book: Book) -> dict[_Key, Markup]:
        of, kept = self._kept
        if of is not book or len(kept) > _KEPT:
            kept = {}
            self._kept = book, kept
        return kept


def _key(account_id: str, pulse: Pulse | None, language: Language) -> _Key:
    if pulse is None:
        return language.code, account_id, "", False
    expired = pulse.expires_at is not None and pulse.expires_at <= moments.now()
    return language.code, account_id, pulse.pulse_id, expired
