"""What a manager is told of an account once: risks that rose above an edge, and checkpoints.

A risk that wobbles around the edge raises one alert: until it was well below, it raises no other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from serving.plays.playbook import Alerts
from serving.plays.situation import Situation

HIGH, CHECKPOINT, CHAMPION = "risk_high", "checkpoint", "champion_left"
KINDS = (HIGH, CHAMPION, CHECKPOINT)
# A checkpoint that was passed longer ago is told no more: else the first batch would tell them all.
_GRACE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Told:
    """An alert that was raised before; one that is not `cleared` is not raised again."""

    alert_id: str
    account_id: str
    kind: str
    about: str
    cleared: bool


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An alert to raise; `about` tells one of its kind from another of the same account."""

    account: Situation
    kind: str
    about: str


@dataclass(frozen=True)
class Turn:
    """What a batch changes: alerts to raise, and the ids of those to clear."""

    raised: tuple[Raised, ...]
    cleared: tuple[str, ...]


def turn(
    accounts: Iterable[Situation], told: Iterable[Told], rules: Alerts, *, edge: float | None
) -> Turn:
    """What a batch changes, where `edge` is the risk that alerts; None alerts of no risk."""
    known: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        known[one.account_id].append(one)
    raised: list[Raised] = []
    cleared: list[str] = []
    for account in accounts:
        before = known[account.account_id]
        cleared += [one.alert_id for one in before if _over(one, account, rules, edge)]
        # What was cleared a moment ago was told, and does not hold now.
        there = {(one.kind, one.about) for one in before if not one.cleared}
        ever = {(one.kind, one.about) for one in before}
        for kind, about in _holding(account, rules, edge):
            if (kind, about) not in (ever if kind == CHECKPOINT else there):
                raised.append(Raised(account=account, kind=kind, about=about))
    return Turn(tuple(raised), tuple(cleared))


def _holding(account: Situation, rules: Alerts, edge: float | None) -> Iterator[tuple[str, str]]:
    if account.leaving:
        return
    if edge is not None and account.risk is not None and account.risk >= edge:
        yield HIGH, ""
    if account.champions_left:
        yield CHAMPION, ""
    if (days := _checkpoint(account, rules)) is not None:
        yield CHECKPOINT, f"{days} {account.renewal_at}"


def _checkpoint(account: Situation, rules: Alerts) -> int | None:
    """The checkpoint that a renewal to come has passed lately, if any."""
    left = account.renewal_days
    if left is None or left < 0:
        return None
    passed = (days for days in rules.checkpoints if days - _GRACE_DAYS < left <= days)
    return min(passed, default=None)


def _over(one: Told, account: Situation, rules: Alerts, edge: float | None) -> bool:
    if one.cleared or one.kind == CHECKPOINT:
        return False
    if one.kind == CHAMPION:
        return account.champions_left == 0
    return edge is not None and account.risk is not None and account.risk < rules.rearm * edge
