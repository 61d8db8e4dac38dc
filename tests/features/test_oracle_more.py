"""What customers are told and say: every feature equals a second, dumber computation."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd
import pytest

from data.churn import ChurnRule
from features.build import build, feeds_at
from features.catalog import CATALOG

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]
FUTURE = ("roadmap", "renewal", "qbr")
OUTCOMES = ("accepted", "declined", "ignored", "withdrawn")
Row = dict[str, Any]


def _days(start: pd.Timestamp, end: pd.Timestamp) -> int:
    return (end.normalize() - start.normalize()).days


def _ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def _less(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a - b


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return statistics.fmean(known) if known else None


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return statistics.median(known) if known else None


def _references(requests: list[Row]) -> Row:
    decided = []
    for r in (r for r in requests if r["age"] <= 730):
        outcome = r["outcome"] or ("ignored" if r["age"] > 30 else None)
        decided.append((r["age"], outcome))
    new = Counter(o for a, o in decided if a <= 365 and o)
    old = Counter(o for a, o in decided if a > 365 and o)
    will = lambda c: (c["accepted"] + 1) / (sum(c.values()) + 2)
    yes = min((a for a, o in decided if o == "accepted"), default=None)
    no = min((a for a, o in decided if o and o != "accepted"), default=None)
    if not decided:
        return {}
    return {
        "references_asked_365": sum(a <= 365 for a, _ in decided),
        "references_asked_before": sum(a > 365 for a, _ in decided),
        **{f"references_{o}_365": new[o] for o in OUTCOMES},
        **{f"references_{o}_before": old[o] for o in OUTCOMES},
        "reference_willingness": will(new),
        "reference_willingness_change": will(new) - will(old),
        "days_since_reference_yes": yes,
        "days_since_reference_no": no,
        "refusals_since_yes": sum(a < (yes or 0) for a, o in decided if o and o != "accepted"),
        "reference_lost": yes is not None and no is not None and no < yes,
        "reference_ever": yes is not None,
    }


def _billing(invoices: list[Row], terms: list[Row], as_of: pd.Timestamp) -> Row:
    invoices = [i for i in invoices if i["age"] <= 730]
    due = [i for i in invoices if i["amount"] > 0 and i["due_at"] < as_of]
    late = lambda i: _days(i["due_at"], i["paid_at"] or as_of)
    mean = lambda w: (lambda x: statistics.fmean(x) if x else None)(
        [max(late(i), 0) for i in due if i["age"] <= w]
    )
    owed = [i for i in due if i["paid_at"] is None]
    live = [t for t in terms if t["ended_at"] is None]
    main = max(live, key=lambda t: (t["started_at"], t["subscription_id"]))
    then = as_of - pd.Timedelta(days=365)
    past = [
        t
        for t in terms
        if t["started_at"] < then and (t["ended_at"] is None or t["ended_at"] >= then)
    ]
    mrr = sum(t["mrr"] for t in live)
    mrr_then = sum(t["mrr"] for t in past)
    paying = {
        "days_late_365": mean(365),
        "days_late_change": _less(mean(120), mean(365)),
        "overdue_count": len(owed),
        "overdue_amount": sum(i["amount"] for i in owed),
        "overdue_days": max((late(i) for i in owed), default=0),
        "invoiced_90": sum(i["amount"] for i in invoices if i["age"] <= 90),
        "invoiced_365": sum(i["amount"] for i in invoices if i["age"] <= 365),
        "invoices_365": sum(i["amount"] > 0 and i["age"] <= 365 for i in invoices),
    }
    return (paying if invoices else {}) | {
        "mrr_against_last_year": _ratio(mrr, mrr_then),
        "contracted_365": mrr < mrr_then if past else None,
        "discount_frac": main["discount_frac"],
        "days_to_renewal": _days(as_of, main["term_ends_at"]),
        "term_days": _days(main["started_at"], main["term_ends_at"]),
        "auto_renew": main["auto_renew"],
        "billing_period_months": main["billing_period_months"],
        "terms_so_far": len(terms),
        "mrr": mrr,
        "seats": sum(t["seats"] or 0 for t in live)
        if any(t["seats"] is not None for t in live)
        else None,
        "plan": main["plan"],
    }


def _profile(account: Row, changes: list[Row], as_of: pd.Timestamp) -> Row:
    out: Row = {"tenure_days": _days(account["created_at"], as_of)}
    for field in ("segment", "region"):
        seen = [c for c in changes if c["field"] == field]
        newest = max(seen, key=lambda c: (c["valid_from"], c["known_at"]), default=None)
        out[field] = newest["value"] if newest else account[field]
    return out


def _zombie(
    events: list[Row], touches: list[Row], signals: list[Row], near: bool | None, **at: Any
) -> Row:
    """`near`: the term ends within 180 days, None if it has no end."""
    as_of, age = at["as_of"], at["age"]
    events = [e for e in events if e["age"] <= 365]
    heard = [(t["age"], t) for t in touches if t["age"] <= 730 and t["direction"] == "inbound"]
    heard += [
        (_days(t["answered_at"], as_of), t) for t in touches if t["answered_at"] and t["age"] <= 730
    ]
    uses = lambda lo, hi, some=events: sum(
        1.0 if e["quantity"] is None else e["quantity"] for e in some if lo < e["age"] <= hi
    )
    exports = [e for e in events if "export" in e["feature"].lower()]
    touched = lambda lo, hi: sum(lo < a <= hi for a, _ in heard)
    old = age >= 180
    past = min(age, 365)
    use = _ratio(uses(0, 90) / 90, uses(90, 365) / (past - 90)) if old else None
    contact = _ratio(touched(0, 90) / 90, touched(90, 365) / (past - 90)) if old else None
    last: dict[str, int] = {}
    for a, t in heard:
        if t["contact_id"] and a <= 365:
            last[t["contact_id"]] = min(a, last.get(t["contact_id"], 999))
    share = lambda lo, hi: _mean(
        t["topic"] in FUTURE for a, t in heard if lo < a <= hi and t["topic"]
    )
    lost = sum(a > 90 for a in last.values())
    mute = min([a for a, t in heard if t["topic"] in FUTURE and a <= 365] or [past])
    spoken = min((a for a, _ in heard), default=999)
    silent = near is None or not any(t["topic"] and a <= 365 for a, t in heard)
    return {
        "use_less_contact": None
        if use is None or contact is None
        else min(use, 2) - min(contact, 2),
        "people_lost_while_used": None if use is None or not last else lost if use >= 0.8 else 0,
        "export_share_90": _ratio(uses(0, 90, exports), uses(0, 90)),
        "export_share_change": _less(
            _ratio(uses(0, 90, exports), uses(0, 90)), _ratio(uses(90, 365, exports), uses(90, 365))
        ),
        "export_against_own_past": _ratio(
            uses(0, 90, exports) / 90, uses(90, 365, exports) / (past - 90)
        )
        if old
        else None,
        "competitor_signals_180": sum(
            s["kind"].startswith("competitor") and s["age"] <= 180 for s in signals
        ),
        "future_talk_share_90": share(0, 90),
        "future_talk_share_change": _less(share(0, 90), share(90, 365)),
        "days_mute_before_renewal": None if silent else mute if near and spoken <= 60 else 0,
    }


def _support(tickets: list[Row], events: list[Row], seats: float | None, age: int) -> Row:
    tickets = [t for t in tickets if t["age"] <= 365]
    if not tickets:
        return {}
    within = lambda lo, hi: [t for t in tickets if lo < t["age"] <= hi]
    users = {e["contact_id"] for e in events if e["age"] <= 90} - {None}
    took = lambda some: _median(
        (t["resolved_at"] - t["opened_at"]).total_seconds() / 86400
        for t in some
        if t["resolved_at"]
    )
    csat = lambda some: _mean(t["csat"] for t in some)
    waiting = [t["age"] for t in tickets if t["resolved_at"] is None]
    ages = sorted(t["age"] for t in within(0, 365))
    gap = (ages[-1] - ages[0]) / (len(ages) - 1) if len(ages) >= 4 else None
    new = within(0, 90)
    urgent = sum(t["priority"] in ("high", "urgent") for t in new)
    return {
        "tickets_30": len(within(0, 30)),
        "tickets_90": len(new),
        "tickets_against_own_past": _ratio(
            len(within(0, 30)) / 30, len(within(30, 365)) / (min(age, 365) - 30)
        )
        if age >= 90
        else None,
        "ticket_pause_ratio": _ratio(ages[0], gap) if ages else None,
        "tickets_per_user_90": _ratio(len(new), len(users)),
        "tickets_per_seat_90": _ratio(len(new), seats),
        "urgent_share_90": _ratio(urgent, len(new)),
        "tickets_open": len(waiting),
        "oldest_open_days": max(waiting, default=0),
        "resolution_days_90": took(new),
        "resolution_against_own_past": _ratio(took(new), took(within(90, 365))),
        "reopened_180": sum(t["reopened"] is True for t in within(0, 180)),
        "ticket_csat_180": csat(within(0, 180)),
        "ticket_csat_change": _less(csat(new), csat(within(90, 365))),
    }


def _sentiment(
    surveys: list[Row], pulses: list[Row], quotes: list[Row], as_of: pd.Timestamp
) -> Row:
    told = [s for s in surveys if s["age"] <= 730 and s["responded_at"] and s["score"] is not None]
    usual = {"nps": 10, "ces": 7}
    share = lambda s: s["score"] / (s["scale_max"] or usual.get(s["kind"], 5))
    points = lambda s: share(s) * usual.get(s["kind"], 5)
    nps = [s for s in told if s["kind"] == "nps" and s["age"] <= 365]
    at = max((s["responded_at"] for s in nps), default=None)
    newest = [s for s in nps if s["responded_at"] == at]
    mean = lambda kind: _mean(points(s) for s in told if s["kind"] == kind and s["age"] <= 365)
    rated = [s for s in told if s["kind"] in ("nps", "csat", "monthly")]
    shares = lambda lo, hi: _mean(share(s) for s in rated if lo < s["age"] <= hi)
    judged = sorted((p for p in pulses if p["age"] <= 365), key=lambda p: p["recorded_at"])
    last = judged[-1] if judged else None
    quotes = [q for q in quotes if q["age"] <= 730 and q["channel"] != "exit_survey"]
    return {
        "nps": _mean(map(points, newest)),
        "nps_change": _less(
            _mean(map(points, newest)), _mean(points(s) for s in nps if s["responded_at"] != at)
        ),
        "nps_age": min((s["age"] for s in newest), default=None),
        "csat_365": mean("csat"),
        "ces_365": _mean(
            s["score"]
            for s in told
            if s["kind"] == "ces" and s["age"] <= 365 and (s["scale_max"] or 7) == 7
        ),
        "survey_score_change": _less(shares(0, 120), shares(120, 485)),
        "pulse": last["pulse"]
        if last and not (last["expires_at"] and last["expires_at"] < as_of)
        else None,
        "pulse_change": _less(last["pulse"], _mean(p["pulse"] for p in judged[:-1]))
        if last
        else None,
        "pulse_age": last["age"] if last else None,
        "quotes_180": sum(q["age"] <= 180 for q in quotes) if quotes else None,
        **_words(quotes),
    }


# What these texts say, and how, as a person would put it.
_SAID = {
    "good": [],
    "We hardly use it any more.": [("value", "risk")],
    "It is too expensive. Support never answers.": [("price", "risk"), ("support", "risk")],
    "The team loves it! How much would ten users cost?": [("value", "good"), ("price", "neutral")],
    "Mēs noteikti pagarināsim līgumu.": [("renewal", "good")],
    "我们不会续约。价格太贵了。": [("renewal", "risk"), ("price", "risk")],
}


def _words(quotes: list[Row]) -> Row:
    if not quotes:
        return {}
    said = [(q["age"], about, tone) for q in quotes for about, tone in _SAID[q["text"]]]
    count = lambda tone, *about: sum(
        age <= 180 and t == tone and (not about or a in about) for age, a, t in said
    )
    toned = [tone for age, _, tone in said if age <= 365 and tone != "neutral"]
    return {
        "leaving_words_180": count("risk", "price", "renewal"),
        "friction_words_180": count("risk", "support", "start"),
        "doubting_words_180": count("risk", "value", "upsell"),
        "praising_words_180": count("good"),
        "risk_words_share_365": _ratio(toned.count("risk"), len(toned)),
    }


def _outcomes(goals: list[Row], as_of: pd.Timestamp, age: int) -> Row:
    goals = [g for g in goals if g["age"] <= 730]
    if not goals:
        return {}
    late = {
        g["goal_id"]: _days(g["due_at"], as_of)
        for g in goals
        if not g["achieved_at"] and not g["abandoned_at"] and g["due_at"] and g["due_at"] < as_of
    }
    reached = [g for g in goals if g["achieved_at"]]
    dropped = [g for g in goals if g["abandoned_at"] and _days(g["abandoned_at"], as_of) <= 365]
    decided = [g for g in goals if g["achieved_at"] or g["abandoned_at"] or g["goal_id"] in late]
    steps = [bool(g["achieved_at"]) for g in goals if g["kind"] == "onboarding"]
    value = [g["achieved_at"] for g in reached if g["kind"] in ("activation", "outcome")]
    return {
        "goals_achieved_365": sum(_days(g["achieved_at"], as_of) <= 365 for g in reached),
        "goals_overdue": len(late),
        "goal_overdue_days": max(late.values(), default=0),
        "goals_abandoned_365": len(dropped),
        "goal_success_share": _ratio(len(reached), len(decided)),
        "onboarding_complete": all(steps) if steps else None,
        "first_value_days": age - _days(min(value), as_of) if value and age <= 730 else None,
        "integration_abandoned": any(g["kind"] == "integration" for g in dropped)
        or any(g["kind"] == "integration" and late.get(g["goal_id"], 0) > 90 for g in goals),
    }


def expected(seen: Callable[[str], list[Row]], as_of: pd.Timestamp) -> Row | None:
    """What one account said and was told by that moment, or None when it is not a customer then."""
    terms, accounts = seen("subscriptions"), seen("accounts")
    if not accounts or all(t["ended_at"] for t in terms):
        return None
    money = _billing(seen("invoices"), terms, as_of)
    events, age = seen("usage_events"), _days(accounts[0]["created_at"], as_of)
    left = money["days_to_renewal"]
    near = None if left is None else left < 180
    signals = [s for s in seen("external_signals") if s["age"] <= 730]
    return (
        money
        | _references(seen("reference_requests"))
        | _zombie(events, seen("interactions"), signals, near, as_of=as_of, age=age)
        | _support(seen("tickets"), events, money["seats"], age)
        | _sentiment(seen("surveys"), seen("pulses"), seen("feedback"), as_of)
        | _outcomes(seen("goals"), as_of, age)
        | _profile(accounts[0], seen("account_changes"), as_of)
    )


@pytest.mark.parametrize("seed", range(6))
def test_what_customers_say_and_are_told_equals_its_plain_recomputation(
    make_lake, company, seen_rows, agree, seed
):
    tables = company(seed)
    workspace = make_lake(tables)
    # A dead feed would hide values; that is tested apart.
    assert (feeds_at(workspace, AS_OF[-1])["state"] == "live").all()
    table = build(workspace, AS_OF, rule=ChurnRule())
    keys = [(account, as_of) for account in "abcd" for as_of in AS_OF]
    rows = {}
    for account, as_of in keys:
        seen = {name: seen_rows(tables, name, account, as_of) for name in tables}
        if row := expected(seen.__getitem__, as_of):
            rows[account, as_of] = row
    elsewhere = ("engagement", "silence", "single_contact")
    covered = {f.name for f in CATALOG if f.family not in elsewhere}
    assert covered == {name for row in rows.values() for name in row}
    agree(table, rows)
