"""Simulated rows are cut to what the firm knows at the end of the period."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.synth import frames
from data.synth.clock import Array, Clock
from data.synth.frames import Words, table

CLOCK = Clock(date(2024, 1, 1), 100)


@pytest.fixture(autouse=True)
def _nothing_late(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames, "LATE_SHARE", 0.0)


def tickets(opened: list[float], resolved: list[float]) -> pd.DataFrame:
    columns: dict[str, Array | Words] = {
        "account_id": Words(np.zeros(len(opened), int), ["a"]),
        "opened_at": np.array(opened),
        "resolved_at": np.array(resolved),
        "csat": np.full(len(opened), 4.0),
        "reopened": np.full(len(opened), True),
    }
    return table("tickets", CLOCK, columns, np.random.default_rng(0))


def test_rows_before_and_after_the_period_are_left_out_and_the_rest_numbered_in_time():
    rows = tickets([50, -1, 99.5, 0, 100], [51, 0, 99.9, 1, 101])
    assert rows["ticket_id"].tolist() == ["ticket-0000001", "ticket-0000002", "ticket-0000003"]
    assert rows["opened_at"].astype(str).str[:10].tolist() == [
        "2024-01-01",
        "2024-02-20",
        "2024-04-09",
    ]


def test_an_outcome_after_the_period_is_not_known_yet():
    row = tickets([99], [100]).iloc[0]
    assert row[["resolved_at", "csat", "reopened"]].isna().all()
    assert tickets([99], [99.5]).iloc[0][["resolved_at", "csat", "reopened"]].notna().all()


def test_an_outcome_that_never_comes_is_empty():
    assert tickets([5], [np.nan])[["resolved_at", "csat", "reopened"]].isna().all(axis=None)


def test_a_row_known_only_after_the_period_is_left_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(frames, "LATE_SHARE", 1.0)
    monkeypatch.setattr(frames, "_LATE_DAYS", (10.0, 10.0))
    rows = tickets([5, 91], [6, 92])
    assert rows["known_at"].tolist() == [pd.Timestamp("2024-01-16")]


def test_an_older_contract_is_kept_though_it_began_before_the_period():
    columns: dict[str, Array | Words] = {
        "account_id": Words(np.zeros(1, int), ["a"]),
        "started_at": np.array([-30.0]),
        "ended_at": np.array([10.0]),
        "end_kind": Words(np.array([-1]), ["voluntary"]),
        "mrr": np.array([5.0]),
    }
    row = table("subscriptions", CLOCK, columns, np.random.default_rng(0)).iloc[0]
    assert row["started_at"] == row["known_at"] == pd.Timestamp("2023-12-02")
    assert pd.isna(row["end_kind"])
    assert pd.isna(row["plan"])
