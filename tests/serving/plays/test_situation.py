"""What plays are suggested by is read from what was published, and from nothing else."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from serving.plays.situation import Reason, departures, ratings, situation
from serving.practice.quoted import Quoted
from serving.words.kept import Corrected

AS_OF = date(2026, 1, 31)
UNKNOWN = (
    *("account_id", "csm", "risk", "band", "arr_at_risk", "health", "champions_left"),
    *("engaged_people", "pulse", "renewal_at", "notice_at", "last_inbound_at"),
    *("explanation", "dossier", "words"),
)


def rated(day: str, score: float, scale: float | None = 10, kind: str = "nps") -> dict[str, Any]:
    args = {"kind": kind, "score": score} | ({} if scale is None else {"scale": scale})
    return {"kind": "survey_answered_of", "happened_at": f"{day} 09:00:00", "args": args}


def said(category: str, urgency: float, day: str) -> dict[str, Any]:
    """A warning, as it is stored."""
    told: dict[str, Any] = {
        "said_on": day,
        "feedback_id": f"f-{day}",
        "category": category,
        "tone": "risk",
    }
    told |= {"before": "It ", "found": category, "after": ".", "level": "review"}
    told |= {"urgency": urgency, "conversations": 1, "escalated": False}
    return Quoted.model_validate(told).model_dump(mode="json")


@pytest.mark.parametrize(
    ("timeline", "found"),
    [
        ([], (None, None)),
        ([rated("2026-01-02", 9)], (9.0, None)),
        ([rated("2026-01-02", 9), rated("2025-06-01", 7)], (9.0, 7.0)),
        ([rated("2025-06-01", 7), rated("2026-01-02", 9)], (9.0, 7.0)),
        # Two people on one day are one answer, and older ones are taken together.
        ([rated("2026-01-02", 10), rated("2026-01-02", 6), rated("2025-06-01", 7)], (8.0, 7.0)),
        ([rated("2026-01-02", 9), rated("2025-06-01", 8), rated("2025-03-01", 6)], (9.0, 7.0)),
        ([rated("2026-01-02", 4, scale=5), rated("2025-06-01", 7, scale=None)], (8.0, 7.0)),
        ([rated("2026-01-02", 5, kind="csat")], (None, None)),
        ([{"kind": "ticket", "happened_at": "2026-01-02 09:00:00", "args": {}}], (None, None)),
    ],
)
def test_a_rating_is_the_newest_answer_beside_those_before_it(timeline, found):
    assert ratings(timeline, AS_OF) == found


@pytest.mark.parametrize(("age", "found"), [(90, (9.0, 7.0)), (91, (None, None))])
def test_a_rating_counts_for_ninety_days(age, found):
    newest = (AS_OF - timedelta(days=age)).isoformat()
    assert ratings([rated(newest, 9), rated("2025-06-01", 7)], AS_OF) == found


def test_an_account_is_read_as_it_was_published():
    drivers = [
        {"family": "zombie", "points": 0.01, "context": False, "feature": None},
        {"family": "silence", "points": 0.2, "context": False, "feature": "days_since_inbound"},
        {"family": "support", "points": -0.1, "context": False, "feature": None},
        {"family": "profile", "points": 0.3, "context": True, "feature": None},
    ]
    words = [
        said("support_friction", 0.4, "2026-01-20"),
        said("support_friction", 0.7, "2025-12-20"),
        said("pricing_perception", 0.9, "2025-10-20"),
    ]
    dossier = {
        "facts": {"customer_since": "2025-10-01"},
        "goals": [
            {"kind": "onboarding", "state": "overdue"},
            {"kind": "outcome", "state": "open"},
            {"state": "overdue"},
        ],
    }
    plain = {"account_id": "ant", "csm": "dana", "risk": 0.3, "band": "high", "arr_at_risk": 9.0}
    known = {"health": 41.0, "champions_left": 1, "engaged_people": 0, "pulse": 2.0}
    days = {"renewal_at": "2026-03-02", "notice_at": None, "last_inbound_at": "2026-01-01"}
    texts = {"explanation": {"drivers": drivers}, "dossier": dossier, "words": words}
    row = {**plain, **known, **days, "status": "scored"}
    found = situation(row | {name: json.dumps(text) for name, text in texts.items()}, AS_OF)
    assert found.reasons == (
        Reason(family="silence", points=0.2, feature="days_since_inbound"),
        Reason(family="zombie", points=0.01),
    )
    assert (found.renewal_days, found.silent_days, found.leaving) == (30, 30, False)
    assert found.customer_months == pytest.approx(4.0, abs=0.1)
    assert found.goals_overdue == {"onboarding"}
    assert found.words == {"support_friction": 0.7}
    assert (found.health, found.pulse, found.champions_left) == (41.0, 2.0, 1)


@pytest.mark.parametrize(
    ("subject", "tone", "found"),
    [
        ("none", "neutral", {}),
        ("pricing_perception", "positive", {"pricing_perception": 0.0}),
        # A warning in one conversation: (1 / 3 + 0.7) / 2.
        ("support_friction", "risk", {"support_friction": 0.517}),
    ],
)
def test_what_they_said_counts_as_people_have_corrected_it(subject, tone, found):
    words = [said("pricing_perception", 0.6, "2026-01-20")]
    told = Corrected(
        account_id="ant",
        feedback_id="f-2026-01-20",
        sentence="It pricing_perception.",
        category=subject,
        tone=tone,
    )
    row = dict.fromkeys(UNKNOWN) | {"status": "scored", "words": json.dumps(words)}
    assert situation(row, AS_OF).words == {"pricing_perception": 0.6}
    assert situation(row, AS_OF, [told]).words == pytest.approx(found, abs=1e-3)


@pytest.mark.parametrize("told", [{"notice_at": "2026-01-05"}, {"status": "decided"}])
def test_who_goes_is_leaving_and_what_is_unknown_stays_so(told):
    row = dict.fromkeys(UNKNOWN) | {"status": "scored"}
    found = situation(row | {"account_id": "ant"} | told, AS_OF)
    assert found.leaving
    assert (found.reasons, found.renewal_days, found.customer_months) == ((), None, None)
    assert not situation(row, AS_OF).leaving
    assert not situation(row | {"status": "insufficient_history"}, AS_OF).leaving


def test_who_left_is_counted_once_of_both_lists_and_only_of_half_a_year():
    people = [
        {"contact_id": "c1", "role": "champion", "left_on": "2026-01-02"},
        {"contact_id": "c2", "role": "executive", "left_on": "2025-08-03"},
        {"contact_id": "c3", "role": "user", "left_on": "2026-01-03"},
        {"contact_id": "c4", "role": "champion"},  # still there
        {"contact_id": "c5"},
    ]
    left = [("c1", "2026-01-02"), ("c6", "2026-01-02"), ("c7", "2025-08-04")]
    timeline = [
        {
            "kind": "person_left_as",
            "happened_at": f"{day} 00:00:00",
            "args": {"contact_id": who, "role": "champion"},
        }
        for who, day in left
    ]
    found = departures({"people": people, "timeline": timeline}, AS_OF)
    assert found == ("2025-08-04", "2026-01-02", "2026-01-02#2")
    assert departures({"people": None}, AS_OF) == departures({}, AS_OF) == ()
