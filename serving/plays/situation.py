"""How an account stands, as far as a published batch knows: what plays are suggested by."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, select

from serving.database import transaction
from serving.practice.quoted import read
from serving.records import Band, Batch
from serving.tables import RISK
from serving.tables_practice import PRACTICE
from serving.words.corrected import Said, corrected
from serving.words.kept import Corrected, every

# What they said or how they rated us counts for so long, and who left for half a year, as the
# number of champions who left does.
LATELY_DAYS, _LEFT_DAYS = 90, 180
_CHAMPIONS = ("champion", "executive")
_MONTH_DAYS = 30.44
_RATED = ("survey_answered", "survey_answered_of")
_TOP = 10.0


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A family of features that raises the risk of an account, by `points`, foremost by one."""

    family: str
    points: float
    feature: str | None = None


@dataclass(frozen=True, kw_only=True)
class Situation:
    """An account in a batch; what is None or empty is unknown or does not apply.

    `reasons` stand with the strongest first. `rating` is the newest answer of 90 days to whether
    they would recommend us, 0 to 10, and `rated_before` the mean of those of the year before it.
    `words` has how urgent what they said is, 0 to 1, by category. `leaving`: notice was given, or
    the term is over; nobody is to call them with a play any more. `departures` tell apart those who
    make up `champions_left`, as far as the lists of the account hold them.
    """

    account_id: str
    csm: str | None = None
    risk: float | None = None
    band: Band | None = None
    arr_at_risk: float | None = None
    health: float | None = None
    reasons: tuple[Reason, ...] = ()
    renewal_at: date | None = None
    renewal_days: int | None = None
    customer_months: float | None = None
    champions_left: int | None = None
    departures: tuple[str, ...] = ()
    engaged_people: int | None = None
    silent_days: int | None = None
    goals_overdue: frozenset[str] = frozenset()
    rating: float | None = None
    rated_before: float | None = None
    words: Mapping[str, float] = field(default_factory=dict)
    pulse: float | None = None
    leaving: bool = False


def situations(engine: Engine, batch: Batch) -> Iterator[Situation]:
    """How every account of a batch stands, one at a time, by account_id.

    What they said counts as people have corrected it until now.

    Raises:
        StoreError: the store is locked or away.
    """
    its = (PRACTICE.c.batch_id == RISK.c.batch_id) & (PRACTICE.c.account_id == RISK.c.account_id)
    query = (
        select(*_READ, PRACTICE.c.health_score.label("health"), PRACTICE.c.words)
        .select_from(RISK.outerjoin(PRACTICE, its))
        .where(RISK.c.batch_id == batch.batch_id)
        .order_by(RISK.c.account_id)
        .execution_options(yield_per=200)
    )
    with transaction(engine) as connection:
        told: dict[str, list[Corrected]] = defaultdict(list)
        for one in every(connection):
            told[one.account_id].append(one)
        for row in connection.execute(query).mappings():
            yield situation(dict(row), batch.as_of, told.get(row["account_id"], ()))


def situation(
    row: Mapping[str, Any], as_of: date, corrections: Iterable[Corrected] = ()
) -> Situation:
    """How an account stands, from its row: explanation, dossier and words are JSON as stored.

    `corrections` are what people said that its words speak of.
    """
    dossier = json.loads(row["dossier"]) if row["dossier"] else {}
    renewal, since = _day(row["renewal_at"]), _day(dossier.get("facts", {}).get("customer_since"))
    heard = _day(row["last_inbound_at"])
    rating, before = ratings(dossier.get("timeline", ()), as_of)
    return Situation(
        reasons=_reasons(row["explanation"]),
        renewal_at=renewal,
        renewal_days=None if renewal is None else (renewal - as_of).days,
        customer_months=None if since is None else (as_of - since).days / _MONTH_DAYS,
        silent_days=None if heard is None else (as_of - heard).days,
        goals_overdue=_overdue(dossier.get("goals") or ()),
        departures=departures(dossier, as_of),
        rating=rating,
        rated_before=before,
        words=_urgencies(corrected(read(row["words"]), corrections, as_of), as_of),
        leaving=row["notice_at"] is not None or row["status"] == "decided",
        **{name: row[name] for name in _PLAIN},
    )


def ratings(
    timeline: Sequence[Mapping[str, Any]], as_of: date
) -> tuple[float | None, float | None]:
    """The newest rating of a timeline, the mean of one day, and the mean of those before it.

    Answers to whether they would recommend us, brought to 0 to 10. Unknown where nobody rated us
    within 90 days: what somebody thought longer ago calls for nothing any more.
    """
    rated = [
        (row["happened_at"][:10], _TOP * row["args"]["score"] / (row["args"].get("scale") or _TOP))
        for row in timeline
        if row["kind"] in _RATED and row["args"].get("kind") == "nps"
    ]
    days = [
        [score for _, score in each]
        for _, each in groupby(sorted(rated, reverse=True), key=lambda pair: pair[0])
    ]
    since = (as_of - timedelta(days=LATELY_DAYS)).isoformat()
    if max((day for day, _ in rated), default="") < since:
        return None, None
    newest, *earlier = days
    before = [score for day in earlier for score in day]
    return _mean(newest), _mean(before) if before else None


def departures(dossier: Mapping[str, Any], as_of: date) -> tuple[str, ...]:
    """The days on which champions and executives left within half a year, the earliest first.

    A second one of a day is numbered. Nobody is named: an alert outlives what is known of a person.

    >>> left = {"role": "champion", "left_on": "2026-01-02"}
    >>> departures({"people": [left | {"contact_id": who} for who in "ab"]}, date(2026, 2, 1))
    ('2026-01-02', '2026-01-02#2')
    """
    people = [(one, one.get("left_on")) for one in dossier.get("people") or ()]
    rows = (row for row in dossier.get("timeline") or () if row["kind"] == "person_left_as")
    people += [(row["args"], row["happened_at"][:10]) for row in rows]
    # Whoever stands in both lists left once; what is unknown of a person is not in either.
    when = {one.get("contact_id"): (one.get("role"), day) for one, day in people}
    since = (as_of - timedelta(days=_LEFT_DAYS)).isoformat()
    left = Counter(
        day for role, day in when.values() if role in _CHAMPIONS and day and day >= since
    )
    return tuple(
        day if number == 1 else f"{day}#{number}"
        for day in sorted(left)
        for number in range(1, left[day] + 1)
    )


def _reasons(explanation: str | None) -> tuple[Reason, ...]:
    if explanation is None:
        return ()
    found = [
        Reason(family=driver["family"], points=driver["points"], feature=driver.get("feature"))
        for driver in json.loads(explanation)["drivers"]
        if driver["points"] > 0 and not driver["context"]
    ]
    return tuple(sorted(found, key=lambda reason: -reason.points))


def _urgencies(said: Iterable[Said], as_of: date) -> dict[str, float]:
    """How urgent what they said in 90 days is, 0 to 1, by category, as `serving.words` has it."""
    since = as_of - timedelta(days=LATELY_DAYS)
    found: dict[str, float] = {}
    for one in said:
        it = one.quoted
        if it.said_on >= since and not one.dismissed:
            found[it.category] = max(it.urgency, found.get(it.category, 0.0))
    return found


def _overdue(goals: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    late = (goal.get("kind") for goal in goals if goal["state"] == "overdue")
    return frozenset(kind for kind in late if kind)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _day(said: str | None) -> date | None:
    return None if said is None else date.fromisoformat(said[:10])


_PLAIN = (
    *("account_id", "csm", "risk", "band", "arr_at_risk", "health"),
    *("champions_left", "engaged_people", "pulse"),
)
_READ = tuple(
    RISK.c[name]
    for name in (
        *(name for name in _PLAIN if name != "health"),
        *("status", "renewal_at", "notice_at", "last_inbound_at", "explanation", "dossier"),
    )
)
