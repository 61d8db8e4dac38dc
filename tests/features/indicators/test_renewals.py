"""Renewal rates and the second plan, by hand. As of 2025-01-01 what was due from 2023-12-03 up to
2024-12-02 is judged: 365 days that ended 30 days of grace ago.
"""

from __future__ import annotations

from tests.features.indicators.conftest import of, told

HEAD = "subscription_id account_id started_at term_ends_at ended_at end_kind mrr auto_renew\n"
CASES = {
    "kept": """
        k1 kept 2023-06-01 2024-06-01 2024-06-01 - 100 False
        k2 kept 2024-06-01 2025-06-01 -          - 120 False""",
    "down": """
        d1 down 2023-06-01 2024-06-01 2024-06-01 - 100 False
        d2 down 2024-06-01 2025-06-01 -          - 60  False""",
    "lost": """
        l1 lost 2023-06-01 2024-06-01 2024-06-01 voluntary 100 False""",
    "early": """
        e1 early 2023-09-01 2024-09-01 2024-05-01 - 100 False
        e2 early 2024-05-01 2025-05-01 -          - 110 False""",
    "late": """
        t1 late 2023-06-01 2024-06-01 2024-06-01 - 100 False
        t2 late 2024-06-25 2025-06-25 -          - 100 False""",
    "too_late": """
        u1 too_late 2023-06-01 2024-06-01 2024-06-01 voluntary 100 False
        u2 too_late 2024-08-01 2025-08-01 -          -         100 False""",
    "by_itself": """
        a1 by_itself 2023-06-01 2024-06-01 2024-06-01 voluntary 100 True""",
    "by_month": """
        m1 by_month 2024-05-01 2024-06-01 2024-06-01 - 100 False
        m2 by_month 2024-06-01 2024-07-01 2024-07-01 voluntary 100 False""",
    "long": """
        g1 long 2022-06-01 2025-06-01 - - 100 False""",
    "halfway": """
        h1 halfway 2023-03-01 2024-03-01 2023-09-01 - 100 False
        h2 halfway 2023-09-01 2024-03-01 2024-03-01 - 150 False
        h3 halfway 2024-03-01 2025-03-01 -          - 150 False""",
    "merged": """
        r1 merged 2023-06-01 2024-06-01 2024-06-01 merged 100 False""",
    "open": """
        o1 open 2023-12-20 2024-12-20 2024-12-20 - 100 False
        o2 open 2024-12-20 2025-12-20 -          - 100 False""",
    "partly": """
        p1 partly 2023-06-01 2024-06-01 2024-06-01 - 100 False
        p2 partly 2023-06-01 2024-06-01 2024-06-01 - 50  False
        p3 partly 2024-06-01 2025-06-01 -          - 100 False""",
    "goes_on": """
        i1 goes_on 2023-06-01 2024-06-01 - - 100 False""",
    "beside": """
        b1 beside 2023-06-01 2024-06-01 2024-06-01 voluntary 100 False
        b2 beside 2023-10-01 2024-10-01 2024-10-01 - 50  False
        b3 beside 2024-10-01 2025-10-01 -          - 50  False""",
}
# Per account: customers kept and up, revenue kept and up; None where nothing was up.
EXPECTED = {
    "kept": (1, 1, 100, 100),  # 120 is above the price before
    "down": (1, 1, 60, 100),
    "lost": (0, 1, 0, 100),
    "early": (1, 1, 100, 100),
    "late": (1, 1, 100, 100),  # 24 days after
    "too_late": (0, 1, 0, 100),  # 61 days after: lost here, no windfall there
    "by_itself": None,
    "by_month": None,
    "long": None,  # three years: due in 2025
    "halfway": (1, 1, 150, 150),  # not the 100 whose date the 150 took over
    "merged": None,
    "open": None,  # due 12 days ago: left out though renewed already
    "partly": (1, 1, 100, 150),  # a downgrade lowers revenue only
    "goes_on": (1, 1, 100, 100),
    "beside": (1, 1, 50, 150),  # still a customer without the first product
}


def test_each_case_of_a_renewal(figured):
    card = figured({"subscriptions": HEAD + "".join(CASES.values())})
    live = {name: wanted for name, wanted in EXPECTED.items() if name in card.accounts}
    assert len(live) == 11  # lost, by_itself, by_month and merged are customers no more
    for name, wanted in live.items():
        logos, revenue = (
            of(card.accounts[name], f"renewal_rate{more}") for more in ("", "_revenue")
        )
        got = (logos.numerator, logos.denominator, revenue.numerator, revenue.denominator)
        assert got == (wanted or (None, None, None, None)), name
    # 8 of 10 customers stayed
    assert told(card.portfolio, "renewal_rate")[:3] == (80, 8, 10)
    # 100+60+0+100+100+0+150+100+100+50 = 760 of 100*7 + 150*3 = 1150
    assert told(card.portfolio, "renewal_rate_revenue")[:3] == (round(76000 / 1150, 6), 760, 1150)
    figure = of(card.portfolio, "renewal_rate")
    assert (figure.start, figure.end) == ("2023-12-03", "2024-12-02")


def test_an_early_renewal_counts_when_it_was_due(figured):
    early = {"subscriptions": HEAD + CASES["early"]}
    assert told(figured(early, "2024-06-15").portfolio, "renewal_rate")[0] == "no_base"
    assert told(figured(early, "2024-10-02").portfolio, "renewal_rate")[:3] == (100, 1, 1)


def test_nothing_up_for_renewal_is_no_base(figured):
    card = figured({"subscriptions": HEAD + CASES["by_itself"] + CASES["long"]})
    assert told(card.portfolio, "renewal_rate_revenue") == ("no_base", None, None, 0)


def test_the_second_plan_is_one_bought_beside_the_first(figured):
    card = figured(
        {
            "subscriptions": """
        subscription_id account_id started_at ended_at   plan  mrr
        s1              x          2024-01-01 -          basic 10
        s2              x          2024-04-10 -          addon 10
        s3              changed    2024-01-01 2024-03-01 basic 10
        s4              changed    2024-03-01 -          pro   20
        s5              left       2024-06-01 2024-07-01 basic 10
        s6              w          2024-02-01 -          basic 10
        s7              w          2024-02-21 -          addon 10
    """
        }
    )
    # days: w 20, left watched for 30, x 100, changed watched for 366
    # after 20: 3/4 are without; 30 leaves two watched; after 100: 3/4 * 1/2 = 3/8, below half
    assert told(card.portfolio, "cross_sell_time") == (100, 2, 4, 4)
    assert told(card.accounts["w"], "cross_sell_time") == (20, 1, 1, 1)
    assert told(card.accounts["changed"], "cross_sell_time") == ("not_reached", 0, 1, 1)
