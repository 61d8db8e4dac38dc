"""What counts as an event: one account in a new batch beside the batch served before it.

An account that the batch before did not hold has no event: a first estimate is no change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from serving.records import Band, Evidence, Explanation
from serving.webhooks.messages import (
    BAND_CHANGED,
    CHAMPION_LEFT,
    RISK_INCREASED,
    SILENCE_STARTED,
)

# A risk increased when it rose by ten points, or by five or more and at least doubled.
JUMP = 0.10
DOUBLED_BY = 0.05
# Silence has started once it adds five points to the risk of an account.
SILENT_FROM = 0.05
SILENCE = "silence"
CHAMPIONS = ("champion", "executive")
# Numbers that are equal on paper differ by less than this.
_NOTHING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a batch says of an account; `champions_left` as `serving.records.AccountRisk` has it."""

    risk: float | None
    band: Band | None
    champions_left: int | None


@dataclass
class Noted:
    """What only the explanations of a new batch tell, by account_id.

    `silent` are those who fell silent; `left` is when a champion or an executive left, the last of
    them. That finds the one who left just as another's departure became older than half a year, so
    that their number stayed the same.
    """

    silent: set[str] = field(default_factory=set)
    left: dict[str, datetime] = field(default_factory=dict)

    def note(self, account_id: str, why: Explanation) -> None:
        """Take in the explanation of an account."""
        if silence_started(why):
            self.silent.add(account_id)
        rows = (row for driver in why.drivers for row in driver.evidence)
        if left := [row.happened_at.replace(tzinfo=None) for row in rows if _left(row)]:
            self.left[account_id] = max(left)

    def since(self, day: date) -> Noted:
        """The same without those who left before a day; evidence is dated in UTC."""
        first = day.isoformat()
        left = {who: when for who, when in self.left.items() if when.isoformat() >= first}
        return Noted(set(self.silent), left)


def happened(account_id: str, before: Standing, now: Standing, noted: Noted) -> Iterator[str]:
    """The types of the events of one account that stands in both batches."""
    scored = before.risk is not None and now.risk is not None
    if scored and before.band != now.band:
        yield BAND_CHANGED
    if before.risk is not None and now.risk is not None and increased(before.risk, now.risk):
        yield RISK_INCREASED
    if now.champions_left and (_more_left(before, now) or account_id in noted.left):
        yield CHAMPION_LEFT
    if scored and account_id in noted.silent:
        yield SILENCE_STARTED


def increased(before: float, now: float) -> bool:
    """Whether a risk jumped.

    >>> increased(0.20, 0.30), increased(0.04, 0.09), increased(0.20, 0.29), increased(0.02, 0.06)
    (True, True, False, False)
    """
    rise = now - before + _NOTHING
    return rise >= JUMP or (rise >= DOUBLED_BY and now >= 2 * before)


def silence_started(why: Explanation) -> bool:
    """Whether an account fell silent between the batch before and this one.

    Silence now adds five points or more, and without what the account itself has moved since it
    added less. So another model, or a feed that stops, makes nobody silent.
    """
    if why.change is None:
        return False
    adds = sum(driver.points for driver in why.drivers if driver.family == SILENCE)
    since = sum(move.points for move in why.change.moves if move.family == SILENCE)
    return adds + _NOTHING >= SILENT_FROM and adds - since + _NOTHING < SILENT_FROM


def _left(row: Evidence) -> bool:
    return row.kind == "person_left_as" and row.args.get("role") in CHAMPIONS


def _more_left(before: Standing, now: Standing) -> bool:
    # What was unknown has not grown: contacts may just have been landed for the first time.
    if before.champions_left is None or now.champions_left is None:
        return False
    return now.champions_left > before.champions_left
