"""Use and touches: every feature equals a second, dumber computation, one account at a time."""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from features.build import build
from features.catalog import CATALOG

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]
Row = dict[str, Any]


def _days(start: pd.Timestamp, end: pd.Timestamp) -> int:
    return (end.normalize() - start.normalize()).days


def _ratio(a: float, b: float | None) -> float | None:
    return a / b if b else None


def _engagement(events: list[Row], seats: float | None) -> Row:
    ever_seen = bool(events)
    events = [e for e in events if e["age"] <= 365]
    uses = lambda lo, hi: sum(
        e["quantity"] or (1.0 if e["quantity"] is None else 0.0)
        for e in events
        if lo < e["age"] <= hi
    )
    days = lambda hi: {e["age"] for e in events if e["age"] <= hi}
    people = lambda hi: {e["contact_id"] for e in events if e["age"] <= hi and e["contact_id"]}
    last = {
        f: min(e["age"] for e in events if e["feature"] == f)
        for f in {e["feature"] for e in events}
    }
    blocks = [uses(0, 28), uses(28, 56), uses(56, 84)]
    all_days = days(365)
    between = max(all_days) - min(all_days) if all_days else 0
    workdays = {e["age"] for e in events if e["age"] <= 28 and e["occurred_at"].day_of_week < 5}
    since = min(all_days) if all_days else None
    mean_gap = between / (len(all_days) - 1) if len(all_days) > 1 else None
    out: Row = {f"active_days_{w}": len(days(w)) for w in (7, 30, 90, 180)}
    out |= {f"uses_{w}": uses(0, w) for w in (7, 30, 90, 180, 365)}
    out |= {
        "active_users_30": len(people(30)),
        "active_users_90": len(people(90)),
        "features_used_30": sum(a <= 30 for a in last.values()),
        "features_used_90": sum(a <= 90 for a in last.values()),
        "features_abandoned": sum(60 < a <= 240 for a in last.values()),
        "seat_use_30": _ratio(len(people(30)), seats),
        "stickiness_28": len(workdays) / 20,
    }
    return (out if ever_seen else dict.fromkeys(out)) | {
        "uses_per_user_30": _ratio(uses(0, 30), len(people(30))) if uses(0, 30) or events else None,
        "usage_trend_12w": _slope(blocks),
        "usage_against_own_past": _ratio(blocks[0] / 28, uses(28, 208) / 180),
        "days_since_use": since,
        "use_gap_ratio": since / mean_gap if mean_gap and since is not None else None,
    }


def _slope(blocks: list[float]) -> float | None:
    """Least squares over newest-first blocks, per their mean, by numpy."""
    if not sum(blocks):
        return None
    return float(np.polyfit([0, 1, 2], blocks[::-1], 1)[0] / np.mean(blocks))


def _silence(touches: list[Row], surveys: list[Row], as_of: pd.Timestamp) -> Row:
    counted = (lambda n: n) if touches else (lambda _: None)
    touches = [t for t in touches if t["age"] <= 730]
    inbound = [t for t in touches if t["direction"] == "inbound"]
    asks = [
        t
        for t in touches
        if t["direction"] == "outbound"
        and t["channel"] in (None, "email", "call", "voicemail", "chat")
    ]
    heard = [(t["occurred_at"], t["channel"]) for t in inbound]
    heard += [(t["answered_at"], t["channel"]) for t in touches if t["answered_at"]]
    last = max((at for at, _ in heard), default=None)

    def answered(lo: int, hi: int) -> float | None:
        some = [t for t in asks if lo < t["age"] <= hi]
        quick = [t for t in some if t["answered_at"] and _exact(t) <= 14]
        return len(quick) / len(some) if some else None

    def patience(lo: int, hi: int) -> float | None:
        times = [_exact(t) for t in asks if lo < t["age"] <= hi and t["answered_at"]]
        return statistics.median(times) if times else None

    ages = sorted({t["age"] for t in inbound if t["age"] <= 365}, reverse=True)
    gaps = [a - b for a, b in itertools.pairwise(ages)]
    since = min((t["age"] for t in inbound), default=None)
    channels: dict[str, int] = {}
    for at, channel in heard:
        if channel and _days(at, as_of) <= 240:
            channels[channel] = min(channels.get(channel, 999), _days(at, as_of))
    surveys = [s for s in surveys if s["kind"] != "exit"]  # only who leaves is asked why
    asked = [s for s in surveys if 14 < s["age"] <= 194]
    open_surveys = sum(s["responded_at"] is None for s in asked)
    old = sum(90 < t["age"] <= 270 for t in inbound) / 2
    return {
        "days_since_inbound": since,
        "days_since_heard": _days(last, as_of) if last else None,
        "unanswered_streak": counted(
            sum(
                t["answered_at"] is None and (last is None or t["occurred_at"] > last) for t in asks
            )
        ),
        "inbound_30": counted(sum(t["age"] <= 30 for t in inbound)),
        "inbound_90": counted(sum(t["age"] <= 90 for t in inbound)),
        "inbound_against_own_past": _ratio(sum(t["age"] <= 90 for t in inbound), old),
        "answered_share_90": answered(14, 104),
        "answered_share_change": _less(answered(14, 104), answered(104, 284)),
        "answer_days_90": patience(0, 90),
        "answer_days_change": _less(patience(0, 90), patience(90, 270)),
        "inbound_gap_ratio": since / statistics.fmean(gaps) if len(gaps) >= 3 and since else None,
        "meetings_missed_180": counted(
            sum(
                t["channel"] == "meeting" and t["age"] <= 180 and t["attended"] is False
                for t in touches
            )
        ),
        "channels_quiet": counted(sum(a > 60 for a in channels.values())),
        "surveys_unanswered_180": open_surveys if any(s["age"] <= 730 for s in surveys) else None,
        "surveys_unanswered_share": open_surveys / len(asked) if asked else None,
    }


def _exact(touch: Row) -> float:
    return (touch["answered_at"] - touch["occurred_at"]).total_seconds() // 1 / 86400


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _single_contact(
    touches: list[Row], mine: list[Row], events: list[Row], as_of: pd.Timestamp
) -> Row:
    contacts = {c["contact_id"]: c for c in mine}
    counted = (lambda n: n) if touches else (lambda _: None)
    ages: dict[str, list[int]] = {}
    for t in (t for t in touches if t["age"] <= 730 and t["contact_id"]):
        if t["direction"] == "inbound":
            ages.setdefault(t["contact_id"], []).append(t["age"])
        if t["answered_at"]:
            ages.setdefault(t["contact_id"], []).append(_days(t["answered_at"], as_of))
    counts = {p: sum(a <= 365 for a in list_) for p, list_ in ages.items()}
    counts = {p: n for p, n in counts.items() if n}
    last = {p: min(ages[p]) for p in counts}
    order = sorted(counts, key=lambda p: (-counts[p], p))
    total = sum(counts.values())
    role = lambda p: contacts.get(p, {}).get("role")
    gone = [c for c in mine if c["left_at"] and _days(c["left_at"], as_of) <= 180]
    shares: dict[str, float] = defaultdict(float)
    for e in events:
        if e["age"] <= 90 and e["contact_id"]:
            shares[e["contact_id"]] += 1.0 if e["quantity"] is None else e["quantity"]
    return {
        "people_heard_90": counted(sum(a <= 90 for a in last.values())),
        "people_gone_quiet": counted(sum(a > 90 for a in last.values())),
        "top_person_share": counts[order[0]] / total if order else None,
        "effective_contacts": 1 / sum((n / total) ** 2 for n in counts.values()) if order else None,
        "days_since_other_heard": min((last[p] for p in order[1:]), default=None),
        "days_since_top_heard": last[order[0]] if order else None,
        "top_person_gone": (contacts.get(order[0], {}).get("left_at") is not None)
        if order
        else None,
        "roles_heard_180": counted(len({role(p) for p in order if last[p] <= 180} - {None})),
        "executive_heard_90": counted(any(last[p] <= 90 and role(p) == "executive" for p in order)),
        "contacts_present": sum(c["left_at"] is None for c in mine) if mine else None,
        "departures_180": len(gone) if mine else None,
        "champion_departures_180": sum(c["role"] in ("champion", "executive") for c in gone)
        if mine
        else None,
        "top_user_share_90": max(shares.values()) / sum(shares.values())
        if sum(shares.values())
        else None,
    }


def expected(seen: Callable[[str], list[Row]], as_of: pd.Timestamp) -> Row | None:
    """What one account did by that moment, or None when it is not a customer then."""
    live = [t for t in seen("subscriptions") if t["ended_at"] is None]
    if not seen("accounts") or not live:
        return None
    seats = sum(t["seats"] or 0 for t in live)
    events, touches = seen("usage_events"), seen("interactions")
    return (
        _engagement(events, seats)
        | _silence(touches, seen("surveys"), as_of)
        | _single_contact(touches, seen("contacts"), events, as_of)
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_customers_do_equals_its_plain_recomputation(
    make_lake, company, seen_rows, agree, seed
):
    tables = company(seed)
    table = build(make_lake(tables), AS_OF, rule=ChurnRule())
    keys = [(account, as_of) for account in "abcd" for as_of in AS_OF]
    rows = {}
    for account, as_of in keys:
        seen = {name: seen_rows(tables, name, account, as_of) for name in tables}
        if row := expected(seen.__getitem__, as_of):
            rows[account, as_of] = row
    covered = {f.name for f in CATALOG if f.family in ("engagement", "silence", "single_contact")}
    assert covered == {name for row in rows.values() for name in row}
    agree(table, rows)


def test_the_random_companies_reach_every_feature(make_lake, company):
    built = [build(make_lake(company(s)), AS_OF, rule=ChurnRule()) for s in range(6)]
    table = pd.concat(built)
    constant = [f.name for f in CATALOG if table[f.name].nunique(dropna=True) < 2]
    assert constant == []
