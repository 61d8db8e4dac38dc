"""Daily cells of usage from rows in hand: what `features.cells` makes of landed ones.

Usage is most of what is known of an account. To add it up before SQL sees it takes a fifth of the
time that it takes to put every use into a table and to read it there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import count

from data.sqlite import DAY_MICROS, SqliteEngine
from features.cells import DAYS
from features.window import USAGE_LOOKBACK

# The columns that are read of a use.
READ = ("account_id", "occurred_at", "feature", "contact_id", "quantity", "known_at")
Uses = Iterable[tuple[str, int, str, str | None, float | None, int | None]]


class Handful:
    """The relations of `features.cells.usage_cells` in SQLite, empty until they are `filled`.

    Needs `features.window.cut`.
    """

    def __init__(self, sql: SqliteEngine) -> None:
        self._sql = sql
        [(first, last)] = sql.run("SELECT min(as_of_day), max(as_of_day) FROM snapshots")
        self._during = range(first - USAGE_LOOKBACK, last)
        sql.empty("codes", ("kind", "code", "id"))
        sql.empty("cells", ("account", "contact", "feature", "day", "seen", "uses"))
        sql.empty("first_use", ("account", "seen", "zero"))
        self._add_up_days()

    def filled(self, account_ids: Iterable[str], uses: Uses) -> None:
        """Add the cells of some accounts. A use of another account serves nobody."""
        accounts = {account_id: code for code, account_id in enumerate(account_ids, start=1)}
        contacts: dict[str | None, int | None] = defaultdict(count(1).__next__, {None: None})
        features: dict[str, int] = defaultdict(count(1).__next__)
        first: dict[int, int] = {}
        cells: dict[tuple[int, int | None, int, int, int], float] = {}
        begin, end = self._during.start, self._during.stop
        for account_id, at, feature, contact_id, quantity, known in uses:
            if (account := accounts.get(account_id)) is None:
                continue
            day = at // DAY_MICROS
            seen = day if known is None or known < at else known // DAY_MICROS
            if first.setdefault(account, seen) > seen:
                first[account] = seen
            if begin <= day < end:
                cell = account, contacts[contact_id], features[feature], day, seen
                cells[cell] = cells.get(cell, 0.0) + (1.0 if quantity is None else quantity)
        del contacts[None]
        for kind, codes in (("account", accounts), ("contact", contacts), ("feature", features)):
            self._sql.insert("codes", f"VALUES ('{kind}', ?2, ?1)", list(codes.items()))
        added = [(*cell, uses) for cell, uses in cells.items()]
        self._sql.insert("cells", "VALUES (?1, ?2, ?3, ?4, ?5, ?6)", added)
        self._sql.insert("first_use", "VALUES (?1, ?2, 0)", list(first.items()))
        self._add_up_days()

    def _add_up_days(self) -> None:
        self._sql.run(f"CREATE TABLE days AS {DAYS.format('cells')}")
