"""Two straightforward ways to compute the same features, for `benchmarks/features.py`.

`NAMES` is the stated set: both rivals compute these features and no others, and give the same
values as forewarn (a test checks it). `range_join` joins raw events to snapshots by time, as one
would write it first. `pandas_loop` is a careful loop over the snapshots: ids become numbers once,
events are sorted once and sliced by binary search, and each measure is one grouping.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data.engine import Engine, literal
from data.workspace import Workspace

WINDOWS = (7, 30, 90, 180)
USAGE = (
    *(f"active_days_{w}" for w in WINDOWS),
    *(f"uses_{w}" for w in (*WINDOWS, 365)),
    *("active_users_30", "active_users_90", "features_used_30", "features_used_90"),
    *("features_abandoned", "uses_per_user_30", "usage_trend_12w", "usage_against_own_past"),
    *("stickiness_28", "days_since_use", "use_gap_ratio", "top_user_share_90"),
)
TOUCHES = (
    *("days_since_inbound", "inbound_30", "inbound_90", "inbound_against_own_past"),
    *("answered_share_90", "answered_share_change", "answer_days_90", "answer_days_change"),
    *("meetings_missed_180", "people_heard_90", "people_gone_quiet", "top_person_share"),
    *("effective_contacts", "days_since_top_heard"),
)
REFERENCES = tuple(f"references_{o}_365" for o in ("accepted", "declined", "ignored", "withdrawn"))
INVOICES = ("invoiced_90", "invoiced_365")
NAMES = (*USAGE, *TOUCHES, *REFERENCES, *INVOICES)
KEYS = ["account_id", "as_of"]
ZERO = [
    n for n in NAMES if n.startswith(("active_", "uses_", "features_", "inbound_3", "inbound_9"))
]
ZERO = [n for n in ZERO if n != "uses_per_user_30"] + [
    *("stickiness_28", "meetings_missed_180", "people_heard_90", "people_gone_quiet"),
    *REFERENCES,
    *INVOICES,
]


def range_join(workspace: Workspace, snapshots: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """The stated features of every account with an event, by range joins in DuckDB."""
    with Engine([workspace.lake], spill=workspace.spill, memory="16GB") as engine:
        engine.table(
            "snapshots", pd.DataFrame({"as_of": pd.DatetimeIndex(list(snapshots)).as_unit("us")})
        )
        for name in ("usage_events", "interactions", "reference_requests", "invoices"):
            path = literal(workspace.lake / f"{name}.parquet")
            engine.run(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({path})")
        parts = [engine.frame(sql).set_index(KEYS) for sql in _RANGE_JOINS]
    return _filled(pd.concat(parts, axis=1))


def pandas_loop(workspace: Workspace, snapshots: Sequence[pd.Timestamp]) -> pd.DataFrame:
    """The stated features of every account with an event, by a loop over the snapshots."""
    usage, touches, heard, references, invoices = _prepared(workspace)
    parts = []
    for as_of in snapshots:
        day = (as_of - pd.Timestamp(0)).days
        one = pd.concat(
            [
                _usage_at(_past(usage, day, 365), day),
                _touches_at(_past(touches, day, 730), _past(heard, day, 365), day),
                _references_at(_past(references, day, 365), day),
                _invoices_at(_past(invoices, day, 365), day),
            ],
            axis=1,
        )
        parts.append(one.rename_axis("account_id").assign(as_of=as_of).reset_index())
    return _filled(pd.concat(parts).set_index(KEYS))


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    out = table.reindex(columns=list(NAMES)).astype(float)
    out[ZERO] = out[ZERO].fillna(0)
    return out.sort_index()


_AGE = "date_diff('day', CAST({time} AS DATE), CAST(s.as_of AS DATE))"


def _joined(table: str, time: str, days: int, columns: str) -> str:
    return (
        f"SELECT t.account_id, s.as_of, {_AGE.format(time='t.' + time)} AS age, {columns} "
        f"FROM {table} t JOIN snapshots s ON t.{time} < s.as_of AND t.known_at < s.as_of "
        f"AND t.{time} >= s.as_of - INTERVAL {days} DAY"
    )


def _between(measure: str, low: int, high: int) -> str:
    return f"{measure} FILTER (age > {low} AND age <= {high})"


_RANGE_JOINS = (
    f"""
    SELECT account_id, as_of,
        {", ".join(f"count(DISTINCT age) FILTER (age <= {w}) AS active_days_{w}" for w in WINDOWS)},
        {", ".join(f"sum(uses) FILTER (age <= {w}) AS uses_{w}" for w in (*WINDOWS, 365))},
        count(DISTINCT contact_id) FILTER (age <= 30) AS active_users_30,
        count(DISTINCT contact_id) FILTER (age <= 90) AS active_users_90,
        count(DISTINCT feature) FILTER (age <= 30) AS features_used_30,
        count(DISTINCT feature) FILTER (age <= 90) AS features_used_90,
        count(DISTINCT feature) FILTER (age <= 240) - count(DISTINCT feature) FILTER (age <= 60)
            AS features_abandoned,
        uses_30 / nullif(active_users_30, 0) AS uses_per_user_30,
        1.5 * (coalesce({_between("sum(uses)", 0, 28)}, 0) - coalesce({
        _between("sum(uses)", 56, 84)
    }, 0))
            / nullif(coalesce({_between("sum(uses)", 0, 84)}, 0), 0) AS usage_trend_12w,
        coalesce({_between("sum(uses)", 0, 28)}, 0) / 28
            / (nullif({_between("sum(uses)", 28, 208)}, 0) / 180) AS usage_against_own_past,
        count(DISTINCT age) FILTER (age <= 28 AND workday) / 20.0 AS stickiness_28,
        min(age) AS days_since_use,
        min(age) * nullif(count(DISTINCT age) - 1, 0)::DOUBLE / nullif(max(age) - min(age), 0)
            AS use_gap_ratio
    FROM ({
        _joined(
            "usage_events",
            "occurred_at",
            365,
            '''t.contact_id, t.feature,
        coalesce(t.quantity, 1) AS uses, isodow(t.occurred_at) < 6 AS workday''',
        )
    })
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of, max(uses) / nullif(sum(uses), 0) AS top_user_share_90
    FROM (
        SELECT account_id, as_of, contact_id, sum(uses) AS uses
        FROM ({
        _joined(
            "usage_events",
            "occurred_at",
            90,
            '''t.contact_id,
            coalesce(t.quantity, 1) AS uses''',
        )
    })
        WHERE contact_id IS NOT NULL
        GROUP BY ALL
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        min(age) FILTER (inbound) AS days_since_inbound,
        count(*) FILTER (inbound AND age <= 30) AS inbound_30,
        count(*) FILTER (inbound AND age <= 90) AS inbound_90,
        count(*) FILTER (inbound AND age <= 90)
            / (nullif(count(*) FILTER (inbound AND age > 90 AND age <= 270), 0) / 2.0)
            AS inbound_against_own_past,
        count(*) FILTER (asks AND days <= 14 AND age > 14 AND age <= 104)
            / nullif(count(*) FILTER (asks AND age > 14 AND age <= 104), 0)::DOUBLE
            AS answered_share_90,
        answered_share_90 - count(*) FILTER (asks AND days <= 14 AND age > 104 AND age <= 284)
            / nullif(count(*) FILTER (asks AND age > 104 AND age <= 284), 0)::DOUBLE
            AS answered_share_change,
        median(days) FILTER (asks AND age <= 90) AS answer_days_90,
        answer_days_90 - median(days) FILTER (asks AND age > 90 AND age <= 270)
            AS answer_days_change,
        count(*) FILTER (channel = 'meeting' AND NOT attended AND age <= 180)
            AS meetings_missed_180
    FROM ({
        _joined(
            "interactions",
            "occurred_at",
            730,
            '''t.channel, t.attended,
        t.direction = 'inbound' AS inbound, t.direction = 'outbound'
            AND coalesce(t.channel, 'email') IN ('email', 'call', 'voicemail', 'chat') AS asks,
        CASE WHEN t.answered_at < s.as_of
            THEN date_diff('second', t.occurred_at, t.answered_at) / 86400.0 END AS days''',
        )
    })
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        count(*) FILTER (last_age <= 90) AS people_heard_90,
        count(*) FILTER (last_age > 90) AS people_gone_quiet,
        max(n) / sum(n)::DOUBLE AS top_person_share,
        power(sum(n), 2) / sum(power(n, 2)) AS effective_contacts,
        max(last_age) FILTER (place = 1) AS days_since_top_heard
    FROM (
        SELECT *, row_number() OVER (PARTITION BY account_id, as_of ORDER BY n DESC, contact_id)
            AS place
        FROM (
            SELECT account_id, as_of, contact_id, count(*) AS n, min(age) AS last_age
            FROM (
                {_joined("interactions", "occurred_at", 365, "t.contact_id, t.direction")}
                UNION ALL
                SELECT t.account_id, s.as_of, {_AGE.format(time="t.answered_at")}, t.contact_id,
                    'inbound'
                FROM interactions t JOIN snapshots s ON t.answered_at < s.as_of
                    AND t.known_at < s.as_of AND t.answered_at >= s.as_of - INTERVAL 365 DAY
            )
            WHERE direction = 'inbound' AND contact_id IS NOT NULL
            GROUP BY ALL
        )
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of,
        count(*) FILTER (result = 'accepted') AS references_accepted_365,
        count(*) FILTER (result = 'declined') AS references_declined_365,
        count(*) FILTER (result = 'ignored') AS references_ignored_365,
        count(*) FILTER (result = 'withdrawn') AS references_withdrawn_365
    FROM (
        SELECT *, CASE WHEN known IS NOT NULL THEN known WHEN age > 30 THEN 'ignored' END AS result
        FROM ({
        _joined(
            "reference_requests",
            "requested_at",
            365,
            '''
            CASE WHEN t.resolved_at < s.as_of THEN t.outcome END AS known''',
        )
    })
    )
    GROUP BY ALL""",
    f"""
    SELECT account_id, as_of, sum(amount) FILTER (age <= 90) AS invoiced_90,
        sum(amount) AS invoiced_365
    FROM ({_joined("invoices", "issued_at", 365, "t.amount")})
    GROUP BY ALL""",
)


def _day(times: pd.Series) -> np.ndarray:
    return times.dt.floor("D").astype("datetime64[s]").astype("int64").to_numpy() // 86400


def _read(workspace: Workspace, name: str, time: str, columns: list[str]) -> pd.DataFrame:
    path = workspace.lake / f"{name}.parquet"
    table = pd.read_parquet(path, columns=["account_id", time, "known_at", *columns])
    table = table.assign(
        day=_day(table[time]), seen=np.maximum(_day(table[time]), _day(table["known_at"]))
    )
    return table.sort_values("day", ignore_index=True)


def _prepared(workspace: Workspace) -> tuple[pd.DataFrame, ...]:
    usage = _read(workspace, "usage_events", "occurred_at", ["contact_id", "feature", "quantity"])
    for name in ("account_id", "contact_id", "feature"):
        usage[name] = usage[name].astype("category")
    usage = usage.assign(
        uses=usage["quantity"].fillna(1.0), workday=usage["occurred_at"].dt.day_of_week < 5
    )
    columns = ["direction", "channel", "contact_id", "attended", "answered_at"]
    touches = _read(workspace, "interactions", "occurred_at", columns)
    since = touches["answered_at"] - touches["occurred_at"]
    wants = (
        touches["channel"].isin(["email", "call", "voicemail", "chat"]) | touches["channel"].isna()
    )
    touches = touches.assign(
        inbound=touches["direction"] == "inbound",
        asks=(touches["direction"] == "outbound") & wants,
        missed=(touches["channel"] == "meeting") & touches["attended"].eq(False).fillna(False),  # noqa: FBT003
        days=np.floor(since.dt.total_seconds()) / 86400,
    )
    answered = touches[touches["answered_at"].notna()]
    answered = answered.assign(day=_day(answered["answered_at"]))
    answered["seen"] = np.maximum(answered["seen"], answered["day"])
    heard = pd.concat([touches[touches["inbound"]], answered])
    heard = heard[heard["contact_id"].notna()].sort_values("day", ignore_index=True)
    references = _read(workspace, "reference_requests", "requested_at", ["outcome", "resolved_at"])
    invoices = _read(workspace, "invoices", "issued_at", ["amount"])
    return usage, touches, heard, references, invoices


def _past(table: pd.DataFrame, day: int, days: int) -> pd.DataFrame:
    start, stop = table["day"].searchsorted([day - days, day])
    past = table.iloc[start:stop]
    past = past[past["seen"] < day]
    return past.assign(age=day - past["day"])


def _size(table: pd.DataFrame) -> pd.Series:
    return table.groupby("account_id", observed=True).size()


def _distinct(table: pd.DataFrame, name: str) -> pd.Series:
    return _size(table[["account_id", name]].dropna().drop_duplicates())


def _sum(table: pd.DataFrame, name: str) -> pd.Series:
    return table.groupby("account_id", observed=True)[name].sum()


def _usage_at(past: pd.DataFrame, _day: int) -> pd.DataFrame:
    age = past["age"]
    days = past[["account_id", "age", "workday"]].drop_duplicates()
    out = pd.DataFrame({"uses_365": _sum(past, "uses")})
    for w in WINDOWS:
        out[f"active_days_{w}"] = _size(days[days["age"] <= w])
        out[f"uses_{w}"] = _sum(past[age <= w], "uses")
    last = past.groupby(["account_id", "feature"], observed=True)["age"].min().reset_index()
    for w in (30, 90):
        out[f"active_users_{w}"] = _distinct(past[age <= w], "contact_id")
        out[f"features_used_{w}"] = _size(last[last["age"] <= w])
    out["features_abandoned"] = _size(last[last["age"].between(61, 240)])
    out["uses_per_user_30"] = out["uses_30"] / out["active_users_30"].replace(0, np.nan)
    block = [
        _sum(past[(age > a) & (age <= a + 28)], "uses").reindex(out.index) for a in (0, 28, 56)
    ]
    block = [b.fillna(0) for b in block]
    out["usage_trend_12w"] = (
        1.5 * (block[0] - block[2]) / (block[0] + block[1] + block[2]).replace(0, np.nan)
    )
    before = _sum(past[(age > 28) & (age <= 208)], "uses").replace(0, np.nan)
    out["usage_against_own_past"] = (block[0] / 28) / (before / 180)
    out["stickiness_28"] = _size(days[(days["age"] <= 28) & days["workday"]]) / 20
    spread = days.groupby("account_id", observed=True)["age"].agg(["min", "max", "count"])
    out["days_since_use"] = spread["min"]
    gaps = (spread["count"] - 1).replace(0, np.nan)
    out["use_gap_ratio"] = spread["min"] * gaps / (spread["max"] - spread["min"]).replace(0, np.nan)
    users = past[(age <= 90) & past["contact_id"].notna()]
    users = users.groupby(["account_id", "contact_id"], observed=True)["uses"].sum().reset_index()
    by = users.groupby("account_id", observed=True)["uses"]
    out["top_user_share_90"] = by.max() / by.sum().replace(0, np.nan)
    return out


def _touches_at(past: pd.DataFrame, heard: pd.DataFrame, day: int) -> pd.DataFrame:
    age, inbound = past["age"], past[past["inbound"]]
    limit = pd.Timestamp(0) + pd.Timedelta(days=day)
    asks = past[past["asks"]].assign(days=lambda t: t["days"].where(t["answered_at"] < limit))
    out = pd.DataFrame({"touched": _size(past)})
    out["days_since_inbound"] = inbound.groupby("account_id")["age"].min()
    out["inbound_30"] = _size(inbound[inbound["age"] <= 30])
    out["inbound_90"] = _size(inbound[inbound["age"] <= 90])
    old = _size(inbound[inbound["age"].between(91, 270)])
    out["inbound_against_own_past"] = out["inbound_90"].fillna(0) / (old.reindex(out.index) / 2)

    def share(low: int, high: int) -> pd.Series:
        some = asks[asks["age"].between(low + 1, high)]
        return _size(some[some["days"] <= 14]).reindex(out.index).fillna(0) / _size(some)

    def patience(low: int, high: int) -> pd.Series:
        return asks[asks["age"].between(low + 1, high)].groupby("account_id")["days"].median()

    out["answered_share_90"] = share(14, 104)
    out["answered_share_change"] = share(14, 104) - share(104, 284)
    out["answer_days_90"] = patience(0, 90)
    out["answer_days_change"] = patience(0, 90) - patience(90, 270)
    out["meetings_missed_180"] = _size(past[past["missed"] & (age <= 180)])
    person = heard.groupby(["account_id", "contact_id"])["age"].agg(["min", "size"]).reset_index()
    out["people_heard_90"] = _size(person[person["min"] <= 90])
    out["people_gone_quiet"] = _size(person[person["min"] > 90])
    n = person.groupby("account_id")["size"]
    out["top_person_share"] = n.max() / n.sum()
    squares = (person["size"] ** 2).groupby(person["account_id"]).sum()
    out["effective_contacts"] = n.sum() ** 2 / squares
    top = person.sort_values(["size", "contact_id"], ascending=[False, True])
    out["days_since_top_heard"] = top.drop_duplicates("account_id").set_index("account_id")["min"]
    return out.drop(columns="touched")


def _references_at(past: pd.DataFrame, day: int) -> pd.DataFrame:
    limit = pd.Timestamp(0) + pd.Timedelta(days=day)
    known = past["outcome"].where(past["resolved_at"] < limit)
    result = known.where(known.notna() | (past["age"] <= 30), "ignored")
    sizes = past.groupby(["account_id", result.rename("result")]).size()
    counts: pd.DataFrame = sizes.unstack(fill_value=0)  # noqa: PD010 - nothing to aggregate
    return counts.add_prefix("references_").add_suffix("_365")


def _invoices_at(past: pd.DataFrame, _day: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "invoiced_90": _sum(past[past["age"] <= 90], "amount"),
            "invoiced_365": _sum(past, "amount"),
        }
    )
