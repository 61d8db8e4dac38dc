"""The rows of the list as HTML; each is made once, as little in a batch ever changes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from serving.health.live import Healths
from serving.language import Language
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.web.judgement import lapsed
from serving.web.listing.book import Book
from serving.web.listing.lines import Told
from serving.web.screen import Screen
from serving.written.contents import Pulse
from serving.written.desk import Desk

# Of some thousand bytes each.
_KEPT = 10_000
_Key = tuple[str, ...]


class Rows:
    """Makes rows of the list, and keeps them as long as their book is the same.

    A row is made anew as soon as somebody judges the account anew, or a person is erased from it.
    """

    def __init__(self, published: Published, desk: Desk, screen: Screen) -> None:
        self._published = published
        self._desk = desk
        self._screen = screen
        self._healths = Healths(published, desk)
        self._kept: tuple[Book | None, dict[_Key, Markup]] = (None, {})

    def of(
        self, batch: Batch, book: Book, account_ids: Sequence[str], language: Language
    ) -> list[Markup]:
        """The rows of some accounts of a batch, in their order, less those it no longer holds."""
        pulses = self._desk.newest_pulses(account_ids)
        found = self._published.some(batch, account_ids)
        rows = [found[name] for name in account_ids if name in found]
        keys = {row.account_id: _key(row, pulses.get(row.account_id), language) for row in rows}
        kept = self._kept_of(book)
        missing = [row for row in rows if keys[row.account_id] not in kept]
        if missing:
            told = Told(self._published, batch, book, language)
            macro = self._screen.macro("list/row.html", "of", language)
            names = [row.account_id for row in missing]
            healths = self._healths.brief(batch, names, live=True)
            for line in told.lines(missing, pulses, healths):
                kept[keys[line.row.account_id]] = macro(line)
        return [kept[key] for key in keys.values()]

    def _kept_of(self, book: Book) -> dict[_Key, Markup]:
        of, kept = self._kept
        if of is not book or len(kept) > _KEPT:
            kept = {}
            self._kept = book, kept
        return kept


def _key(row: AccountRisk, pulse: Pulse | None, language: Language) -> _Key:
    """What a row is made of that may change: people are erased from sentences, too."""
    said = language.code, row.account_id, row.summary, *row.told
    if pulse is None:
        return said
    return *said, pulse.pulse_id, str(lapsed(pulse))
