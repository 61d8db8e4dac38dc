"""The accounts of a list as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from serving.export.cells import guarded
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.web.judgement import judgement
from serving.web.listing.lines import Told
from serving.written.contents import Pulse
from serving.written.desk import Desk

COLUMNS = (
    *("account_id", "name", "csm", "segment", "status", "risk", "risk_low", "risk_high", "band"),
    *("risk_change_7_days", "arr", "arr_at_risk", "renewal_at", "days_to_renewal", "driver"),
    *("why", "last_inbound_at", "engaged_people", "coverage", "pulse", "pulse_at"),
    *("as_of", "horizon_days"),
)
_AT_ONCE = 500


def sheet(
    published: Published, desk: Desk, batch: Batch, account_ids: Sequence[str], told: Told
) -> Iterator[str]:
    """Some accounts of a batch in their order as CSV, piece by piece.

    Names of columns, numbers and days are the same in every language; a text that a spreadsheet
    would run is led by an apostrophe.
    """
    # Without the mark Excel reads anything but English as gibberish.
    yield "\ufeff" + _written([COLUMNS])
    for first in range(0, len(account_ids), _AT_ONCE):
        yield _written(_cells(published, desk, batch, account_ids[first : first + _AT_ONCE], told))


def _cells(
    published: Published, desk: Desk, batch: Batch, account_ids: Sequence[str], told: Told
) -> Iterator[list[object]]:
    found = published.some(batch, account_ids)
    rows = [found[account_id] for account_id in account_ids if account_id in found]
    pulses, whys = desk.newest_pulses(account_ids), told.whys(rows)
    for row in rows:
        values = {
            **{name: getattr(row, name) for name in COLUMNS if name in AccountRisk.model_fields},
            **_judged(row, pulses.get(row.account_id)),
            "risk_change_7_days": told.moved(row),
            "days_to_renewal": row.renewal_at and (row.renewal_at - batch.as_of).days,
            "why": whys[row.account_id],
            "as_of": batch.as_of,
            "horizon_days": batch.horizon_days,
        }
        yield [_cell(values[name]) for name in COLUMNS]


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
