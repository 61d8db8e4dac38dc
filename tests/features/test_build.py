"""The entry to features: which rows exist, what is unknown, and what is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from data.churn import ChurnRule
from data.errors import BadInputError, MissingError, RefusedError
from data.workspace import Workspace
from features.build import build, moment, monthly
from features.catalog import CATALOG, FAMILIES
from features.evidence import COLUMNS, ROWS_PER_FAMILY, evidence

AS_OF = pd.Timestamp("2024-07-01")


def _days(*before: int) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([AS_OF - pd.Timedelta(days=d) for d in before])


@pytest.fixture
def small() -> dict[str, pd.DataFrame]:
    return {
        "accounts": pd.DataFrame(
            {"account_id": ["a", "b", "c"], "created_at": _days(400, 400, 400)}
        ),
        "subscriptions": pd.DataFrame(
            {
                "subscription_id": ["s1", "s2", "s3"],
                "account_id": ["a", "b", "c"],
                "started_at": _days(400, 400, 400),
                "ended_at": [pd.NaT, *_days(1), AS_OF],
                "mrr": [100.0, 100.0, 100.0],
            }
        ),
        "usage_events": pd.DataFrame(
            {"account_id": ["a", "c"], "occurred_at": _days(200, 10), "feature": ["x", "x"]}
        ),
    }


def test_the_spine_holds_who_was_a_customer_then_as_known_then(make_lake, small):
    table = build(make_lake(small), [AS_OF], rule=ChurnRule())
    assert table["account_id"].tolist() == ["a", "c"]


def test_silence_counts_those_seen_lately(make_lake, small):
    rule = ChurnRule(kind="silence", of="usage_events", days=90, active_days=180)
    assert build(make_lake(small), [AS_OF], rule=rule)["account_id"].tolist() == ["c"]


def test_an_account_that_was_never_observed_keeps_its_row_and_is_unknown(make_lake, small):
    small["usage_events"] = small["usage_events"].iloc[1:]
    row = build(make_lake(small), [AS_OF], rule=ChurnRule()).iloc[0]
    assert row["account_id"] == "a"
    assert row[["active_days_30", "uses_365", "stickiness_28", "days_since_use"]].isna().all()


@pytest.mark.parametrize("days_ago", [200, 366, 399])
def test_an_account_that_was_observed_long_ago_is_truly_quiet(make_lake, small, days_ago):
    small["usage_events"] = small["usage_events"].assign(occurred_at=_days(days_ago, 10))
    row = build(make_lake(small), [AS_OF], rule=ChurnRule()).iloc[0]
    assert row["account_id"] == "a"
    assert (row[["active_days_30", "uses_30", "stickiness_28"]] == 0).all()


def test_what_is_known_too_late_does_not_make_an_account_observed(make_lake, small):
    small["usage_events"] = small["usage_events"].assign(known_at=[AS_OF, *_days(10)])
    row = build(make_lake(small), [AS_OF], rule=ChurnRule()).iloc[0]
    assert row["account_id"] == "a"
    assert pd.isna(row["active_days_30"])


def test_a_missing_table_is_unknown_and_never_zero(make_lake, small):
    table = build(make_lake(small), [AS_OF], rule=ChurnRule())
    assert table["unanswered_streak"].isna().all()
    assert table["references_declined_365"].isna().all()
    assert table["active_users_30"].isna().all(), "usage_events has no contact_id"
    assert (table["coverage"] < 0.5).all()


def test_a_present_table_raises_coverage(make_lake, small):
    before = build(make_lake(small), [AS_OF], rule=ChurnRule())
    small["invoices"] = pd.DataFrame(
        {
            "invoice_id": ["n"],
            "account_id": ["a"],
            "issued_at": _days(60),
            "due_at": _days(30),
            "amount": [100.0],
            "paid_at": _days(20),
        }
    )
    after = build(make_lake(small), [AS_OF], rule=ChurnRule())
    gain = (after["coverage"] - before["coverage"]).tolist()
    assert gain[0] > 0
    assert gain[1] == 0, "c has never had an invoice: nothing is known of how it pays"


def test_snapshots_are_midnights(make_lake, small):
    with pytest.raises(BadInputError, match="midnights"):
        build(make_lake(small), [AS_OF + pd.Timedelta(hours=1)], rule=ChurnRule())


def test_no_landed_data_says_what_to_do(tmp_path):
    with pytest.raises(MissingError, match="forewarn land"):
        build(Workspace(tmp_path), [AS_OF], rule=ChurnRule())


def test_monthly_snapshots_start_after_eight_weeks_and_end_with_the_data(make_lake, small):
    workspace = make_lake(small, until="2024-06-30")
    months = monthly(workspace)
    # The first event is 200 days before AS_OF, on 2023-12-14; eight weeks later is 2024-02-08.
    assert [f"{m:%Y-%m-%d}" for m in months] == [
        "2024-03-01",
        "2024-04-01",
        "2024-05-01",
        "2024-06-01",
    ]


def test_too_short_a_history_is_refused(make_lake, small):
    with pytest.raises(RefusedError, match="56 days"):
        monthly(make_lake(small, until="2024-01-15"))


def test_names_are_unique_and_every_family_has_its_features():
    names = [f.name for f in CATALOG]
    assert len(names) == len(set(names))
    assert all(f.family == family.name for family in FAMILIES for f in family.features)


def evidence_of(workspace: Workspace, accounts: list[str]) -> pd.DataFrame:
    with moment(workspace, [AS_OF], rule=ChurnRule()) as engine:
        return evidence(engine, accounts)


def test_evidence_names_rows_of_the_past_newest_first(make_lake, company):
    tables = company(3)
    rows = evidence_of(make_lake(tables), ["a", "b"])
    assert tuple(rows.columns) == COLUMNS
    assert set(rows["account_id"]) == {"a", "b"}
    assert set(rows["family"]) == {f.name for f in FAMILIES if f.evidence}
    assert (rows["happened_at"] < AS_OF).all()
    sizes = rows.groupby(["account_id", "family"]).size()
    assert sizes.max() == ROWS_PER_FAMILY
    mine = rows[(rows["account_id"] == "a") & (rows["family"] == "silence")]
    assert mine["happened_at"].is_monotonic_decreasing
    assert mine["kind"].str.len().gt(0).all()
    assert all(isinstance(json.loads(args), dict) for args in rows["args"])


def test_what_is_overdue_is_shown_before_the_rest_and_the_oldest_of_it(make_lake, small):
    early = [pd.Timestamp("2022-09-01"), pd.Timestamp("2022-12-01")]
    due = pd.DatetimeIndex([*early, *(_days(30 * back)[0] for back in range(1, 9))])
    small["invoices"] = pd.DataFrame(
        {
            "invoice_id": [f"i{n}" for n in range(len(due))],
            "account_id": "a",
            "issued_at": due - pd.Timedelta(days=30),
            "due_at": due,
            "amount": 10.0,
            "paid_at": [pd.NaT, pd.NaT, *(due[2:] + pd.Timedelta(days=9))],
        }
    )
    rows = evidence_of(make_lake(small), ["a"])
    shown = rows[rows["source"] == "invoices"]
    assert set(shown["row_id"]) >= {"i0", "i1"}
    assert len(rows[rows["family"] == "billing"]) == ROWS_PER_FAMILY
    assert shown["row_id"].tolist()[-2:] == ["i1", "i0"]


@pytest.mark.parametrize(
    ("days_ago", "kind", "args"), [(240, "use", {"feature": "x"}), (241, "use_any", {})]
)
def test_the_last_use_is_shown_however_long_ago_in_the_year(make_lake, small, days_ago, kind, args):
    small["usage_events"] = small["usage_events"].assign(occurred_at=_days(days_ago, 10))
    rows = evidence_of(make_lake(small), ["a"])
    (shown,) = rows[rows["family"] == "engagement"].to_dict("records")
    assert (shown["kind"], json.loads(shown["args"])) == (kind, args)
    assert shown["happened_at"] == _days(days_ago)[0]
