"""Sums of accounts, segments and what is partial."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from data.churn import ChurnRule
from features.indicators.catalog import BY_ID, INDICATORS
from features.indicators.fold import card
from features.indicators.indicator import Figure
from features.indicators.measure import measured
from features.indicators.scorecard import Settings
from features.indicators.survival import median_days
from tests.features.conftest import lake_at, random_company
from tests.features.indicators.conftest import of, told

MOMENTS = [pd.Timestamp(day) for day in ("2024-03-01", "2024-07-01")]


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    root = tmp_path_factory.mktemp("random") / "workspace"
    workspace = lake_at(root, random_company(3), "2024-08-01")
    return measured(workspace, MOMENTS, rule=ChurnRule(), settings=Settings())


def _summed(parts: pd.DataFrame, figure: Figure) -> tuple[float, float, int]:
    mine = parts[(parts["indicator"] == figure.indicator) & (parts["denominator"] > 0)]
    return (
        math.fsum(mine["numerator"].astype(float)),
        math.fsum(mine["denominator"].astype(float)),
        int(mine["n"].sum()),
    )


@pytest.mark.parametrize("as_of", MOMENTS)
def test_the_portfolio_is_the_sum_of_its_accounts(company, as_of):
    found = card(company, as_of)
    parts = company.parts[company.parts["as_of"] == as_of]
    seen = 0
    for figure in found.portfolio:
        if BY_ID[figure.indicator].kind == "lifetime" or not figure.n:
            continue
        seen += 1
        numerator, denominator, n = _summed(parts, figure)
        assert figure.numerator == pytest.approx(numerator, abs=1e-9), figure
        assert figure.denominator == pytest.approx(denominator), figure
        assert figure.n == n, figure
    assert seen >= 15


@pytest.mark.parametrize("as_of", MOMENTS)
def test_segments_add_up_to_the_portfolio(company, as_of):
    given = company.accounts["segment"].fillna("none")
    found = card(replace(company, accounts=company.accounts.assign(segment=given)), as_of)
    assert len(found.segments) > 1
    for indicator in INDICATORS:
        of_all = of(found.portfolio, indicator.id).numerator
        of_some = [of(figures, indicator.id).numerator for figures in found.segments.values()]
        if indicator.kind in ("ratio", "total") and of_all is not None:
            assert sum(part or 0 for part in of_some) == pytest.approx(of_all)


@pytest.mark.parametrize("as_of", MOMENTS)
def test_a_figure_has_a_value_or_a_reason_and_never_both(company, as_of):
    found = card(company, as_of)
    groups = [found.portfolio, *found.segments.values(), *found.accounts.values()]
    assert len(groups) > 3
    for figures in groups:
        assert [figure.indicator for figure in figures] == [one.id for one in INDICATORS]
        for figure in figures:
            assert (figure.value is None) == (figure.reason is not None), figure
            assert figure.value is None or math.isfinite(figure.value)
            assert Figure.from_dict(figure.to_dict()) == figure


def test_other_moments_asked_for_change_nothing(company, tmp_path):
    workspace = lake_at(tmp_path / "workspace", random_company(3), "2024-08-01")
    alone = measured(workspace, MOMENTS[:1], rule=ChurnRule(), settings=Settings())
    assert card(alone, MOMENTS[0]) == card(company, MOMENTS[0])


def test_a_segment_is_that_of_the_moment(figured):
    tables = {
        "accounts": """
            account_id created_at segment
            a          2015-01-01 small
            b          2015-01-01 small
            c          2015-01-01 -
        """,
        "account_changes": """
            account_id field   value valid_from known_at
            b          segment large 2024-09-01 2024-09-01
        """,
        "subscriptions": """
            subscription_id account_id started_at ended_at   mrr
            s1              a          2020-01-01 -          100
            s2              b          2020-01-01 2024-10-01 50
            s3              c          2020-01-01 -          10
        """,
    }
    now = figured(tables)
    assert set(now.segments) == {"small", "large"}
    assert told(now.segments["small"], "gross_retention") == (100, 100, 100, 1)
    assert told(now.segments["large"], "gross_retention") == (0, 0, 50, 1)
    assert told(now.portfolio, "gross_retention") == (68.75, 110, 160, 3)  # c in no segment
    then = figured(tables, "2024-08-01")
    assert set(then.segments) == {"small"}


def test_an_account_younger_than_the_stretch_is_partial_by_itself_only(figured):
    tables = {
        "accounts": "account_id created_at\na 2015-01-01\nb 2024-12-20",
        "subscriptions": "subscription_id account_id started_at mrr\ns a 2020-01-01 1\n"
        "t b 2024-12-20 1",
        "usage_events": "account_id occurred_at feature contact_id\na 2024-01-01 x a1\n"
        "a 2024-12-21 x a1\nb 2024-12-21 x b1",
    }
    card = figured(tables)
    assert of(card.accounts["b"], "usage_depth").partial is True
    assert of(card.accounts["a"], "usage_depth").partial is False
    assert of(card.portfolio, "usage_depth").partial is False


@pytest.mark.parametrize(
    ("days", "reached", "median"),
    [
        ([], [], None),
        ([5], [1], 5),
        ([5, 6], [1, 1], 5),  # half got there on day 5
        ([5, 5, 9], [1, 0, 1], 9),  # 2/3 left after 5, none after 9: who left on 5 could have
        ([1, 2, 3, 4, 5], [0, 0, 1, 0, 0], None),  # 1 - 1/3 never falls to half
        ([0, 0, 0], [1, 1, 0], 0),
    ],
)
def test_the_median_of_times_of_which_some_are_not_over(days, reached, median):
    assert median_days(days, reached) == median


def test_firms_without_contracts_have_their_use_measured(figured):
    """Customers are then those seen lately; money has no source, and nothing else breaks."""
    usage = "account_id occurred_at feature contact_id\n" + "\n".join(
        f"a 2024-{month:02d}-{day:02d} x p{day}" for month in range(1, 13) for day in (3, 17, 29)
    )
    rule = ChurnRule(kind="silence", of="usage_events", days=90, active_days=180)
    found = figured({"usage_events": usage}, rule=rule)
    assert told(found.accounts["a"], "usage_depth") == (1, 2, 2, 2)  # the 17th and the 29th
    assert told(found.portfolio, "net_retention")[0] == "no_source"
    assert told(found.portfolio, "clv")[0] == "no_source"
