"""Which plays are suggested: the most to lose first, never twice, within a week's work."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from serving.plays.catalogue import shipped
from serving.plays.lapsed import lapses
from serving.plays.matching import matches
from serving.plays.playbook import HoldOut, Playbook, Work
from serving.plays.situation import Reason, Situation
from serving.plays.suggest import Past, Rules, suggest
from training.effects.followup import since

TODAY = date(2026, 3, 2)  # a Monday
LIMITS = {"elevated": 0.1, "high": 0.2}
BOOK = shipped()
NO_CHANCE = BOOK.model_copy(update={"work": Work(hold_out=HoldOut(share=0))})


def rules(book: Playbook = NO_CHANCE, today: date = TODAY, draw: float = 0.5) -> Rules:
    return Rules(
        book=book, today=today, limits=LIMITS, draw=lambda _account: draw, follow_up_days=60
    )


def account(name: str = "ant", *families: str, **different: object) -> Situation:
    """An account that loses a hundred with a risk of 15 percent, for reasons of three points."""
    told: dict[str, Any] = {"csm": "dana", "risk": 0.15, "band": "elevated", "arr_at_risk": 100.0}
    told["reasons"] = tuple(Reason(family=family, points=0.03) for family in families)
    return Situation(account_id=name, **(told | different))


def past(**different: object) -> Past:
    told: dict[str, Any] = {"account_id": "ant", "play_id": "silence", "csm": "dana"}
    return Past(**(told | {"assigned_on": TODAY - timedelta(days=3)} | different))


def left_out(found) -> dict[str, str]:
    return {one.play_id: one.why for one in found.left_out}


def called(situation: Situation) -> list[tuple[str, str]]:
    return [(match.play_id, match.reason) for match in matches(situation, BOOK)]


@pytest.mark.parametrize(
    ("situation", "play"),
    [
        (account("a", "silence"), ("silence", "silence")),
        (account("a", "engagement"), ("unused_features", "engagement")),
        (account("a", "zombie"), ("zombie", "zombie")),
        (account("a", "reference_decline"), ("reference_decline", "reference_decline")),
        (account("a", "support"), ("support_friction", "support")),
        (account("a", "billing", renewal_days=110), ("renewal_risk", "billing")),
        (account("a", renewal_days=80), ("renewal_risk", "renewal")),
        (account("a", champions_left=1), ("champion_left", "champion_left")),
        (account("a", engaged_people=1), ("single_contact", "few_people")),
        (
            account("a", customer_months=3, goals_overdue=frozenset({"onboarding"})),
            ("onboarding", "goals_overdue"),
        ),
        (
            account("a", reasons=(Reason(family="billing", points=0.02, feature="overdue_count"),)),
            ("price", "billing"),
        ),
        (account("a", words={"pricing_perception": 0.4}), ("price", "words_pricing_perception")),
        (account("a", rating=7.0, rated_before=9.5), ("risk_review", "rating_fell")),
    ],
)
def test_each_play_is_called_for_by_what_it_is_for(situation, play):
    assert called(situation) == [play]


@pytest.mark.parametrize(
    "situation",
    [
        account("a"),
        account("a", "billing", renewal_days=200),
        account("a", renewal_days=-3),
        account("a", champions_left=0, engaged_people=2),
        account("a", customer_months=30, goals_overdue=frozenset({"onboarding"})),
        account("a", rating=7.0, rated_before=8.0),
        account("a", rating=9.0),
        account("a", words={"pricing_perception": 0.2}),
        account("a", reasons=(Reason(family="silence", points=0.001),)),
    ],
)
def test_without_that_nothing_is_called_for(situation):
    assert called(situation) == []


def test_a_promoter_who_rates_us_higher_is_thanked_instead_of_asked_about_it():
    told = {"band": "low", "risk": 0.05, "rating": 10.0, "rated_before": 9.0}
    happy = account("a", "silence", "reference_decline", "sentiment", **told)
    assert called(happy) == [("thanks", "rating_rose"), ("silence", "silence")]
    assert [play for play, _ in called(replace(happy, rating=8.0, rated_before=7.0))] == [
        "silence",
        "reference_decline",
        "feedback",
    ]


def test_a_rating_that_fell_is_reviewed_instead_of_only_talked_about():
    sad = account("a", "support", "sentiment", rating=6.0, rated_before=9.0)
    found = [play for play, _ in called(sad)]
    assert found == ["risk_review", "support_friction"]


def test_situations_come_before_reasons_and_strong_reasons_before_weak_ones():
    known = account("a", champions_left=1)
    weak, strong = Reason(family="silence", points=0.02), Reason(family="zombie", points=0.05)
    found = called(replace(known, reasons=(strong, weak)))
    assert [play for play, _ in found] == ["champion_left", "zombie", "silence"]


def test_a_new_customer_whose_risk_nobody_knows_yet_is_helped_and_not_left_to_chance():
    new = account("a", risk=None, customer_months=1, goals_overdue=frozenset({"onboarding"}))
    (offer,) = suggest([new], [], rules(BOOK, draw=0.0)).offers
    assert (offer.play_id, offer.eligible, offer.held_out) == ("onboarding", False, False)


def test_the_most_to_lose_goes_first_and_the_budget_of_each_manager_holds():
    book = NO_CHANCE.model_copy(update={"work": Work(hold_out=HoldOut(share=0), weekly_budget=2)})
    some = [account(f"a{n}", "silence", arr_at_risk=float(n)) for n in range(4)]
    others = [account("b", "silence", csm="eli", arr_at_risk=0.5)]
    found = suggest([*some, *others], [], rules(book))
    assert [offer.account.account_id for offer in found.offers] == ["a3", "a2", "b"]
    assert [(one.account_id, one.why) for one in found.left_out] == [
        ("a1", "budget"),
        ("a0", "budget"),
    ]
    assert found.offers[0].due_on == TODAY + timedelta(days=5)


def test_the_work_of_an_account_that_changes_hands_counts_for_its_manager_of_today():
    book = NO_CHANCE.model_copy(update={"work": Work(hold_out=HoldOut(share=0), weekly_budget=1)})
    moved = account("ant", csm="eli")  # given to dana when it was suggested
    others = [account("bee", "silence", csm="dana"), account("cat", "silence", csm="eli")]
    found = suggest([moved, *others], [past()], rules(book))
    assert [offer.account.account_id for offer in found.offers] == ["bee"]
    assert [(one.account_id, one.why) for one in found.left_out] == [("cat", "budget")]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (past(), "open"),
        (past(started_on=TODAY), "open"),
        (past(over_on=TODAY - timedelta(days=29)), "cooling_down"),
        (past(over_on=TODAY - timedelta(days=30)), None),
        (past(held=True, eligible=True, assigned_on=TODAY - timedelta(days=60)), "held_out"),
        (past(held=True, eligible=True, assigned_on=TODAY - timedelta(days=61)), None),
        (past(account_id="bee"), None),
    ],
)
def test_no_play_is_suggested_twice_at_once_nor_while_it_cools_down(known, why):
    found = suggest([account("ant", "silence")], [known], rules())
    assert left_out(found).get("silence") == why
    assert bool(found.offers) == (why is None)


def test_an_account_is_in_few_plays_at_once_and_in_none_once_it_leaves():
    busy = account("ant", "silence", "zombie", "support")
    found = suggest([busy], [], rules())
    assert [offer.play_id for offer in found.offers] == ["silence", "zombie"]
    assert left_out(found) == {"support_friction": "per_account"}
    found = suggest([replace(busy, leaving=True)], [], rules())
    assert found.offers == ()
    assert set(left_out(found).values()) == {"leaving"}


def test_chance_holds_an_account_out_once_between_the_edges_and_at_no_cost_to_the_budget():
    some = account("ant", "silence", "zombie")
    held = suggest([some], [], rules(BOOK, draw=0.19))
    assert [(o.play_id, o.eligible, o.held_out) for o in held.offers] == [("silence", True, True)]
    assert left_out(held) == {"zombie": "held_out"}
    given = suggest([some], [], rules(BOOK, draw=0.2))
    assert [(o.eligible, o.held_out) for o in given.offers] == [(True, False)] * 2
    for risk in (0.0999, 0.2):
        beyond = suggest([replace(some, risk=risk)], [], rules(BOOK, draw=0.0))
        assert {(o.eligible, o.held_out) for o in beyond.offers} == {(False, False)}


def test_chance_speaks_once_in_an_episode_and_not_where_somebody_began_a_play():
    some = account("ant", "silence")
    before = past(play_id="zombie", eligible=True, episode="e1", over_on=TODAY)
    (offer,) = suggest([some], [before], rules(BOOK, draw=0.0)).offers
    assert (offer.eligible, offer.held_out, offer.episode) == (True, False, "e1")
    by_hand = past(play_id=None, started_on=TODAY)
    (offer,) = suggest([some], [by_hand], rules(BOOK, draw=0.0)).offers
    assert (offer.eligible, offer.held_out) == (False, False)


def test_an_episode_ends_however_lately_something_was_suggested_in_it():
    some = account("ant", "silence")

    def told(days: int) -> list[Past]:
        known = {"eligible": True, "episode": "e1", "over_on": TODAY - timedelta(days=2)}
        began = past(play_id="zombie", assigned_on=TODAY - timedelta(days=days), **known)
        return [began, past(play_id="support_friction", **known)]

    (offer,) = suggest([some], told(60), rules(BOOK, draw=0.0)).offers
    assert (offer.episode, offer.held_out) == ("e1", False)
    (offer,) = suggest([some], told(61), rules(BOOK, draw=0.0)).offers
    assert (offer.episode, offer.eligible, offer.held_out) == ("", True, True)


def test_what_nobody_answers_goes_and_what_is_held_out_is_released_when_its_risk_rises():
    known = [
        past(assignment_id="waits"),
        past(assignment_id="old", assigned_on=TODAY - timedelta(days=14)),
        past(assignment_id="gone", account_id="no-more"),
        past(assignment_id="begun", started_on=TODAY, assigned_on=TODAY - timedelta(days=90)),
        past(assignment_id="held", account_id="bee", held=True, eligible=True),
    ]
    accounts = {"ant": account("ant"), "bee": account("bee", risk=0.2)}
    ended = {one.assignment_id: (one.decision, one.why) for one in lapses(known, accounts, rules())}
    assert ended == {
        "old": ("withdrawn", "unanswered"),
        "gone": ("withdrawn", "gone"),
        "held": ("released", "risk"),
    }
    assert "held" not in {
        one.assignment_id for one in lapses(known, {"bee": account("bee")}, rules())
    }


@pytest.mark.parametrize("days", [60, 180])
def test_an_account_is_held_out_until_the_midnight_at_which_its_follow_up_is_over(days):
    noon = pd.Timestamp("2026-01-01 12:00")
    over = (since(pd.Series([noon])) + pd.Timedelta(days=days)).iloc[0].date()
    held = past(held=True, eligible=True, assigned_on=noon.date(), assignment_id="held")

    def ended(today: date) -> list[str]:
        known = replace(rules(today=today), follow_up_days=days)
        assert bool(suggest([account("ant", "silence")], [held], known).offers) == (today >= over)
        return [one.why for one in lapses([held], {"ant": account("ant")}, known)]

    assert ended(over - timedelta(days=1)) == []
    assert ended(over) == ["over"]
