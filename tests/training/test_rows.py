from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.files import write_json
from data.workspace import LAKE_VERSION, Workspace
from training.rows import revenue, rows_of, yearly_value
from training.spec import ChurnSpec


def test_revenue_is_unknown_where_neither_contract_nor_invoice_tells():
    frame = pd.DataFrame({"mrr": [10.0, np.nan, np.nan], "invoiced_365": [1.0, -5.0, np.nan]})
    assert revenue(frame).fillna(-1).tolist() == [120, 0, -1]


def test_yearly_value_is_twelve_months_of_revenue_or_what_was_invoiced():
    frame = pd.DataFrame({"mrr": [10.0, np.nan, np.nan], "invoiced_365": [5.0, 70.0, np.nan]})
    assert yearly_value(frame).tolist() == [120, 70, 0]
    assert yearly_value(frame[["invoiced_365"]]).tolist() == [5, 70, 0]


def test_without_any_revenue_every_account_counts_the_same():
    assert yearly_value(pd.DataFrame({"use": [1.0, 2.0]})).tolist() == [1, 1]
    assert yearly_value(pd.DataFrame({"mrr": [np.nan, 0.0]})).tolist() == [1, 1]


def test_rows_read_their_fate_from_the_landed_contracts(small_company, land_company, tmp_path):
    workspace = land_company(tmp_path / "w", small_company)
    rows = rows_of(workspace, small_company.frame, ChurnSpec(rule=ChurnRule()))
    ends = small_company.subscriptions.set_index("account_id")["ended_at"]
    table = rows.frame.assign(ended=rows.frame["account_id"].map(ends))
    closed = table["as_of"] + pd.Timedelta(days=120) <= small_company.data_until
    ahead = (table["ended"] - table["as_of"]).dt.days
    expected = np.where(~closed | (ahead <= 14), np.nan, (ahead <= 90).astype(float))
    np.testing.assert_array_equal(rows.y, expected)
    known = rows.take(rows.labelled)
    assert known.churned == table.loc[expected == 1, "account_id"].nunique()
    assert known.churned < (known.y == 1).sum()
    summary = known.summary()
    assert summary["rows"] == len(known.frame) == int((~np.isnan(expected)).sum())
    assert (summary["snapshots"], summary["from"], summary["to"]) == (
        22,
        "2022-01-01",
        "2023-10-01",
    )


@pytest.mark.parametrize(
    ("table", "time"), [("usage_events", "occurred_at"), ("invoices", "issued_at")]
)
def test_silence_is_read_from_the_table_that_the_rule_names(tmp_path, table, time):
    workspace = Workspace(tmp_path)
    workspace.lake.mkdir()
    events = pd.DataFrame({"account_id": ["a", "b", "b"], time: pd.to_datetime(["2023-01-01"] * 3)})
    events.loc[2, time] = pd.Timestamp("2023-07-01")
    events.to_parquet(workspace.lake / f"{table}.parquet")
    manifest = {"version": LAKE_VERSION, "data_until": "2024-01-01T00:00:00"}
    write_json(workspace.lake / "manifest.json", manifest)
    spec = ChurnSpec(rule=ChurnRule(kind="silence", of=table, days=90, active_days=180))
    frame = pd.DataFrame({"account_id": ["a", "b"], "as_of": pd.Timestamp("2023-05-01")})
    assert rows_of(workspace, frame, spec).y.tolist() == [1, 0]
