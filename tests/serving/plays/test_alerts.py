"""Alerts: a risk that wobbles around the edge is told once, a checkpoint once a renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from serving.plays.alerts import CHAMPION, CHECKPOINT, HIGH, Told, Turn, turn
from serving.plays.playbook import Alerts
from serving.plays.situation import Situation

EDGE, RULES = 0.2, Alerts()
ANT = Situation(account_id="ant", risk=0.1)


def turned(situation: Situation, *told: Told, since_days: int = 7) -> Turn:
    return turn([situation], told, RULES, edge=EDGE, since_days=since_days)


def alert(kind: str, about: str = "", *, cleared: bool = False) -> Told:
    return Told(alert_id="al_1", account_id="ant", kind=kind, about=about, cleared=cleared)


def course(situations: list[Situation]) -> list[list[str]]:
    """What is raised by each of some batches, one after another."""
    told: list[Told] = []
    raised = []
    for situation in situations:
        found = turned(situation, *told)
        told = [replace(one, cleared=one.cleared or one.alert_id in found.cleared) for one in told]
        for one in found.raised:
            name = str(len(told))
            told.append(
                Told(
                    alert_id=name,
                    account_id="ant",
                    kind=one.kind,
                    about=one.about,
                    cleared=False,
                )
            )
        raised.append([one.kind for one in found.raised])
    return raised


def of_risks(*risks: float) -> list[bool]:
    return [bool(kinds) for kinds in course([replace(ANT, risk=risk) for risk in risks])]


def test_a_risk_that_wobbles_around_the_edge_alerts_once():
    assert of_risks(0.15, *[0.21, 0.19, 0.2, 0.161, 0.25] * 4) == [False, True, *[False] * 19]


def test_it_alerts_again_only_once_it_was_well_below():
    assert of_risks(0.3, 0.17, 0.3, 0.15, 0.19, 0.2) == [True, False, False, False, False, True]


def test_without_an_edge_no_risk_alerts():
    assert turn([replace(ANT, risk=1.0)], [], RULES, edge=None, since_days=7).raised == ()


@pytest.mark.parametrize("leaving", [True, False])
def test_who_leaves_alerts_no_more(leaving):
    found = turned(replace(ANT, risk=0.9, leaving=leaving))
    assert [one.kind for one in found.raised] == ([] if leaving else [HIGH])


def test_each_checkpoint_is_told_once_for_each_renewal():
    first, second = date(2026, 9, 1), date(2027, 9, 1)
    start = date(2026, 1, 1)
    days = [start + timedelta(days=7 * n) for n in range(85)]
    told = []
    for day in days:
        renewal = first if day <= first else second
        told.append(replace(ANT, renewal_at=renewal, renewal_days=(renewal - day).days))
    found = [(one.renewal_days, kinds) for one, kinds in zip(told, course(told), strict=True)]
    assert [(left, kinds) for left, kinds in found if kinds] == [
        (180, [CHECKPOINT]),
        (89, [CHECKPOINT]),
        (174, [CHECKPOINT]),
        (90, [CHECKPOINT]),
    ]


def test_a_late_start_tells_no_checkpoint_of_long_ago():
    late = replace(ANT, renewal_at=date(2026, 9, 1), renewal_days=149)
    assert turned(late).raised == ()


def test_a_champion_who_left_is_told_once_and_again_when_another_leaves_after_that():
    counts = [0, 1, 1, None, 1, 0, 1]
    raised = course([replace(ANT, champions_left=count) for count in counts])
    assert raised == [[], [CHAMPION], [], [], [], [], [CHAMPION]]


def test_each_champion_who_leaves_is_told_once_while_another_is_open_or_long_told():
    days = [("01-05",), ("01-05", "02-01"), ("01-05", "02-01", "02-01#2"), ("02-01", "02-01#2"), ()]
    some = [replace(ANT, champions_left=len(each), departures=each) for each in days]
    assert [len(kinds) for kinds in course([*some, some[2]])] == [1, 1, 1, 0, 0, 0]
    # where the lists of the account do not hold them for once, nothing is told anew
    assert course([some[0], replace(ANT, champions_left=1)]) == [[CHAMPION], []]


@pytest.mark.parametrize("gap", [7, 28, 31, 62])
def test_a_checkpoint_between_two_runs_is_told_once_by_the_next_however_far_apart(gap):
    renewal, told = date(2026, 9, 1), []
    for first in range(gap):  # whichever day of the course the runs fall on
        days = range(250 - first, -1, -gap)
        known: list[Told] = []
        for left in days:
            account = replace(ANT, renewal_at=renewal, renewal_days=left)
            known += [
                alert(o.kind, o.about) for o in turned(account, *known, since_days=gap).raised
            ]
        told.append([one.about for one in known])
    assert all(each == [f"180 {renewal}", f"90 {renewal}"] for each in told)


def test_what_an_alert_told_of_is_over_once_its_renewal_passes_or_is_another():
    renewal = date(2026, 9, 1)
    passed = replace(ANT, renewal_at=renewal, renewal_days=80)
    checkpoint = alert(CHECKPOINT, f"90 {renewal}")
    assert turned(passed, checkpoint) == Turn((), ())
    for changed in (
        replace(passed, renewal_days=-1),
        replace(passed, renewal_at=date(2027, 9, 1), renewal_days=445),
    ):
        assert turned(changed, checkpoint).cleared == ("al_1",)


def test_under_notice_a_risk_is_over_but_an_event_waits_whether_the_notice_is_taken_back():
    leaving = replace(ANT, risk=0.9, champions_left=1, leaving=True)
    assert turned(leaving, alert(HIGH)).cleared == ("al_1",)
    assert turned(leaving, alert(CHAMPION, "01-05")) == Turn((), ())


def test_who_is_in_no_batch_between_two_contracts_is_not_alerted_twice():
    high, absent = replace(ANT, risk=0.5), replace(ANT, account_id="bee")
    assert turned(absent, alert(HIGH)) == Turn((), ())
    assert turned(high, alert(HIGH)) == Turn((), ())


def test_a_departure_that_was_told_without_its_day_is_not_told_again_with_it():
    one = replace(ANT, champions_left=1, departures=("01-05",))
    two = replace(ANT, champions_left=2, departures=("01-05", "02-01"))
    assert turned(one, alert(CHAMPION)).raised == ()
    assert [raised.about for raised in turned(two, alert(CHAMPION)).raised] == ["02-01"]
