"""A year of plays at a company of random risks: nothing twice, and no week with too much."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from serving.plays.catalogue import shipped
from serving.plays.lapsed import lapses
from serving.plays.playbook import HoldOut, Work
from serving.plays.situation import Reason, Situation
from serving.plays.suggest import Offer, Past, Rules, suggest

MONDAY, HELD_DAYS = date(2026, 3, 2), 40
WORK = Work(weekly_budget=3, per_account=2, hold_out=HoldOut(share=0.3))
BOOK = shipped().model_copy(update={"work": WORK})
FAMILIES = ("silence", "zombie", "support", "engagement", "single_contact", "reference_decline")


@dataclass
class Company:
    """Sixty accounts of three managers, who answer what is suggested to them at random."""

    chance: random.Random
    log: dict[str, Past] = field(default_factory=dict)
    begun: Counter[tuple[str | None, tuple[int, int]]] = field(default_factory=Counter)

    def accounts(self) -> list[Situation]:
        """All of them, as they stand on a day."""
        return [self._account(n) for n in range(60)]

    def take_in(self, offer: Offer, today: date) -> None:
        """Have an offer in the log."""
        name = str(len(self.log))
        self.log[name] = Past(
            assignment_id=name,
            account_id=offer.account.account_id,
            play_id=offer.play_id,
            csm=offer.account.csm,
            assigned_on=today,
            held=offer.held_out,
            eligible=offer.eligible,
            episode=offer.episode or f"{offer.account.account_id} {today}",
        )

    def answer(self, today: date) -> None:
        """Have some offers taken or declined, and some plays closed."""
        for name, one in self.log.items():
            fate = self.chance.random()
            if one.offered and fate < 0.3:
                self.begun[one.csm, today.isocalendar()[:2]] += 1
                self.log[name] = replace(one, started_on=today)
            elif (one.offered and fate < 0.5) or (
                one.started_on and not one.over_on and fate < 0.1
            ):
                self.log[name] = replace(one, over_on=today)

    def _account(self, n: int) -> Situation:
        some = self.chance.sample(FAMILIES, self.chance.randint(0, 4))
        return Situation(
            account_id=f"a{n}",
            csm=f"csm{n % 3}",
            risk=self.chance.random() * 0.3,
            arr_at_risk=self.chance.random(),
            leaving=self.chance.random() < 0.02,
            reasons=tuple(Reason(family=family, points=0.03) for family in some),
        )


@pytest.mark.parametrize("seed", range(3))
def test_over_a_year_nothing_is_suggested_twice_and_no_week_has_too_much(seed):
    chance = random.Random(seed)  # noqa: S311
    company = Company(chance)
    for day in range(0, 52 * 7, 3):
        today, accounts = MONDAY + timedelta(days=day), company.accounts()
        limits = {"elevated": 0.1, "high": 0.2}
        rules = Rules(
            book=BOOK,
            today=today,
            limits=limits,
            draw=lambda _account: chance.random(),
            follow_up_days=HELD_DAYS,
        )
        here = {one.account_id: one for one in accounts}
        for lapse in lapses(list(company.log.values()), here, rules):
            ended = replace(company.log[lapse.assignment_id], over_on=today)
            company.log[lapse.assignment_id] = ended
        for offer in suggest(accounts, company.log.values(), rules).offers:
            assert mistakes(offer, company.log.values(), today) == []
            company.take_in(offer, today)
        assert suggest(accounts, company.log.values(), rules).offers == ()
        waiting = Counter(one.csm for one in company.log.values() if one.offered)
        assert max(waiting.values()) <= WORK.weekly_budget
        company.answer(today)
    assert max(company.begun.values()) <= WORK.weekly_budget
    assert sum(company.begun.values()) > 100
    left_to_chance = {one.episode for one in company.log.values() if one.eligible}
    held = sum(one.held for one in company.log.values())
    assert 0.1 < held / len(left_to_chance) < 0.5


def mistakes(offer: Offer, log: Iterable[Past], today: date) -> list[str]:
    """What is wrong with an offer, counted anew from all that was offered before."""
    theirs = [one for one in log if one.account_id == offer.account.account_id]
    same = [one for one in theirs if one.play_id == offer.play_id and not one.held]
    held = [one for one in theirs if one.held and one.over_on is None]
    running = [one for one in theirs if not one.held and one.over_on is None]
    cool = timedelta(days=BOOK.plays[offer.play_id].cool_down_days)
    wrong = {
        "it leaves": offer.account.leaving,
        "open already": any(one.over_on is None for one in same),
        "not cooled down": any(one.over_on and today < one.over_on + cool for one in same),
        "held out": any(today <= one.assigned_on + timedelta(days=HELD_DAYS) for one in held),
        "too much at once": len(running) >= WORK.per_account,
    }
    return [what for what, so in wrong.items() if so]
