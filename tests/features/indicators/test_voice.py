"""What customers answer, by hand: the latest of each person, one scale, few answers as they are."""

from __future__ import annotations

from tests.features.indicators.conftest import of, told

TERMS = """
    subscription_id account_id started_at mrr
    t1              a          2020-01-01 1
    t2              b          2020-01-01 1
    t3              c          2020-01-01 1
"""
HEAD = "survey_id account_id contact_id kind sent_at responded_at score scale_max known_at\n"


def _surveys(*lines: str) -> dict[str, str]:
    """Each line: account, contact, kind, day of sending and of the answer, score, scale."""
    rows = []
    for at, line in enumerate(lines):
        account, contact, kind, sent, answered, score, scale = line.split()
        rows.append(f"v{at} {account} {contact} {kind} {sent} {answered} {score} {scale} {sent}")
    return {"subscriptions": TERMS, "surveys": HEAD + "\n".join(rows)}


def _nps(*scores: int) -> list[str]:
    return [f"a p{i} nps 2024-06-01 2024-06-02 {score} 10" for i, score in enumerate(scores)]


def test_nps_is_promoters_less_detractors_of_ten_answers_or_more(figured):
    # promoters 9 10 10 9 10 = 5, detractors 0 6 = 2, passives 7 8 8: 100 * (5 - 2) / 10
    card = figured(_surveys(*_nps(9, 10, 10, 9, 10, 0, 6, 7, 8, 8)))
    assert told(card.portfolio, "nps") == (30, 3, 10, 10)


def test_few_nps_answers_are_shown_and_are_no_figure(figured):
    card = figured(_surveys(*_nps(9, 3, 8)))
    figure = of(card.accounts["a"], "nps")
    assert (figure.value, figure.reason, figure.detail) == (None, "few_answers", "9 3 8")
    assert (figure.numerator, figure.denominator, figure.n) == (0, 3, 3)
    assert told(card.accounts["b"], "nps") == ("no_base", None, None, 0)


def test_nps_takes_the_latest_answer_of_each_person_in_the_year(figured):
    card = figured(
        _surveys(
            "a p1 nps 2024-02-01 2024-02-02 2 10",
            "a p1 nps 2024-08-01 2024-08-02 9 10",  # p1 as of late
            "a p2 nps 2023-12-20 2024-01-05 10 10",  # sent earlier, answered within the year
            "a p3 nps 2023-06-01 2023-06-02 1 10",  # too long ago
            "a p4 nps 2024-12-31 2025-01-01 0 10",  # answered at the moment: not before it
            "a p5 nps 2024-06-01 - - 10",  # never answered
            "a p6 nps 2024-06-01 2024-06-02 5 5",  # another scale
        )
    )
    assert told(card.accounts["a"], "nps") == ("few_answers", 2, 2, 2)
    assert of(card.accounts["a"], "nps").detail == "10 9"


def test_a_past_nps_is_the_answer_of_that_time(figured):
    surveys = _surveys("a p1 nps 2024-02-01 2024-02-02 2 10", "a p1 nps 2024-08-01 2024-08-02 9 10")
    assert of(figured(surveys, "2024-07-01").accounts["a"], "nps").detail == "2"


def test_satisfaction_is_the_two_highest_boxes_of_the_scale_with_most_answers(figured):
    card = figured(
        _surveys(
            "a p1 csat 2024-06-01 2024-06-02 5 5",
            "a p2 csat 2024-06-01 2024-06-02 4 5",
            "b p3 csat 2024-06-01 2024-06-02 3 5",
            "b p4 csat 2024-06-01 2024-06-02 4 -",  # 1 to 5 unless said otherwise
            "b p5 csat 2024-06-01 2024-06-02 6 7",  # a 7-point scale: not mixed in
            "c p6 csat 2024-06-01 2024-06-02 7 7",
        )
    )
    # 5, 4 and 4 of four answers on 1 to 5
    assert told(card.portfolio, "csat") == (75, 3, 4, 4)
    assert of(card.portfolio, "csat").detail == "1-5"
    assert told(card.accounts["b"], "csat") == (50, 1, 2, 2)
    assert told(card.accounts["c"], "csat") == ("no_base", None, None, 0)


def test_a_scale_of_two_boxes_satisfies_nobody(figured):
    thumbs = [f"a p{i} csat 2024-06-01 2024-06-02 {score} 2" for i, score in enumerate((1, 1, 2))]
    assert told(figured(_surveys(*thumbs)).portfolio, "csat")[0] == "no_base"
    card = figured(_surveys(*thumbs, "b q csat 2024-06-01 2024-06-02 3 4"))
    assert told(card.portfolio, "csat") == (100, 1, 1, 1)
    assert of(card.portfolio, "csat").detail == "1-4"


def test_effort_reads_each_version_its_own_way_and_never_mixes_them(figured):
    new = ["a p1 ces 2024-06-01 2024-06-02 7 7", "a p2 ces 2024-06-01 2024-06-02 4 7"]
    old = [f"b q{i} ces 2024-06-01 2024-06-02 {score} 5" for i, score in enumerate((1, 2, 5))]
    # version 1.0 has three answers of five: 1 and 2 are little effort, 5 is much
    both = figured(_surveys(*new, *old))
    assert told(both.portfolio, "ces") == (round(200 / 3, 6), 2, 3, 3)
    assert of(both.portfolio, "ces").detail == "CES 1.0, 1-5"
    assert told(both.accounts["a"], "ces")[0] == "no_base"
    # version 2.0 alone: 7 is easy, 4 is not
    assert told(figured(_surveys(*new)).portfolio, "ces") == (50, 1, 2, 2)


def test_support_sentiment_forgets_by_half_in_thirty_days(figured):
    card = figured(
        {
            "subscriptions": TERMS,
            "tickets": """
            ticket_id account_id opened_at  resolved_at csat
            k1        a          2024-11-20 2024-12-02  5
            k2        a          2024-10-20 2024-11-02  1
            k3        a          2024-12-20 -           1
            k4        a          2024-08-01 2024-08-02  1
            k5        b          2024-12-20 2024-12-21  -
        """,
        }
    )
    # 5 is 1 and 30 days old: weight 1/2; 1 is -1 and 60 days old: 1/4; k3 is not solved, k4 is old
    # (1/2 - 1/4) / (3/4) = 1/3
    assert told(card.accounts["a"], "support_sentiment") == (round(1 / 3, 6), 0.25, 0.75, 2)
    assert told(card.accounts["b"], "support_sentiment") == ("no_base", None, None, 0)
