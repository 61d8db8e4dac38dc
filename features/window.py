"""The only place where time is cut: what each snapshot may see, by both clocks.

A snapshot is a midnight UTC. A row belongs to it when it happened before `as_of` **and** was known
before `as_of` (both strict). As `as_of` is a midnight, whole days decide: a row of day `d` known on
day `k` may be used by every snapshot later than both. `age` is the number of days from a row's day
to `as_of`, so `age <= 30` is the trailing 30-day window, `[as_of - 30 days, as_of)`.

Families never see the landed tables. They read what is made of them:

`seen_TABLE`: one row per landed row and snapshot that may use it, with `as_of` and `age`. A value
that was revealed later than its row (an answer, an outcome) is NULL until the snapshot may know it.
Right for tables of moderate size; a row is repeated for every snapshot it serves.

Large tables (usage, touches) are not repeated. Days are numbered from 1970, snapshots from 0, and
small tables say how they meet, so that everything is joined by equality:

- `calendar` gives for each day `seen_from`, the first snapshot after it; its panes (below); and
  `gone_240` and `gone_730`, the first snapshots too late for a look back of so many days.
- Sums over windows: rows are added up per pane first, a stretch of days in which no window begins
  or ends; `use_ages`, `touch_ages`, `coarse_ages` and `recent_ages` say how old a pane is at each
  snapshot that it serves. As no window cuts a pane, the sums are exact.
- The newest of something: a sighting serves the snapshots from the first that may know it until
  the first that knows a later one. `spans` lists the snapshots from one number up to another.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.column import Table
from data.contract import BY_NAME
from data.engine import Statements
from data.errors import BadInputError

LOOKBACK = 730
USAGE_LOOKBACK = 365
# Where windows over panes begin and end, in days of age: an edge more makes more panes, so what has
# few windows has panes of its own. The edges of `far` and `coarse` are edges of `use` too.
EDGES = {
    "use": (7, 28, 30, 56, 84, 90, 180, 208, 365),
    "far": (90, 180, 208, 365),
    "touch": (30, 90, 180, 270),
    "coarse": (90, 365),
    "recent": (90,),
}
STATE_TABLES = ("accounts", "account_changes", "subscriptions", "contacts")
EVENT_TABLES = (
    "interactions",
    "tickets",
    "surveys",
    "reference_requests",
    "invoices",
    "pulses",
    "goals",
    "feedback",
    "external_signals",
)
DAY = "CAST(date_diff('day', DATE '1970-01-01', CAST({} AS DATE)) AS INTEGER)"
_EPOCH = pd.Timestamp("1970-01-01")
Days = npt.NDArray[np.int64]


def cut(engine: Statements, snapshots: Sequence[pd.Timestamp]) -> None:
    """Make the calendar of the given snapshots and every `seen_` view of the landed tables.

    Raises:
        BadInputError: a snapshot that is not a midnight, or none at all.
    """
    moments = _checked(snapshots)
    days = _numbers(moments)
    tables = {
        "snapshots": _snapshots(moments, days),
        "ages": _ages(moments),
        "calendar": _calendar(days),
        **{f"{name}_ages": _pane_ages(days, windows) for name, windows in EDGES.items()},
        "spans": _spans(len(days)),
    }
    for name, table in tables.items():
        # Half as wide, and sums of narrow numbers are faster.
        whole = table.select_dtypes("int64").columns
        engine.table(name, table.astype(dict.fromkeys(whole, "int32")))
    for name in STATE_TABLES:
        engine.run(f"CREATE OR REPLACE VIEW seen_{name} AS {_seen_state(BY_NAME[name])}")
    for name in EVENT_TABLES:
        engine.run(f"CREATE OR REPLACE VIEW seen_{name} AS {_seen_events(BY_NAME[name])}")


def reach(engine: Statements, days: int) -> tuple[datetime, datetime]:
    """The moments between which rows matter that are looked back to for so many days.

    As plain times they let the reader of a file skip what is older or newer.
    """
    [(first, last)] = engine.run("SELECT min(as_of_day), max(as_of_day) FROM snapshots")
    start, stop = (_EPOCH.to_pydatetime() + timedelta(days=int(day)) for day in (first, last))
    return start - timedelta(days=days), stop


def _checked(snapshots: Sequence[pd.Timestamp]) -> pd.DatetimeIndex:
    moments = pd.DatetimeIndex(sorted(set(snapshots))).as_unit("us")
    if not len(moments):
        raise BadInputError("snapshots: expected at least one date; got none")
    if (moments != moments.normalize()).any():
        raise BadInputError("snapshots: expected midnights UTC; got times of day")
    return moments


def _numbers(moments: pd.DatetimeIndex) -> Days:
    return (moments - _EPOCH).days.to_numpy(dtype=np.int64)


def _snapshots(moments: pd.DatetimeIndex, days: Days) -> pd.DataFrame:
    """One row per snapshot: its number, as_of and day."""
    return pd.DataFrame({"snapshot": range(len(days)), "as_of": moments, "as_of_day": days})


def _ages(moments: pd.DatetimeIndex) -> pd.DataFrame:
    """One row per snapshot and day that it may look back to: day, as_of, age."""
    age = np.tile(np.arange(1, LOOKBACK + 1), len(moments))
    day = np.repeat(_numbers(moments), LOOKBACK) - age
    return pd.DataFrame({"day": day, "as_of": moments.repeat(LOOKBACK), "age": age})


def _edges(days: Days, windows: tuple[int, ...]) -> Days:
    return np.unique(days[:, None] - np.array([0, *windows]))


def _calendar(days: Days) -> pd.DataFrame:
    """One row per day that some snapshot may look back to; see the head of this file."""
    day = np.arange(days[0] - LOOKBACK, days[-1])
    return pd.DataFrame(
        {
            "day": day,
            "seen_from": days.searchsorted(day, side="right"),
            **{f"{name}_pane": _pane(day, _edges(days, edges)) for name, edges in EDGES.items()},
            "gone_240": days.searchsorted(day + 240, side="right"),
            "gone_730": days.searchsorted(day + LOOKBACK, side="right"),
            # 1970-01-01 was a Thursday; Saturday and Sunday are no workdays.
            "workday": (day + 3) % 7 < 5,
        }
    )


def _pane(day: Days, edges: Days) -> Days:
    """The first day of the pane of each day; days before the first edge share a pane of no age."""
    place = edges.searchsorted(day, side="right") - 1
    return np.where(place < 0, edges[0] - LOOKBACK, edges[np.maximum(place, 0)])


def _pane_ages(days: Days, windows: tuple[int, ...]) -> pd.DataFrame:
    """One row per pane and snapshot that it serves: pane (its first day), snapshot, age."""
    edges = _edges(days, windows)
    age = days[None, :] - edges[:, None]
    pane, snapshot = np.nonzero((age >= 1) & (age <= max(windows)))
    return pd.DataFrame({"pane": edges[pane], "snapshot": snapshot, "age": age[pane, snapshot]})


def _spans(count: int) -> pd.DataFrame:
    """One row per (start, stop) and snapshot with start <= snapshot < stop."""
    start, stop, snapshot = np.indices((count, count + 1, count)).reshape(3, -1)
    inside = (start <= snapshot) & (snapshot < stop)
    return pd.DataFrame({"start": start, "stop": stop, "snapshot": snapshot})[inside]


def _visible(table: Table) -> str:
    """The columns of a row as a snapshot may know them."""
    return ", ".join(
        f"t.{name}"
        if (clock := table.column(name).revealed_at) is None
        else f"CASE WHEN t.{clock} < s.as_of THEN t.{name} END AS {name}"
        for name in table.names
    )


def _seen_state(table: Table) -> str:
    known = " AND t.known_at < s.as_of" if "known_at" in table.names else ""
    return (
        f"SELECT s.as_of, date_diff('day', CAST(t.{table.time} AS DATE), CAST(s.as_of AS DATE)) "
        f"AS age, {_visible(table)} FROM {table.name} t "
        f"JOIN snapshots s ON t.{table.time} < s.as_of{known}"
    )


def _seen_events(table: Table) -> str:
    return (
        f"SELECT s.as_of, s.age, {_visible(table)} FROM {table.name} t "
        f"JOIN ages s ON s.day = {DAY.format(f't.{table.time}')} "
        f"WHERE t.known_at < s.as_of"
    )
