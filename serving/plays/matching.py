"""Which plays the situation of an account calls for, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from serving.plays.playbook import Condition, Play, Playbook
from serving.plays.situation import Reason, Situation

# What a condition without a family of reasons is called after: the first of these that it names.
SITUATIONS = {
    "rating": "rating",
    "champions_left": "champion_left",
    "goals_overdue": "goals_overdue",
    "words": "words",
    "engaged_people_at_most": "few_people",
    "silent_days_at_least": "silent",
    "pulse_at_most": "pulse",
    "health_below": "health",
    "renewal_within_days": "renewal",
    "customer_months_below": "new_customer",
    "bands": "band",
}


@dataclass(frozen=True, kw_only=True)
class Match:
    """A play that is called for: by a family of reasons that adds `points`, or by a situation.

    `reason` is that family, or the name of the situation.
    """

    play_id: str
    reason: str
    points: float | None = None


def matches(situation: Situation, book: Playbook) -> list[Match]:
    """What the situation calls for: situations first, as the file has them, then strong reasons.

    Each play stands once, for the first of its conditions that holds. Those that another one goes
    instead of are left out.
    """
    called = [
        match
        for play_id, play in book.plays.items()
        if (match := next(_matching(play_id, play, situation), None)) is not None
    ]
    hidden = {other for match in called for other in book.plays[match.play_id].instead}
    found = (match for match in called if match.play_id not in hidden)
    return sorted(found, key=lambda m: (m.points is not None, -(m.points or 0)))


def _matching(play_id: str, play: Play, situation: Situation) -> Iterator[Match]:
    for condition in play.when:
        if not _holds(condition, situation):
            continue
        if not condition.reason:
            yield Match(play_id=play_id, reason=_name(condition))
        elif (reason := _reason(condition, situation)) is not None:
            yield Match(play_id=play_id, reason=reason.family, points=reason.points)


def _reason(condition: Condition, situation: Situation) -> Reason | None:
    """The strongest reason that the condition speaks of."""
    for reason in situation.reasons:
        if reason.family in condition.reason and reason.points >= condition.points:
            return reason if reason.feature in (condition.features or (reason.feature,)) else None
    return None


def _holds(condition: Condition, it: Situation) -> bool:
    """Whether all holds that the condition says beside its family of reasons.

    What is unknown of an account does not hold.
    """
    return (
        (not condition.bands or it.band in condition.bands)
        and _renews(condition, it)
        and _below(it.customer_months, condition.customer_months_below)
        and _at_least(it.champions_left, condition.champions_left)
        and _at_most(it.engaged_people, condition.engaged_people_at_most)
        and _at_least(it.silent_days, condition.silent_days_at_least)
        and (not condition.goals_overdue or bool(it.goals_overdue & {*condition.goals_overdue}))
        and _rated(condition, it)
        and _said(condition, it)
        and _below(it.health, condition.health_below)
        and _at_most(it.pulse, condition.pulse_at_most)
    )


def _renews(condition: Condition, it: Situation) -> bool:
    within = condition.renewal_within_days
    return within is None or (it.renewal_days is not None and 0 <= it.renewal_days <= within)


def _rated(condition: Condition, it: Situation) -> bool:
    if condition.rating is None:
        return True
    if it.rating is None or it.rated_before is None:
        return False
    rose = it.rating > it.rated_before
    fell = it.rating < it.rated_before
    moved = rose if condition.rating == "rose" else fell
    return moved and max(it.rating, it.rated_before) >= condition.rated_at_least


def _said(condition: Condition, it: Situation) -> bool:
    if not condition.words:
        return True
    urgent = max((it.words.get(category, 0.0) for category in condition.words), default=0.0)
    return urgent > 0 and urgent >= condition.urgency_at_least


def _name(condition: Condition) -> str:
    given = condition.model_fields_set
    name = next((name for name in SITUATIONS if name in given), "band")
    if name == "rating":
        return f"rating_{condition.rating}"
    if name == "words":
        return f"words_{condition.words[0]}"
    return SITUATIONS[name]


def _below(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value < limit)


def _at_most(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value <= limit)


def _at_least(value: float | None, limit: float | None) -> bool:
    return limit is None or (value is not None and value >= limit)
