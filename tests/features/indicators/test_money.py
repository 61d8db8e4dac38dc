"""Retention, churn and lifetime value against sums done by hand, a case of its own per account.

As of 2025-01-01 a stretch of 365 days begins on 2023-12-03: it ends on 2024-12-02, 30 days of grace
before.
"""

from __future__ import annotations

import pandas as pd
import pytest

from features.indicators.fold import card
from features.indicators.scorecard import Settings
from tests.features.indicators.conftest import of, told

YEAR = {
    "accounts": """
        account_id created_at parent_account_id
        steady     2015-01-01 -
        fell       2015-01-01 -
        back       2015-01-01 -
        gap        2015-01-01 -
        down       2015-01-01 -
        up         2015-01-01 -
        updown     2015-01-01 -
        new        2015-01-01 -
        flash      2015-01-01 -
        child      2015-01-01 parent
        parent     2015-01-01 -
        orphan     2015-01-01 -
        failed     2015-01-01 -
        long       2015-01-01 -
        free       2015-01-01 -
    """,
    "subscriptions": """
        subscription_id account_id started_at ended_at   end_kind    mrr
        s01             steady     2023-01-01 -          -           100
        s02             fell       2023-01-01 2024-06-01 -           100
        s03             fell       2024-06-01 2024-09-01 voluntary   150
        s04             back       2023-01-01 2024-03-01 voluntary   100
        s05             back       2024-06-01 -          -           80
        s06             gap        2023-01-01 2024-03-01 -           100
        s07             gap        2024-03-20 -          -           100
        s08             down       2023-01-01 2024-06-01 -           100
        s09             down       2024-06-01 -          -           60
        s10             up         2023-01-01 2024-06-01 -           100
        s11             up         2024-06-01 -          -           130
        s12             updown     2023-01-01 2024-04-01 -           100
        s13             updown     2024-04-01 2024-08-01 -           150
        s14             updown     2024-08-01 -          -           120
        s15             new        2024-05-01 -          -           500
        s16             flash      2024-03-01 2024-08-01 voluntary   500
        s17             child      2023-01-01 2024-07-01 merged      100
        s18             parent     2023-01-01 2024-07-01 -           200
        s19             parent     2024-07-01 -          -           300
        s20             orphan     2023-01-01 2024-07-01 merged      50
        s21             failed     2023-01-01 2024-10-01 involuntary 40
        s22             long       2022-10-01 -          -           70
        s23             free       2023-01-01 -          -           0
    """,
}


@pytest.fixture
def year(figured):
    return figured(YEAR)


def test_gross_retention_loses_at_most_what_was_paid_at_the_start(year):
    # kept: steady 100, fell 0 of 100 (though it paid 150 when it left), back 0 (left for 92 days),
    # gap 100 (19 days), down 60, up 100, updown 100, parent with child 300, failed 0 of 40, long 70
    # = 830 of 1110; new and flash did not pay then, free paid nothing, orphan's heir is unknown
    assert told(year.portfolio, "gross_retention") == (round(83000 / 1110, 6), 830, 1110, 10)
    assert told(year.accounts["down"], "gross_retention") == (60, 60, 100, 1)
    assert told(year.accounts["new"], "gross_retention") == ("no_base", None, None, 0)
    assert told(year.accounts["free"], "gross_retention")[0] == "no_base"


def test_net_retention_counts_growth_and_those_who_came_back(year):
    # 100 + 0 + 80 + 100 + 60 + 130 + 120 + 300 + 0 + 70 = 960 of 1110
    assert told(year.portfolio, "net_retention") == (round(96000 / 1110, 6), 960, 1110, 10)
    assert told(year.accounts["up"], "net_retention") == (130, 130, 100, 1)
    assert told(year.accounts["back"], "net_retention") == (80, 80, 100, 1)


def test_expansion_is_netted_per_customer_and_a_merger_is_none(year):
    # up 30, updown 20 (150 and back to 120 is one move); parent 300 of its own 200 and child's 100
    assert told(year.portfolio, "expansion_rate") == (round(5000 / 1110, 6), 50, 1110, 10)
    assert told(year.accounts["parent"], "expansion_rate") == (0, 0, 300, 1)


def test_customer_churn_tells_causes_apart_and_a_merger_is_no_loss(year):
    # there at the start: steady fell back gap down up updown child parent orphan failed long = 12
    # voluntary: fell, back; involuntary: failed; merged: child, orphan
    assert told(year.portfolio, "logo_churn") == (25, 3, 12, 12)
    assert told(year.portfolio, "logo_churn_voluntary") == (round(200 / 12, 6), 2, 12, 12)
    assert told(year.portfolio, "logo_churn_involuntary") == (round(100 / 12, 6), 1, 12, 12)
    assert told(year.portfolio, "logo_merged") == (round(200 / 12, 6), 2, 12, 12)


def test_who_was_won_and_lost_within_the_year_is_told_apart(year):
    assert told(year.portfolio, "won_and_lost")[:2] == (1, 1)  # flash


def test_monthly_churn_is_of_thirty_days_and_net_of_growth(figured):
    card = figured(
        {
            "subscriptions": """
        subscription_id account_id started_at ended_at   mrr
        s1              a          2023-01-01 2024-11-15 200
        s2              a          2024-11-15 -          150
        s3              b          2023-01-01 2024-11-20 100
        s4              c          2023-01-01 2024-11-10 300
        s5              c          2024-11-10 -          330
        s6              early      2023-01-01 2024-10-30 900
    """
        }
    )
    # from 2024-11-02 to 2024-12-02: lost 100, reduced 50, added 30, of 200 + 100 + 300 = 600
    assert told(card.portfolio, "mrr_churn_gross") == (25, 150, 600, 3)
    assert told(card.portfolio, "mrr_churn_net") == (20, 120, 600, 3)
    assert told(card.accounts["c"], "mrr_churn_net") == (-10, -30, 300, 1)


# Which are gone, as of 2025-01-01 (the stretch ends on 2024-12-02) and fifteen days later.
GAPS = {
    "subscriptions": """
        subscription_id account_id started_at ended_at   mrr
        s01             stays      2023-01-01 -          100
        s02             open       2023-01-01 2024-12-10 100
        s03             between    2023-01-01 2024-11-25 100
        s04             between    2024-12-20 -          70
        s05             lost       2023-01-01 2024-12-01 100
        s06             late       2023-01-01 2024-11-25 100
        s07             late       2024-12-26 -          100
        s08             last_day   2023-01-01 2024-11-25 100
        s09             last_day   2024-12-25 -          100
        s10             two        2023-01-01 2024-11-25 100
        s11             two        2023-01-01 2024-11-19 30
        s12             two        2024-12-20 -          130
        s13             then       2023-01-01 2023-11-25 100
        s14             then       2023-12-10 -          90
    """,
}


def test_who_is_between_two_contracts_is_lost_when_the_grace_is_over_and_not_before(figured):
    card = figured(GAPS)
    accounts = {name: told(card.accounts[name], "gross_retention")[1:3] for name in card.accounts}
    assert accounts == {
        "stays": (100, 100),
        "between": (100, 100),  # 25 days apart; the smaller price comes after the stretch
        "late": (0, 100),  # 31 days apart: left, and came back
        "last_day": (100, 100),  # 30 days apart
        "two": (100, 130),  # the 30 that ended 31 days before was reduced; nobody left
        "then": (90, 100),  # between two at the start: there, and reduced since
    }
    # open ended 22 days ago: it may come back yet, and the stretch does not reach there
    # kept: 100 + 100 + 100 + 0 + 0 + 100 + 100 + 90 = 590 of 830
    assert told(card.portfolio, "gross_retention") == (round(59000 / 830, 6), 590, 830, 8)
    assert told(card.portfolio, "net_retention")[1:3] == (590, 830)
    assert told(card.portfolio, "logo_churn") == (25, 2, 8, 8)  # lost and late
    figure = of(card.portfolio, "logo_churn")
    assert (figure.start, figure.end) == ("2023-12-03", "2024-12-02")
    # on 2025-01-16 the grace of open is over; the stretch ends on 2024-12-17
    later = figured(GAPS, "2025-01-16", until="2025-01-16")
    assert told(later.portfolio, "logo_churn") == (37.5, 3, 8, 8)
    assert told(later.accounts["between"], "gross_retention")[1] == 100  # between two at the end
    # and once the new contract runs, its price counts
    assert told(
        figured(GAPS, "2025-01-25", until="2025-01-25").accounts["between"], "gross_retention"
    )[1:3] == (70, 100)


# The stretch ends on 2024-12-02, when one of several contracts is not signed yet, or any more.
SEVERAL = {
    "subscriptions": """
        subscription_id account_id started_at ended_at   mrr
        s01             late       2023-01-01 -          100
        s02             late       2023-01-01 2024-11-25 30
        s03             late       2024-12-20 -          30
        s04             cheaper    2023-01-01 -          100
        s05             cheaper    2023-01-01 2024-11-25 30
        s06             cheaper    2024-12-20 -          20
        s07             dearer     2023-01-01 -          100
        s08             dearer     2023-01-01 2024-11-25 30
        s09             dearer     2024-12-20 -          50
        s10             too_late   2023-01-01 -          100
        s11             too_late   2023-01-01 2024-11-25 30
        s12             too_late   2024-12-26 -          30
        s13             joined     2023-01-01 2024-11-25 100
        s14             joined     2023-01-01 2024-11-20 30
        s15             joined     2024-12-20 -          130
        s16             monthly    2023-01-01 2024-11-20 100
        s17             monthly    2024-11-20 2024-12-20 100
        s18             monthly    2024-12-20 -          110
        s19             dropped    2023-01-01 2024-11-25 30
        s20             dropped    2023-01-01 2024-12-20 100
        s21             dropped    2024-12-20 -          100
        s22             then       2023-01-01 -          100
        s23             then       2023-01-01 2023-11-25 30
        s24             then       2023-12-10 -          30
    """,
}


def test_of_several_contracts_one_that_is_signed_within_the_grace_is_no_loss(figured):
    card = figured(SEVERAL)
    accounts = {name: told(card.accounts[name], "net_retention")[1:3] for name in card.accounts}
    assert accounts == {
        "late": (130, 130),  # 25 days without the 30
        "cheaper": (120, 130),  # both before and after at least 120 were paid
        "dearer": (130, 130),  # the 50 counts when it runs
        "too_late": (100, 130),  # 31 days
        "joined": (130, 130),  # both go on in one, 25 and 30 days later
        "monthly": (100, 100),  # renewed twice, and never counted twice
        "dropped": (100, 130),  # what began as the other ended is the other's
        "then": (130, 130),  # at the start of the stretch it was late
    }
    # of 130 * 7 + 100 = 1010: 10 of cheaper, 30 of too_late and 30 of dropped
    assert told(card.portfolio, "gross_retention") == (round(94000 / 1010, 6), 940, 1010, 8)
    assert told(card.portfolio, "expansion_rate")[1] == 0
    assert told(card.portfolio, "logo_churn")[1] == 0
    # On 2025-01-25 the stretch ends on 2024-12-26, and all contracts run.
    later = figured(SEVERAL, "2025-01-25", until="2025-01-25")
    ran = {name: told(later.accounts[name], "net_retention")[1] for name in later.accounts}
    assert ran["dearer"] == 150
    assert ran["cheaper"] == 120
    assert ran["monthly"] == 110


FOUR = {
    "subscriptions": """
    subscription_id account_id started_at ended_at mrr
    s1              a          2023-01-01 -        100
    s2              b          2023-01-01 -        100
    s3              c          2023-01-01 -        100
    s4              d          2023-01-01 -        300
"""
}


def test_no_churn_is_no_endless_lifetime(figured):
    # mean 150 a month, 12 months, margin 0.8: 1440 a year; churn (0 + 0.5) / (4 + 1) = 0.1 a year
    assert told(figured(FOUR).portfolio, "clv") == (7200, 1440, 0.1, 4)  # 5 years at most
    patient = figured(FOUR, settings=Settings(clv_years=100))
    assert told(patient.portfolio, "clv") == (14400, 1440, 0.1, 4)  # 1 / 0.1 = 10 years
    assert told(patient.accounts["d"], "clv") == (28800, 2880, 0.1, 4)  # 300 * 12 * 0.8 = 2880


def test_lifetime_value_with_losses(figured):
    lost = FOUR["subscriptions"] + "s5 e 2023-01-01 2024-06-01 100"
    # churn (1 + 0.5) / (5 + 1) = 0.25, so 4 years of 1440
    assert told(figured({"subscriptions": lost}).portfolio, "clv") == (5760, 1440, 0.25, 5)


def test_nobody_at_the_start_is_no_base(figured):
    card = figured(
        {
            "subscriptions": """
        subscription_id account_id started_at ended_at mrr
        s1              a          2024-11-01 -        100
    """
        }
    )
    assert told(card.portfolio, "gross_retention") == ("no_base", None, None, 0)
    assert told(card.portfolio, "logo_churn") == ("no_base", None, None, 0)
    assert told(card.portfolio, "clv") == ("no_base", None, None, 0)


def test_what_is_learnt_later_does_not_change_a_past_figure(figured):
    late = {
        "subscriptions": """
        subscription_id account_id started_at ended_at   mrr known_at
        s1              a          2023-01-01 2024-06-01 100 2023-01-01
        s2              a          2024-06-01 -          70  2025-01-10
        s3              b          2023-01-01 -          100 2023-01-01
    """
    }
    # the smaller contract of June was entered on 10 January: on the 1st nobody knew of it
    assert told(figured(late).portfolio, "gross_retention") == (50, 100, 200, 2)
    # on the 15th: from 2023-12-17, a 70 of 100, b 100
    assert told(figured(late, "2025-01-15").portfolio, "gross_retention") == (85, 170, 200, 2)


def test_history_shorter_than_the_stretch_is_partial(figured):
    assert of(figured(FOUR, "2023-12-01").portfolio, "gross_retention").partial is True
    assert of(figured(FOUR).portfolio, "gross_retention").partial is False
    assert of(figured(FOUR, until="2024-12-30").portfolio, "gross_retention").partial is True


def test_revenue_at_risk_is_what_the_high_band_pays(weigh):
    as_of = pd.Timestamp("2025-01-01")
    risks = pd.DataFrame(
        {
            "account_id": ["a", "b", "c", "d"],
            "as_of": as_of,
            "arr": [1200.0, 1200.0, None, 3600.0],
            "band": ["high", "low", "high", None],  # d gave notice: no risk, no band
        }
    )
    known = card(weigh(FOUR, risks=risks), as_of)
    assert told(known.portfolio, "arr_at_risk") == (1200, 1200, 2400, 2)
    assert told(known.accounts["b"], "arr_at_risk") == (0, 0, 1200, 1)
    assert told(known.accounts["d"], "arr_at_risk")[0] == "no_risk"
    assert told(card(weigh(FOUR), as_of).portfolio, "arr_at_risk")[0] == "no_risk"


def test_without_contracts_money_has_no_source(figured):
    card = figured({"accounts": "account_id created_at\na 2020-01-01"})
    assert told(card.portfolio, "gross_retention") == ("no_source", None, None, 0)
