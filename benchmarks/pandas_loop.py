"""The stated features by a careful loop over the snapshots in pandas.

Ids become numbers once, events are sorted once and sliced by binary search, and each measure is one
grouping.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.stated import KEYS, WINDOWS, filled
from data.workspace import Workspace


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
    return filled(pd.concat(parts).set_index(KEYS))


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
