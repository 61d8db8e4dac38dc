"""How far customers have come, by hand: censored times, ripe cohorts, frozen plans, goals."""

from __future__ import annotations

from tests.features.indicators.conftest import of, told

ACCOUNTS = """
    account_id created_at
    fast       2024-03-01
    slow       2024-03-01
    never      2024-03-01
    left       2024-03-01
    young      2024-12-01
    old        2020-01-01
"""
TERMS = """
    subscription_id account_id started_at ended_at   end_kind  mrr
    s1              fast       2024-03-01 -          -         1
    s2              slow       2024-03-01 -          -         1
    s3              never      2024-03-01 -          -         1
    s4              left       2024-03-01 2024-03-31 voluntary 1
    s5              young      2024-12-01 -          -         1
    s6              old        2020-01-01 -          -         1
"""
HEAD = "goal_id account_id kind set_at due_at achieved_at abandoned_at baseline current target\n"


def _company(goals: str, accounts: str = ACCOUNTS) -> dict[str, str]:
    return {"accounts": accounts, "subscriptions": TERMS, "goals": HEAD + goals}


REACHED = _company("""
    g1 fast  activation 2024-03-01 - 2024-03-11 - - - -
    g2 fast  outcome    2024-03-01 - 2024-06-01 - - - -
    g3 slow  activation 2024-03-01 - 2024-09-17 - - - -
    g4 never onboarding 2024-03-01 - 2024-03-02 - - - -
    g5 old   activation 2023-06-01 - 2023-07-01 - - - -
""")


def test_time_to_value_keeps_those_who_did_not_get_there(figured):
    card = figured(REACHED)
    # days: fast 10, left watched for 30, young 31, slow 200, never 306; old began long before
    # after 10: 4/5; left and young leave two; after 200: 4/5 * 1/2 = 0.4, at most half
    assert told(card.portfolio, "time_to_value") == (200, 2, 5, 5)
    assert told(card.accounts["fast"], "time_to_value") == (10, 1, 1, 1)
    assert told(card.accounts["young"], "time_to_value") == ("not_reached", 0, 1, 1)
    assert told(card.accounts["old"], "time_to_value") == ("no_base", None, None, 0)


def test_time_to_value_has_no_median_before_half_got_there(figured):
    # a month earlier slow has not got there: 4/5 are left without
    assert told(figured(REACHED, "2024-09-01").portfolio, "time_to_value")[0] == "not_reached"


def test_activation_leaves_out_whose_days_are_not_over(figured):
    card = figured(REACHED)
    # sixty days: fast yes, slow on day 200, never, left: 1 of 4; young has 29 days to go
    assert told(card.portfolio, "activation_rate") == (25, 1, 4, 4)
    assert told(card.accounts["young"], "activation_rate")[0] == "no_base"
    figure = of(card.portfolio, "activation_rate")
    assert (figure.start, figure.end) == ("2023-11-03", "2024-11-02")


def test_onboarding_is_measured_by_the_plan_as_it_was_made(figured):
    card = figured(
        _company("""
            g1 fast  onboarding 2024-03-01 - 2024-03-05 -          - - -
            g2 fast  onboarding 2024-03-01 - -          2024-04-01 - - -
            g3 fast  onboarding 2024-03-20 - 2024-05-01 -          - - -
            g4 fast  onboarding 2024-06-01 - -          -          - - -
            g5 slow  onboarding 2024-03-01 - 2025-02-01 -          - - -
            g6 old   onboarding 2023-06-01 - 2023-06-02 -          - - -
        """)
    )
    # fast: two of three, the one given up counts, the one added in June does not; slow: 0 of 1
    assert told(card.accounts["fast"], "onboarding_completion") == (round(200 / 3, 6), 2, 3, 3)
    assert told(card.accounts["never"], "onboarding_completion")[0] == "no_base"
    assert told(card.portfolio, "onboarding_completion") == (50, 2, 4, 4)


def test_realised_value_is_the_share_of_the_way_of_each_goal(figured):
    card = figured(
        _company("""
            g1 fast outcome    2024-03-01 2024-08-01 2024-06-01 -          10 25 40
            g2 fast outcome    2024-03-01 2024-08-01 2024-06-01 -          50 20 30
            g3 slow outcome    2024-03-01 2024-08-01 2024-06-01 -          10 5  40
            g4 slow outcome    2024-03-01 2024-08-01 -          -          10 -  40
            g5 slow outcome    2024-03-01 2025-08-01 -          2024-07-01 10 -  40
            g6 slow outcome    2024-03-01 2025-08-01 -          -          10 -  40
            g7 slow outcome    2024-03-01 2024-08-01 2024-06-01 -          10 10 10
            g8 slow outcome    2024-03-01 2024-08-01 2024-06-01 -          10 -  40
            g9 slow activation 2024-03-01 2024-08-01 2024-06-01 -          10 40 40
        """)
    )
    # fast: 15/30 of a rise; a fall of 30 where 20 were wanted is all of it: 1; mean 0.75
    assert told(card.accounts["fast"], "realised_roi") == (75, 1.5, 2, 2)
    # slow: backwards is 0, overdue 0, given up 0; still open, no way to go, unmeasured and no
    # outcome do not count
    assert told(card.accounts["slow"], "realised_roi") == (0, 0, 3, 3)
    assert told(card.portfolio, "realised_roi") == (30, 1.5, 5, 5)


def test_what_is_reached_tomorrow_is_not_known_today(figured):
    goals = "g1 fast activation 2024-03-01 - 2025-01-01 - - - -"
    assert told(figured(_company(goals)).portfolio, "time_to_value")[1:] == (0, 5, 5)
