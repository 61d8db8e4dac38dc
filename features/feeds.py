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
from features.window import DAY, EVENT_TABLES, LOOKBACK, USAGE_LOOKBACK

FEEDS: tuple[str, ...] = ("usage_events", *EVENT_TABLES)
COLUMNS = ("as_of", "table", "state", "newest", "usual_gap_days")
RHYTHM_DAYS = 365
FEWEST_GAPS = 5
PATIENCE = 3.0
ALWAYS_FINE_DAYS = 7
Days = npt.NDArray[np.int64]


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
    tables = [_states(name, rows[rows["feed"] == name], snapshots) for name in names]
    return pd.concat(tables, ignore_index=True)


def unknown(table: pd.DataFrame, states: pd.DataFrame, features: Sequence[Feature]) -> pd.DataFrame:
    """The feature table with each value that rests on an absent or stale feed made unknown."""
    return table.assign(
        **{
            name: table[name].mask(table["as_of"].isin(moments))
            for name, moments in unknown_at(states, features).items()
        }
    )


def unknown_at(
    states: pd.DataFrame, features: Sequence[Feature]
) -> dict[str, frozenset[pd.Timestamp]]:
    """The moments at which a feature rests on an absent or stale feed, where there are any."""
    dead = set(states.loc[states["state"] != "live", ["as_of", "table"]].itertuples(index=False))
    found = {}
    for feature in features:
        read = feeds_of(feature)
        if moments := frozenset(as_of for as_of, name in dead if name in read):
            found[feature.name] = moments
    return found


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


def _states(name: str, days: pd.DataFrame, snapshots: pd.DataFrame) -> pd.DataFrame:
    days = days.sort_values("seen")
    seen, newest = days["seen"].to_numpy(np.int64), days["newest"].to_numpy(np.int64)
    lookback = USAGE_LOOKBACK if name == "usage_events" else LOOKBACK
    rows: list[tuple[object, ...]] = []
    for as_of, day in zip(snapshots["as_of"], snapshots["as_of_day"].astype(int), strict=True):
        # Nothing but the moment decides how far back is looked, whatever else is asked for.
        past = (seen < day) & (newest >= day - lookback)
        if not past.any():
            rows.append((as_of, name, "absent", pd.NaT, np.nan))
            continue
        arrived, gap = _arrived(seen[past], newest[past])
        usual = _usual(gap[arrived > arrived[-1] - RHYTHM_DAYS])
        last = int(newest[past].max())
        # Nothing exceeds NaN, so a feed without a rhythm is live.
        late = day - last > max(PATIENCE * usual, ALWAYS_FINE_DAYS)
        rows.append((as_of, name, "stale" if late else "live", pd.Timestamp(last, unit="D"), usual))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _arrived(seen: Days, newest: Days) -> tuple[Days, npt.NDArray[np.float64]]:
    """Each day on which something newer than all before became known, and the days since then.

    The gap is that from the newest before; NaN for the first.
    """
    reach = np.maximum.accumulate(newest)
    newer = np.append(True, reach[1:] > reach[:-1])
    gap = np.append(np.nan, seen[1:] - reach[:-1])
    return seen[newer], gap[newer]


def _usual(gaps: npt.NDArray[np.float64]) -> float:
    known = gaps[~np.isnan(gaps)]
    return float(np.quantile(known, 0.99)) if len(known) >= FEWEST_GAPS else float("nan")
