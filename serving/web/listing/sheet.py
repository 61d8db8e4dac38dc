"""The accounts of a list as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from serving.export.cells import guarded
from serving.language import Language
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.store import Wanted
from serving.web.listing.filters import Filters
from serving.web.listing.lines import judgement, why
from serving.written.contents import Pulse

COLUMNS = (
    *("account_id", "name", "csm", "segment", "status", "risk", "risk_low", "risk_high", "band"),
    *("risk_change_7_days", "arr", "arr_at_risk", "renewal_at", "days_to_renewal", "driver"),
    *("why", "last_inbound_at", "engaged_people", "coverage", "pulse", "pulse_at"),
    *("as_of", "horizon_days"),
)
_AT_ONCE = 500


def sheet(
    published: Published, batch: Batch, wanted: Wanted, filters: Filters, language: Language
) -> Iterator[str]:
    """All pages of the list as CSV, piece by piece, in its order.

    Names of columns, numbers and days are the same in every language; a text that a spreadsheet
    would run is led by an apostrophe.
    """
    # Without the mark Excel reads anything but English as gibberish.
    yield "\ufeff" + _written([COLUMNS])
    for first in range(0, batch.n, _AT_ONCE):
        rows = published.ranked(
            batch,
            by=filters.by,
            backwards=filters.backwards,
            limit=_AT_ONCE,
            offset=first,
            wanted=wanted,
            explained=language.code != "en",
        )
        yield _written(_cells(published, batch, rows, language))
        if len(rows) < _AT_ONCE:
            return


def _cells(
    published: Published, batch: Batch, rows: Sequence[AccountRisk], language: Language
) -> Iterator[list[object]]:
    ids = [row.account_id for row in rows]
    moved, pulses = published.moved(batch, ids), published.pulses(ids)
    for row in rows:
        told = {
            **{name: getattr(row, name) for name in COLUMNS if name in AccountRisk.model_fields},
            **_judged(row, pulses.get(row.account_id)),
            "risk_change_7_days": moved.get(row.account_id),
            "days_to_renewal": row.renewal_at and (row.renewal_at - batch.as_of).days,
            "why": why(row, batch, language),
            "as_of": batch.as_of,
            "horizon_days": batch.horizon_days,
        }
        yield [_cell(told[name]) for name in COLUMNS]


def _judged(row: AccountRisk, pulse: Pulse | None) -> dict[str, object]:
    found = judgement(row, pulse)
    return {"pulse": found and found.value, "pulse_at": found and found.day}


def _cell(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    return guarded(value) if isinstance(value, str) else value


def _written(rows: Iterator[list[object]] | Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
