"""Whether a table still arrives: a feed that died must not look like customers gone silent.

A feed is the rows of one table over all accounts. At a moment it is `absent` before its first row,
`stale` when its newest row is much older than it usually gets, else `live`. Only the feed's own
past, as known at the moment, decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.contract import BY_NAME
from data.engine import Sql
from features.feature import Feature
from features.window import DAY, EVENT_TABLES, LOOKBACK

FEEDS: tuple[str, ...] = ("usage_events", *EVENT_TABLES)
COLUMNS = ("as_of", "table", "state", "newest", "usual_gap_days")
RHYTHM_DAYS = 365
FEWEST_GAPS = 5
PATIENCE = 3.0
ALWAYS_FINE_DAYS = 7


def feeds(engine: Sql, landed: Iterable[str]) -> pd.DataFrame:
    """The state of each landed feed at each snapshot: as_of, table, state, newest, usual_gap_days.

    `newest` is the day of the newest row that both clocks allow (of usage within a year, of others
    within two). Each time a newer one arrived, it had been some days since the one before;
    `usual_gap_days` is the 99th percentile of these gaps in the year up to the last arrival (NaN
    below five gaps: then nothing is usual and the feed counts as live). Stale is a gap of more than
    three times that, and of more than a week. Needs `features.cells.usage_cells`.
    """
    snapshots = engine.frame("SELECT as_of, as_of_day FROM snapshots ORDER BY 1")
    here = set(landed)
    names = [name for name in FEEDS if name in here]
    if not names:
        return pd.DataFrame(columns=list(COLUMNS))
    rows = engine.frame(" UNION ALL ".join(map(_arrivals, names)))
    tables = [_states(name, _newer(rows[rows["feed"] == name]), snapshots) for name in names]
    return pd.concat(tables, ignore_index=True)


def unknown(table: pd.DataFrame, states: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """The feature table with each value that rests on an absent or stale feed made unknown."""
    dead = set(states.loc[states["state"] != "live", ["as_of", "table"]].itertuples(index=False))
    if not dead:
        return table
    masked = {}
    for feature in features:
        moments = {as_of for as_of, name in dead if name in feeds_of(feature)}
        if moments:
            masked[feature.name] = table[feature.name].mask(table["as_of"].isin(moments))
    return table.assign(**masked)


def feeds_of(feature: Feature) -> set[str]:
    """The feeds without which the feature is unknown."""
    return {source.partition(".")[0] for source in feature.sources} & set(FEEDS)


def _arrivals(name: str) -> str:
    """The newest day that became known on each day: feed, seen, newest."""
    if name == "usage_events":
        return f"SELECT '{name}' AS feed, seen, max(day) AS newest FROM days GROUP BY seen"
    time = BY_NAME[name].time
    return (
        f"SELECT '{name}' AS feed, {DAY.format('seen')} AS seen, {DAY.format('newest')} AS newest "
        f"FROM (SELECT CAST(greatest({time}, known_at) AS DATE) AS seen, max({time}) AS newest "
        f"FROM {name} WHERE {time} >= (SELECT min(as_of) FROM snapshots) - INTERVAL {LOOKBACK} DAY "
        "GROUP BY 1) t"
    )


def _newer(days: pd.DataFrame) -> pd.DataFrame:
    """Each day on which something newer than all before became known: seen, newest, gap (days)."""
    days = days.sort_values("seen")
    reach = days["newest"].cummax()
    before = reach.shift()
    found = days.assign(newest=reach, gap=days["seen"] - before)
    return found[before.isna() | (reach > before)]


def _states(name: str, arrivals: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    seen, newest = arrivals["seen"].to_numpy(np.int64), arrivals["newest"].to_numpy(np.int64)
    gap = arrivals["gap"].to_numpy(np.float64)
    rows: list[tuple[object, ...]] = []
    for as_of, day in zip(snapshots["as_of"], snapshots["as_of_day"].astype(int), strict=True):
        stop = int(np.searchsorted(seen, day))
        if not stop:
            rows.append((as_of, name, "absent", pd.NaT, np.nan))
            continue
        usual = _usual(gap[:stop][seen[:stop] > seen[stop - 1] - RHYTHM_DAYS])
        last = int(newest[stop - 1])
        # Nothing exceeds NaN, so a feed without a rhythm is live.
        late = day - last > max(PATIENCE * usual, ALWAYS_FINE_DAYS)
        rows.append((as_of, name, "stale" if late else "live", pd.Timestamp(last, unit="D"), usual))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _usual(gaps: npt.NDArray[np.float64]) -> float:
    known = gaps[~np.isnan(gaps)]
    return float(np.quantile(known, 0.99)) if len(known) >= FEWEST_GAPS else float("nan")
