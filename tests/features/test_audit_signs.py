"""Signs of a leak in features with labels and in landed tables, on data to be checked by eye."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.audit.ranking import as_numbers, placements, skill
from features.audit.signals import signals
from features.audit.sources import chance, sources

CUT = pd.Timestamp("2024-03-01")


def test_skill_is_the_roc_auc_whatever_the_direction():
    rng = np.random.default_rng(0)
    y = (rng.random(300) < 0.2).astype(float)
    x = np.round(rng.normal(size=300) - y, 1)
    account = np.arange(300).astype(str)
    assert placements(x[y == 1], x[y == 0]).mean() == pytest.approx(roc_auc_score(y, x))
    assert skill(x, y, account).auc == pytest.approx(1 - roc_auc_score(y, x))


def test_few_accounts_make_a_wide_interval_however_many_rows():
    y = np.tile([1.0, 0.0], 500)
    x = y + np.random.default_rng(0).normal(size=1000)
    many = skill(x, y, np.arange(1000).astype(str))
    few = skill(x, y, (np.arange(1000) % 20).astype(str))
    assert few.auc == many.auc
    assert few.low < many.low - 0.1


def test_a_category_without_meaning_does_not_rank():
    rng = np.random.default_rng(1)
    account = np.arange(400).astype(str)
    label = (rng.random(400) < 0.3).astype(float)
    unique = pd.Series(account)
    assert np.isnan(as_numbers(unique, label, account)).all()
    told = pd.Series(np.where(label == 1, "gone", "here"))
    assert skill(as_numbers(told, label, account), label, account).auc == 1.0


@pytest.fixture(scope="module")
def history():
    """120 accounts over 14 months; 40 leave in the middle of month 12, seen coming for 90 days."""
    months = pd.date_range("2024-01-01", periods=14, freq="MS", unit="us")
    accounts = [f"a{i:03}" for i in range(120)]
    rows = pd.MultiIndex.from_product([accounts, months], names=["account_id", "as_of"])
    table = rows.to_frame(index=False)
    number_of = table["account_id"].str[1:].astype(int)
    leaver, end = number_of < 40, pd.Timestamp("2024-12-16")
    table = table[~leaver | (table["as_of"] < end)].reset_index(drop=True)
    leaver = table["account_id"].str[1:].astype(int) < 40
    days = (end - table["as_of"]).dt.days
    labels = table.assign(
        label=(leaver & (days <= 90)).astype(float), ends_at=leaver.map({True: end, False: pd.NaT})
    )
    noise = np.random.default_rng(0).normal(size=len(table))
    return table, labels, leaver.to_numpy(), days.to_numpy(), noise


def signs(history, values):
    table, labels, *_ = history
    return [(f.check, f.severity) for f in signals(table.assign(made=values), labels)]


def test_noise_and_honest_signals_are_no_signs(history):
    *_, leaver, days, noise = history
    assert signs(history, noise) == []
    assert signs(history, noise + 0.8 * leaver) == []
    assert signs(history, noise + np.where(leaver, np.clip(1.2 - days / 200, 0, 1), 0)) == []


def test_a_label_in_disguise_is_hard_even_if_borne_from_the_first_day(history):
    *_, leaver, _days, noise = history
    assert signs(history, leaver + 0.01 * noise) == [("single_feature", "hard")]


def test_being_known_only_for_leavers_is_a_sign(history):
    *_, leaver, _days, noise = history
    assert ("single_feature", "hard") in signs(history, np.where(leaver, noise, np.nan))


def test_skill_of_the_last_weeks_alone_shows_a_decision_taken(history):
    *_, leaver, days, noise = history
    assert signs(history, noise + 2 * (leaver & (days <= 44))) == [("lead_time", "soft")]
    sudden = noise + 9 * (leaver & (days <= 44))
    assert ("lead_time", "hard") in signs(history, sudden)


def test_skill_within_the_horizon_alone_looks_made_from_the_end(history):
    *_, leaver, days, noise = history
    assert ("horizon", "soft") in signs(history, noise + 2.5 * (leaver & (days <= 120)))
    honest = noise + 1.5 * (leaver & (days <= 120))  # as a real warning comes up months ahead
    assert signs(history, honest) == []


def test_a_handful_of_leavers_never_alarms(history):
    table, labels, leaver, _days, _ = history
    few = ~leaver | table["account_id"].lt("a009").to_numpy()
    assert signals(table[few].assign(made=leaver[few].astype(float)), labels[few]) == []


def test_chance_bounds_the_binomial_tail():
    from scipy.stats import binom

    for leavers, bearers, rate in [(9, 10, 0.3), (19, 20, 0.5), (30, 60, 0.2), (5, 5, 0.4)]:
        exact = binom.sf(leavers - 1, bearers, rate)
        assert exact <= chance(leavers, bearers, rate) <= 60 * exact
    assert chance(2, 10, 0.3) == 1.0


@pytest.fixture
def told_lake(make_lake):
    """100 accounts, 40 of which left; what is written about each is up to the test."""
    accounts = [f"a{i:03}" for i in range(100)]
    left = np.arange(100) < 40
    end = pd.Timestamp("2024-09-01")
    labels = pd.DataFrame({"account_id": accounts, "as_of": CUT, "label": left.astype(float)})
    labels["ends_at"] = labels["label"].map({1.0: end, 0.0: pd.NaT})

    def found(industry=None, **tables):
        base = {"account_id": accounts, "created_at": pd.Timestamp("2023-01-01")}
        base["industry"] = ["retail"] * 100 if industry is None else industry
        workspace = make_lake({"accounts": pd.DataFrame(base), **tables})
        return [(f.check, f.severity, f.subject) for f in sources(workspace, labels)]

    return found, np.array(accounts), left, end


def events(accounts, at, feature="goodbye"):
    return pd.DataFrame({"account_id": accounts, "occurred_at": at, "feature": feature})


def test_a_value_that_only_leavers_bear_is_named(told_lake):
    found, _, left, _ = told_lake
    assert found(np.where(left, "gone", "retail")) == [
        ("only_leavers", "hard", "accounts.industry")
    ]
    mixed = np.where(np.arange(100) % 3 == 0, "gone", "retail")
    assert found(mixed) == []


def test_rows_that_come_only_before_the_end_are_named_unless_no_training_row_sees_them(told_lake):
    found, accounts, left, end = told_lake
    before = events(accounts[left], end - pd.Timedelta(days=20))
    usual = events(accounts, pd.Timestamp("2024-01-15"), "search")
    both = pd.concat([before, usual], ignore_index=True)
    assert found(usage_events=both) == [("near_end", "hard", "usage_events.feature")]
    after = before.assign(occurred_at=end + pd.Timedelta(days=1))
    assert found(usage_events=pd.concat([after, usual], ignore_index=True)) == []
    unknown = before.assign(known_at=end + pd.Timedelta(days=1))
    assert found(usage_events=pd.concat([unknown, usual], ignore_index=True)) == []


def test_a_table_with_rows_of_leavers_only_is_named(told_lake):
    found, accounts, left, end = told_lake
    rows = events(accounts[left], end - pd.Timedelta(days=20))
    assert ("near_end", "hard", "usage_events") in found(usage_events=rows)


def test_a_few_leavers_may_share_a_value_by_chance(told_lake):
    found, *_ = told_lake
    assert found(np.where(np.arange(100) < 9, "rare", "retail")) == []


def test_todays_state_in_accounts_is_noticed(told_lake):
    found, accounts, _, _ = told_lake
    changes = pd.DataFrame(
        {
            "account_id": accounts[50:80],
            "field": "industry",
            "value": "mining",
            "valid_from": pd.Timestamp("2024-02-01"),
        }
    )
    today = ["retail"] * 50 + ["mining"] * 30 + ["retail"] * 20
    assert found(today, account_changes=changes) == [("current_state", "soft", "accounts.industry")]
    assert found(account_changes=changes) == []
