"""Which suggestions and hold-outs end by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from serving.plays.situation import Situation
from serving.plays.suggest import Past, Rules
from serving.written.assignments import Decision

# Why an offer is withdrawn whose account is in no batch any more, or just now.
GONE = "gone"


@dataclass(frozen=True, kw_only=True)
class Lapse:
    """The end of a suggestion or hold-out that nobody decided: which, what it is called, and why.

    `why` is leaving, gone (in no batch any more) or unanswered of an offer; of a hold-out it is
    over, or risk, which rose above the edge up to which chance may hold out.
    """

    assignment_id: str
    decision: Decision
    why: str


def lapses(
    past: Iterable[Past], accounts: Mapping[str, Situation], rules: Rules
) -> Iterator[Lapse]:
    """What ends today, of offers that wait and hold-outs that last."""
    work = rules.book.work
    high = rules.edge(work.hold_out.below)
    for one in past:
        account = accounts.get(one.account_id)
        if one.offered:
            if (why := _why(account)) is None and rules.today >= one.assigned_on + timedelta(
                days=work.expire_days
            ):
                why = "unanswered"
            if why is not None:
                yield Lapse(assignment_id=one.assignment_id, decision="withdrawn", why=why)
        elif one.held and one.over_on is None:
            risen = high is not None and account is not None and (account.risk or 0) >= high
            over = rules.today >= rules.drawn_until(one.assigned_on)
            if risen or over:
                why = "over" if over else "risk"
                yield Lapse(assignment_id=one.assignment_id, decision="released", why=why)


def _why(account: Situation | None) -> str | None:
    if account is None:
        return GONE
    return "leaving" if account.leaving else None
