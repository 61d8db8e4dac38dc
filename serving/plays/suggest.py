"""Which plays are suggested to whom: a plan made of what is known, without a look at the store.

The accounts with the most to lose go first. No play is suggested twice at once to an account, nor
again while it cools down; no manager is given more than the week's budget; and some of what would
be suggested at middling risks is held out by chance, so that its effect can be told one day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from serving.plays.matching import Match, matches
from serving.plays.playbook import Edge, Playbook
from serving.plays.situation import Situation

# Why a play that is called for was not suggested. leaving: they go already. held_out: chance keeps
# it back. open: it is suggested or begun. cooling_down: it was closed too lately. per_account: the
# account is in enough plays. budget: its manager has enough to do this week.
Why = Literal["leaving", "held_out", "open", "cooling_down", "per_account", "budget"]


@dataclass(frozen=True, kw_only=True)
class Past:
    """A play that was suggested, begun or held out before, as far as a plan needs to know.

    `over_on` is when it was declined, withdrawn or closed, None while it is open. One that is
    `held` is not open for anybody. `gone` is one that was withdrawn because its account was in no
    batch, as between two contracts: nobody was asked in vain, so the play needs not cool down.
    """

    account_id: str
    play_id: str | None
    csm: str | None
    assigned_on: date
    started_on: date | None = None
    over_on: date | None = None
    held: bool = False
    gone: bool = False
    eligible: bool = False
    episode: str = ""
    assignment_id: str = ""

    @property
    def offered(self) -> bool:
        """Whether it waits for an answer."""
        return self.started_on is None and self.over_on is None and not self.held


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A play for an account, offered or `held_out`; `episode` is one that goes on, or empty."""

    account: Situation
    play_id: str
    reason: str
    due_on: date
    eligible: bool
    held_out: bool
    episode: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A play that is called for and was not suggested."""

    account_id: str
    play_id: str
    why: Why


@dataclass(frozen=True)
class Plan:
    """What to suggest, and what not: every play that is called for stands in one of the two."""

    offers: tuple[Offer, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a plan is made by: the plays, the day, the limits of the bands, and chance.

    `draw` gives an account's number of the day, from 0 to below 1, each as likely as any other. It
    is followed for `follow_up_days` what becomes of an account that chance decided about.
    """

    book: Playbook
    today: date
    limits: Mapping[str, float]
    draw: Callable[[str], float]
    follow_up_days: int

    def edge(self, given: Edge) -> float | None:
        """A risk of the file as a number; None where the batch has no such band."""
        return self.limits.get(given) if isinstance(given, str) else given

    def drawn_until(self, day: date) -> date:
        """The day from which a draw of `day` holds no more: its follow-up is over.

        That begins at the midnight after. Released a day sooner, an account could be given a play
        while it is still counted as one without.
        """
        return day + timedelta(days=1 + self.follow_up_days)

    def left_to_chance(self, risk: float | None) -> bool:
        """Whether chance may hold out a play at that risk."""
        hold = self.book.work.hold_out
        low, high = self.edge(hold.above), self.edge(hold.below)
        if risk is None or low is None or high is None or hold.share == 0:
            return False
        return low <= risk < high


def suggest(accounts: Iterable[Situation], past: Iterable[Past], rules: Rules) -> Plan:
    """The plan of a day.

    Ties in what there is to lose are broken by risk and account_id. Asked again with its own
    offers among the past, it suggests nothing more.
    """
    known = sorted(accounts, key=_most_to_lose)
    desk = _Desk(rules, past, {account.account_id: account.csm for account in known})
    for account in known:
        for match in matches(account, rules.book):
            desk.consider(account, match)
    return Plan(tuple(desk.offers), tuple(desk.left_out))


@dataclass
class _Desk:
    """What was suggested so far, in the past and now; `csms` has the managers of today."""

    rules: Rules
    past: Iterable[Past]
    csms: Mapping[str, str | None]
    offers: list[Offer] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._of: dict[str, list[Past]] = defaultdict(list)
        self._work: Counter[str | None] = Counter()
        week = self.rules.today.isocalendar()[:2]
        for one in self.past:
            self._of[one.account_id].append(one)
            begun = one.started_on is not None and one.started_on.isocalendar()[:2] == week
            # The work goes along with an account that changes hands.
            self._work[self.csms.get(one.account_id, one.csm)] += one.offered or begun
        self._in_play: Counter[str] = Counter()
        for account_id, known in self._of.items():
            running = sum(one.over_on is None and not one.held for one in known)
            self._in_play[account_id] = running
        self._held: set[str] = {
            name for name, known in self._of.items() if any(self._keeps(one) for one in known)
        }

    def consider(self, account: Situation, match: Match) -> None:
        """Suggest a play that is called for, or note why not."""
        if (why := self._why_not(account, match)) is not None:
            left = LeftOut(account_id=account.account_id, play_id=match.play_id, why=why)
            self.left_out.append(left)
            return
        play = self.rules.book.plays[match.play_id]
        eligible, held_out, episode = self._chance(account)
        self.offers.append(
            Offer(
                account=account,
                play_id=match.play_id,
                reason=match.reason,
                due_on=self.rules.today + timedelta(days=play.due_days),
                eligible=eligible,
                held_out=held_out,
                episode=episode,
            )
        )
        if held_out:
            self._held.add(account.account_id)
        else:
            self._in_play[account.account_id] += 1
            self._work[account.csm] += 1

    def _why_not(self, account: Situation, match: Match) -> Why | None:
        work, known = self.rules.book.work, self._of[account.account_id]
        same = [one for one in known if one.play_id == match.play_id and not one.held]
        cool = timedelta(days=self.rules.book.plays[match.play_id].cool_down_days)
        over = [one.over_on for one in same if one.over_on is not None and not one.gone]
        reasons: tuple[tuple[Why, bool], ...] = (
            ("leaving", account.leaving),
            ("held_out", account.account_id in self._held),
            ("open", any(one.over_on is None for one in same)),
            ("cooling_down", bool(over) and self.rules.today < max(over) + cool),
            ("per_account", self._in_play[account.account_id] >= work.per_account),
            ("budget", self._work[account.csm] >= work.weekly_budget),
        )
        return next((why for why, holds in reasons if holds), None)

    def _chance(self, account: Situation) -> tuple[bool, bool, str]:
        """Whether chance decides, whether it holds out, and the episode that goes on, if one."""
        name = account.account_id
        now = next((o for o in self.offers if o.account.account_id == name), None)
        if now is not None:  # decided a moment ago
            return now.eligible, False, now.episode
        lately = [one for one in self._of[name] if not one.held and self._goes_on(one)]
        for one in lately:
            if one.eligible:
                return True, False, one.episode
        # Who is in a play that chance did not give is no longer to be compared.
        running = any(one.over_on is None and not one.held for one in self._of[name])
        if lately or running:
            return False, False, ""
        if not self.rules.left_to_chance(account.risk):
            return False, False, ""
        return True, self.rules.draw(name) < self.rules.book.work.hold_out.share, ""

    def _goes_on(self, one: Past) -> bool:
        """Whether its episode does: as long as its first play says, lest offers prolong it."""
        its = (other for other in self._of[one.account_id] if other.episode == one.episode)
        return self._lasts(min(its, key=lambda other: other.assigned_on) if one.episode else one)

    def _keeps(self, one: Past) -> bool:
        return one.held and one.over_on is None and self._lasts(one)

    def _lasts(self, one: Past) -> bool:
        return self.rules.today < self.rules.drawn_until(one.assigned_on)


def _most_to_lose(account: Situation) -> tuple[float, float, str]:
    return (-(account.arr_at_risk or 0.0), -(account.risk or 0.0), account.account_id)
