"""Use, touches and flags, by hand. As of 2025-01-01, 28 days begin on Wednesday 2024-12-04."""

from __future__ import annotations

import pytest

from tests.features.indicators.conftest import of, told

COMPANY = {
    "subscriptions": """
        subscription_id account_id started_at seats plan mrr
        s1              a          2020-01-01 4     pro  1
        s2              b          2020-01-01 0     pro  1
        s3              c          2020-01-01 1     lite 1
        s4              quiet      2020-01-01 9     lite 1
        s5              unseen     2020-01-01 9     lite 1
    """,
    "contacts": """
        contact_id account_id joined_at  left_at    role
        a1         a          2020-01-01 -          user
        a2         a          2020-01-01 -          user
        a3         a          2020-01-01 -          user
        a4         a          2020-01-01 2024-11-01 champion
        c1         c          2020-01-01 -          user
        c2         c          2020-01-01 -          user
    """,
    "usage_events": """
        account_id occurred_at         feature contact_id quantity known_at
        a          2024-12-04T09:00:00 report  a1         2        2024-12-04
        a          2024-12-04T10:00:00 editor  a1         1        2024-12-04
        a          2024-12-05T09:00:00 report  a2         1        2024-12-05
        a          2024-12-07T09:00:00 report  a2         1        2024-12-07
        a          2024-12-03T23:59:59 search  a3         5        2024-12-04
        a          2024-12-10T09:00:00 alerts  a3         5        2025-01-02
        b          2024-12-20T09:00:00 export  -          3        2024-12-20
        c          2024-12-20T09:00:00 report  c1         1        2024-12-20
        c          2024-12-20T09:00:00 report  c2         1        2024-12-20
        quiet      2024-06-01T09:00:00 report  -          1        2024-06-01
    """,
}


@pytest.fixture
def company(figured):
    return figured(COMPANY)


def test_adoption_is_of_people_on_record_who_have_not_left(company):
    # a: a1 and a2 of a1 a2 a3 (a4 left; a3 used it a second too early, and again unknown yet)
    assert told(company.accounts["a"], "adoption_rate") == (round(200 / 3, 6), 2, 3, 3)
    assert told(company.accounts["unseen"], "adoption_rate")[0] == "never_observed"
    assert told(company.portfolio, "adoption_rate") == (80, 4, 5, 5)  # c: 2 of 2


def test_depth_is_uses_per_person_who_used_it(company):
    assert told(company.accounts["a"], "usage_depth") == (2.5, 5, 2, 2)  # 2 + 1 + 1 + 1 by two
    assert told(company.accounts["quiet"], "usage_depth") == ("no_base", 0, 0, 0)
    assert told(company.accounts["unseen"], "usage_depth") == ("never_observed", None, None, 0)


def test_seats_that_are_not_enough_are_more_than_all_and_none_are_no_base(company):
    assert told(company.accounts["a"], "licence_utilisation") == (50, 2, 4, 4)
    assert told(company.accounts["c"], "licence_utilisation") == (200, 2, 1, 1)
    assert told(company.accounts["b"], "licence_utilisation") == ("no_base", 0, 0, 0)
    assert told(company.accounts["quiet"], "licence_utilisation") == (0, 0, 9, 9)
    assert told(company.portfolio, "licence_utilisation") == (round(400 / 14, 6), 4, 14, 14)


def test_daily_over_monthly_counts_workdays_and_nobody_is_no_base(company):
    # 20 workdays in four weeks; a: a1 on the 4th, a2 on the 5th, Saturday the 7th does not count
    assert told(company.accounts["a"], "dau_mau") == (5, 0.1, 2, 2)  # 2 / 20 over 2 people
    assert told(company.accounts["quiet"], "dau_mau") == ("no_base", 0, 0, 0)


def test_breadth_is_of_what_customers_of_the_plan_use(company):
    # ninety days; pro: report editor search (a) and export (b) = 4; lite: report = 1
    assert told(company.accounts["a"], "adoption_breadth") == (75, 3, 4, 4)
    assert told(company.accounts["quiet"], "adoption_breadth") == (0, 0, 1, 1)


def test_a_feed_that_stopped_is_empty_and_no_fall_of_use(figured):
    # used daily by one person up to 2024-10-01, then no row of anybody: the feed died
    days = [f"2024-09-{day:02d}" for day in range(1, 31)]
    usage = "account_id occurred_at feature contact_id\n" + "\n".join(
        f"a {day} report a1" for day in days
    )
    card = figured({**COMPANY, "usage_events": usage})
    assert told(card.portfolio, "usage_depth") == ("feed_stale", None, None, 0)


TALK = {
    "subscriptions": COMPANY["subscriptions"],
    "interactions": """
        interaction_id account_id occurred_at direction channel answered_at attended
        i1             a          2024-12-01  outbound  email   2024-12-15  -
        i2             a          2024-12-01  outbound  email   2024-12-16  -
        i3             a          2024-12-02  outbound  call    -           -
        i4             a          2024-12-03  outbound  event   -           -
        i5             a          2024-12-04  outbound  meeting -           True
        i6             a          2024-12-20  outbound  email   -           -
        i7             a          2024-12-05  inbound   email   -           -
        i8             b          2024-12-20  outbound  email   2024-12-21  -
    """,
}


def test_interaction_quality_judges_what_is_old_enough(figured):
    card = figured(TALK)
    # i1 after 14 days, i2 after 15, i3 never, the meeting was kept: 2 of 4; i6 may yet be answered
    assert told(card.accounts["a"], "interaction_quality") == (50, 2, 4, 4)
    assert told(card.accounts["b"], "interaction_quality") == ("no_base", None, None, 0)


def test_engagement_is_the_mean_of_the_shares_that_are_known(figured):
    card = figured({**COMPANY, **TALK})
    # a, from 2024-10-03 (64 workdays): used on the 3rd, 4th and 5th of December: 3/64;
    # people a1 a2 a3 of three: 1; answered 1 of 3; came to 1 of 1
    wanted = 100 * (3 / 64 + 1 + 1 / 3 + 1) / 4
    assert told(card.accounts["a"], "engagement_score")[0] == pytest.approx(wanted)
    assert of(card.accounts["a"], "engagement_score").n == 4
    assert told(card.accounts["quiet"], "engagement_score") == (0, 0, 1, 1)  # 0 of 64 workdays
    assert told(card.accounts["unseen"], "engagement_score")[0] == "no_base"


def test_red_flags_are_counted_out_of_those_that_can_be_judged(figured):
    card = figured(
        {
            **COMPANY,
            **TALK,
            "invoices": """
                invoice_id account_id issued_at  due_at     amount paid_at
                n1         a          2024-10-01 2024-11-01 10     -
                n2         b          2024-10-01 2024-11-01 10     2024-12-01
            """,
            "pulses": """
                account_id recorded_at pulse expires_at
                a          2024-12-01  2     2025-02-01
                b          2024-12-01  1     2024-12-20
            """,
        }
    )
    # a: an invoice 61 days overdue, a champion gone for 61 days, a pulse of 2; judged and fine:
    # used lately, not below half of before (5 uses of 8 weeks made 5 since), heard on 16 December
    figure = of(card.accounts["a"], "risk_flags")
    assert (figure.value, figure.detail) == (3, "champion_left invoice_overdue low_pulse")
    assert figure.n == 6
    # b: used lately, heard, paid; its pulse has expired; nobody is known there
    assert told(card.accounts["b"], "risk_flags") == (0, 0, 1, 3)
    assert of(card.accounts["quiet"], "risk_flags").detail == "no_use"


def test_a_feed_that_died_raises_no_flag(figured):
    days = [f"2024-09-{day:02}" for day in range(1, 21)]
    uses = [f"{who} {day} report {day}" for day in days for who in ("a", "quiet")]
    told = [f"i{day} a {day} inbound" for day in days]
    tables = {
        "subscriptions": COMPANY["subscriptions"],
        "contacts": COMPANY["contacts"],
        "usage_events": "\n".join(["account_id occurred_at feature known_at", *uses]),
        "interactions": "\n".join(["interaction_id account_id occurred_at direction", *told]),
    }
    judged = {
        day: of(figured(tables, day).accounts["a"], "risk_flags").n
        for day in ("2024-09-21", "2025-01-01")
    }
    dead = figured(tables).accounts

    assert judged == {"2024-09-21": 3, "2025-01-01": 1}  # use, talk and people; then people only
    assert of(dead["a"], "risk_flags").detail == "champion_left"
    assert of(dead["quiet"], "risk_flags").reason == "no_base"
