"""The only place where time is cut: what each snapshot may see, by both clocks.

A snapshot is a midnight UTC. A row belongs to it when it happened before `as_of` **and** was known
before `as_of` (both strict). As `as_of` is a midnight, whole days decide: a row of day `d` known on
day `k` may be used by every snapshot later than both. `age` is the number of days from a row's day
to `as_of`, so `age <= 30` is the trailing 30-day window, `[as_of - 30 days, as_of)`.

Families never see the landed tables. They read what is made here:

`seen_TABLE`: one row per landed row and snapshot that may use it, with `as_of` and `age`. A value
that was revealed later than its row (an answer, an outcome) is NULL until the snapshot may know it.

`use_volume`, `use_days`, `use_people`, `use_features`: usage is the bulk of the data, so it is not
repeated per snapshot. Events become daily cells once; the edges of all windows cut time into panes;
a cell falls into exactly one pane, and `pane_ages` says which snapshots a pane serves and how old
it is there. No window of `WINDOW_EDGES` ever cuts a pane, so sums over panes are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from data.column import Table
from data.contract import BY_NAME
from data.engine import Engine
from data.errors import BadInputError

USAGE_LOOKBACK = 365
LOOKBACK = 730
WINDOW_EDGES = (7, 28, 30, 56, 60, 84, 90, 180, 208, 240, USAGE_LOOKBACK)
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


def cut(engine: Engine, snapshots: Sequence[pd.Timestamp]) -> None:
    """Make every `seen_` and `use_` table for the given snapshots out of the landed tables.

    Raises:
        BadInputError: a snapshot that is not a midnight, or none at all.
    """
    moments = _checked(snapshots)
    engine.table("snapshots", pd.DataFrame({"as_of": moments}))
    engine.table("ages", _ages(moments))
    for name in STATE_TABLES:
        engine.run(f"CREATE OR REPLACE VIEW seen_{name} AS {_seen_state(BY_NAME[name])}")
    for name in EVENT_TABLES:
        engine.run(f"CREATE OR REPLACE VIEW seen_{name} AS {_seen_events(BY_NAME[name])}")
    _cut_usage(engine, moments)


def _checked(snapshots: Sequence[pd.Timestamp]) -> pd.DatetimeIndex:
    moments = pd.DatetimeIndex(sorted(set(snapshots))).as_unit("us")
    if not len(moments):
        raise BadInputError("snapshots: expected at least one date; got none")
    if (moments != moments.normalize()).any():
        raise BadInputError("snapshots: expected midnights UTC; got times of day")
    return moments


def _ages(moments: pd.DatetimeIndex) -> pd.DataFrame:
    """One row per snapshot and day that it may look back to: as_of, day, age."""
    age = pd.DataFrame({"age": range(1, LOOKBACK + 1)})
    table = pd.DataFrame({"as_of": moments}).merge(age, how="cross")
    return table.assign(day=table["as_of"] - pd.to_timedelta(table["age"], unit="D"))


def _visible(table: Table, alias: str = "t") -> str:
    """The columns of a row as a snapshot may know them."""
    return ", ".join(
        f"{alias}.{name}"
        if (clock := table.column(name).revealed_at) is None
        else f"CASE WHEN {alias}.{clock} < s.as_of THEN {alias}.{name} END AS {name}"
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
        f"JOIN ages s ON s.day = CAST(CAST(t.{table.time} AS DATE) AS TIMESTAMP) "
        f"WHERE t.known_at < s.as_of"
    )


def _cut_usage(engine: Engine, moments: pd.DatetimeIndex) -> None:
    days, panes = _calendar(moments)
    engine.table("calendar", days)
    engine.table("pane_ages", panes)
    engine.run(_CELLS)
    for name, grouped in _USE.items():
        engine.run(
            f"CREATE OR REPLACE TABLE {name} AS WITH panes AS ({grouped}) "
            "SELECT a.as_of, a.age, p.*, "
            "date_diff('day', CAST(p.last_day AS DATE), CAST(a.as_of AS DATE)) AS last_age "
            "FROM panes p JOIN pane_ages a ON a.pane = p.pane AND a.as_of >= p.visible_from"
        )


def _calendar(moments: pd.DatetimeIndex) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Days with their pane and the first snapshot after them; panes with their age per snapshot."""
    edges = pd.DatetimeIndex(
        sorted({m - pd.Timedelta(days=w) for m in moments for w in (0, *WINDOW_EDGES)})
    ).as_unit("us")
    days = pd.date_range(edges[0], moments[-1] - pd.Timedelta(days=1), unit="us")
    calendar = pd.DataFrame(
        {
            "day": days,
            "pane": edges[edges.searchsorted(days, side="right") - 1],
            "visible_from": moments[moments.searchsorted(days, side="right")],
            "workday": days.day_of_week < 5,
        }
    )
    panes = pd.DataFrame({"pane": edges}).merge(pd.DataFrame({"as_of": moments}), how="cross")
    panes = panes.assign(age=(panes["as_of"] - panes["pane"]).dt.days)
    return calendar, panes[panes["age"].between(1, USAGE_LOOKBACK)]


# `seen` is the first day after which both clocks have passed; late rows are few, so grouping by it
# costs little and keeps the second clock exact.
_CELLS = """
CREATE OR REPLACE TABLE usage_cells AS
SELECT account_id, contact_id, feature, CAST(occurred_at AS DATE) AS day,
    greatest(CAST(occurred_at AS DATE), CAST(known_at AS DATE)) AS seen,
    sum(coalesce(quantity, CAST(1 AS DOUBLE))) AS uses
FROM usage_events
WHERE occurred_at >= (SELECT min(day) FROM calendar)
    AND occurred_at < (SELECT max(as_of) FROM snapshots)
    AND known_at < (SELECT max(as_of) FROM snapshots)
GROUP BY ALL
"""

_USE = {
    "use_volume": """
        SELECT c.account_id, d.pane, k.visible_from, max(c.day) AS last_day, sum(c.uses) AS uses
        FROM usage_cells c JOIN calendar d ON d.day = c.day JOIN calendar k ON k.day = c.seen
        GROUP BY 1, 2, 3""",
    # A day is active from the moment its first event is known, however late the others come.
    "use_days": """
        SELECT c.account_id, d.pane, k.visible_from, min(c.day) AS first_day,
            max(c.day) AS last_day, count(*) AS days,
            count(CASE WHEN d.workday THEN 1 END) AS workdays
        FROM (SELECT account_id, day, min(seen) AS seen FROM usage_cells GROUP BY 1, 2) c
        JOIN calendar d ON d.day = c.day JOIN calendar k ON k.day = c.seen
        GROUP BY 1, 2, 3""",
    "use_people": """
        SELECT c.account_id, c.contact_id, d.pane, k.visible_from, max(c.day) AS last_day,
            sum(c.uses) AS uses
        FROM usage_cells c JOIN calendar d ON d.day = c.day JOIN calendar k ON k.day = c.seen
        WHERE c.contact_id IS NOT NULL
        GROUP BY 1, 2, 3, 4""",
    "use_features": """
        SELECT c.account_id, c.feature, d.pane, k.visible_from, max(c.day) AS last_day,
            sum(c.uses) AS uses
        FROM usage_cells c JOIN calendar d ON d.day = c.day JOIN calendar k ON k.day = c.seen
        GROUP BY 1, 2, 3, 4""",
}
