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
# A checkpoint that was passed longer ago is told no more, unless it was passed since the batch
# before: else the first batch would tell them all.
_GRACE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Told:
    """An alert that was raised before; until it is `cleared`, what it told of is not over."""

    alert_id: str
    account_id: str
    kind: str
    about: str
    cleared: bool


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An alert to raise; `about` tells events of one kind apart, and is empty of a state."""

    account: Situation
    kind: str
    about: str


@dataclass(frozen=True)
class Turn:
    """What a batch changes: alerts to raise, and the ids of those to clear."""

    raised: tuple[Raised, ...]
    cleared: tuple[str, ...]


def turn(
    accounts: Iterable[Situation],
    told: Iterable[Told],
    rules: Alerts,
    *,
    edge: float | None,
    since_days: int,
) -> Turn:
    """What a batch changes, where `edge` is the risk that alerts; None alerts of no risk.

    `since_days` is how long before it the batch was that was looked at before, 0 where none was.
    What was told of an account that is in no batch just now, as between two contracts, holds on.
    """
    known: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        known[one.account_id].append(one)
    raised: list[Raised] = []
    cleared: list[str] = []
    for account in accounts:
        before = known[account.account_id]
        cleared += [one.alert_id for one in before if _over(one, account, rules, edge)]
        ever = {(one.kind, one.about) for one in before}
        # What was cleared a moment ago was told, and does not hold now.
        open_ = {one.kind for one in before if not one.cleared}
        if any((one.kind, one.about, one.cleared) == (CHAMPION, "", False) for one in before):
            ever |= {(CHAMPION, first) for first in account.departures[:1]}  # told without its day
        for kind, about in _holding(account, rules, edge, max(since_days, _GRACE_DAYS)):
            # An event happens once; a state may come again.
            if (kind, about) not in ever if about else kind not in open_:
                raised.append(Raised(account=account, kind=kind, about=about))
    return Turn(tuple(raised), tuple(cleared))


def _holding(
    account: Situation, rules: Alerts, edge: float | None, grace: int
) -> Iterator[tuple[str, str]]:
    if account.leaving:
        return
    if edge is not None and account.risk is not None and account.risk >= edge:
        yield HIGH, ""
    if account.champions_left:
        yield from ((CHAMPION, about) for about in account.departures or ("",))
    if (days := _checkpoint(account, rules, grace)) is not None:
        yield CHECKPOINT, f"{days} {account.renewal_at}"


def _checkpoint(account: Situation, rules: Alerts, grace: int) -> int | None:
    """The last checkpoint that a renewal to come has passed within so many days, if any."""
    left = account.renewal_days
    if left is None or left < 0:
        return None
    passed = (days for days in rules.checkpoints if days - grace < left <= days)
    return min(passed, default=None)


def _over(one: Told, account: Situation, rules: Alerts, edge: float | None) -> bool:
    """Whether what it told of is over: nobody who was not told yet needs to be.

    An event of an account under notice is not: the notice may be taken back.
    """
    if one.cleared:
        return False
    if account.leaving:
        return one.kind == HIGH
    if one.kind == CHECKPOINT:
        passed = account.renewal_days is not None and account.renewal_days < 0
        return passed or one.about.partition(" ")[2] != str(account.renewal_at)
    if one.kind == CHAMPION:
        return account.champions_left == 0
    return edge is not None and account.risk is not None and account.risk < rules.rearm * edge
