"""`forewarn scorecard`: what is worse than expected first, and one JSON object."""

from __future__ import annotations

import json

import pytest

from features.indicators.catalog import INDICATORS

LEVELS = """
indicators:
  net_retention: {expect: 1000, owner: csm, action: "look for growth"}
  logo_churn: {expect: 100, owner: head, action: find why}
settings: {fewest: 1}
"""


@pytest.fixture
def expecting(workspace):
    """Settings that name a scorecard in which retention can only be worse than expected."""
    levels, settings = workspace.root / "levels.yml", workspace.root / "mine.yml"
    levels.write_text(LEVELS)
    settings.write_text(f"scorecard: {levels}\n")
    return "--config", str(settings)


def test_alerts_stand_first_with_owner_and_action(forewarn, expecting):
    code, out, _ = forewarn("scorecard", *expecting)
    assert code == 0
    alerts, _, figures = out.partition("All accounts")
    assert "Net revenue retention" in alerts
    assert "at least 1,000%" in alerts
    assert "look for growth" in alerts
    assert "Customers lost" not in alerts
    assert "Customers lost" in figures


def test_json_has_every_figure_with_what_it_was_made_of(forewarn, expecting):
    code, out, _ = forewarn("scorecard", "--by", "segment", "--json", *expecting)
    assert code == 0
    told = json.loads(out)
    assert len(told["portfolio"]["figures"]) == len(INDICATORS)
    assert set(told["portfolio"]["figures"][0]) >= {"value", "numerator", "denominator", "n"}
    [alert] = told["portfolio"]["alerts"]
    assert (alert["owner"], alert["expected"]) == ("csm", 1000)
    parts = [
        next(f for f in one["figures"] if f["indicator"] == "logo_churn")
        for one in told["segments"].values()
    ]
    whole = next(f for f in told["portfolio"]["figures"] if f["indicator"] == "logo_churn")
    assert sum(part["denominator"] or 0 for part in parts) == whole["denominator"]


def test_one_account_or_a_clear_line(forewarn, expecting):
    code, out, _ = forewarn("scorecard", "--by", "account", "--json", *expecting)
    assert code == 0
    account = next(iter(json.loads(out)["accounts"]))
    code, out, _ = forewarn("scorecard", "--account", account, "--json", *expecting)
    assert code == 0
    assert json.loads(out)["account_id"] == account
    code, _, err = forewarn("scorecard", "--account", "nobody", *expecting)
    assert code == 2
    assert "'nobody' was no customer" in err


def test_a_wrong_key_is_named_with_the_nearest(forewarn, expecting, workspace):
    (workspace.root / "levels.yml").write_text("indicators: {churn: {}}")
    code, _, err = forewarn("scorecard", *expecting)
    assert code == 2
    assert "levels.yml, indicators: unknown indicator 'churn'" in err


def test_drivers_of_few_accounts_are_not_enough_data(forewarn):
    code, out, _ = forewarn("scorecard", "--drivers", "--json")
    assert code in (0, 3)
    if code == 0:
        assert {one["verdict"] for one in json.loads(out)["drivers"]} == {"not_enough_data"}
