from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.errors import RefusedError
from data.workspace import Workspace
from training import run, track
from training.audited import labels_of
from training.config import Config, Preset
from training.report import TrainingReport
from training.rows import Rows
from training.run import train
from training.spec import ChurnSpec

CONFIG = Config(bootstrap=100, lightgbm=Preset(n_estimators=10, learning_rate=0.2))


@pytest.fixture
def prepared(monkeypatch, features):
    """Let training read a ready feature table instead of building one."""

    def put(made):
        monkeypatch.setattr(run, "CATALOG", features)
        monkeypatch.setattr(run, "monthly", lambda _: sorted(made.frame["as_of"].unique()))
        monkeypatch.setattr(run, "build", lambda *_args, **_kwargs: made.frame)
        return made

    return put


def test_training_is_refused_before_it_learns_from_a_leak(
    tmp_path, prepared, small_company, land_company
):
    terms = small_company.subscriptions
    plan = np.where(terms["ended_at"].notna(), "cancelled", "pro")
    made = type(small_company)(
        small_company.frame, terms.assign(plan=plan), small_company.data_until
    )
    workspace = land_company(tmp_path / "w", prepared(made))
    with pytest.raises(RefusedError, match=r"subscriptions\.plan = 'cancelled'"):
        train(workspace, CONFIG)
    assert track.champion(workspace) is None
    assert not workspace.evaluation.exists()


def test_the_training_report_carries_the_audit_and_a_snapshot_is_kept(
    tmp_path, monkeypatch, prepared, small_company, land_company
):
    monkeypatch.setattr("training.publish._pictures", lambda *_: {})
    workspace = land_company(tmp_path / "w", prepared(small_company))
    report = train(workspace, CONFIG)
    checks = json.loads(json.dumps(report.to_dict()))["audit"]["checks"]
    assert checks["drop_event_time"] == "ok"
    assert checks["only_leavers"] == "ok"
    assert "no snapshot is stored" in checks["replay"]
    assert (workspace.features / "replay" / "snapshot.parquet").exists()


def test_findings_that_do_not_refuse_are_told():
    finding = {"sentence": "something to look at"}
    told = TrainingReport(
        verdict="usable",
        sentence="fine",
        method="hazard",
        cohorts={},
        audit={"findings": [finding]},
    )
    assert "audit, worth a look: something to look at" in told.lines()


def test_an_end_counts_from_its_notice_unless_service_goes_on_or_is_merged(tmp_path, land_company):
    day = pd.Timestamp
    terms = pd.DataFrame(
        [
            ("noticed", day("2023-01-01"), day("2024-01-01"), day("2023-11-05"), "voluntary"),
            ("silent", day("2023-01-01"), day("2024-01-01"), pd.NaT, None),
            ("renewed", day("2022-01-01"), day("2023-08-01"), pd.NaT, None),
            ("renewed", day("2023-08-20"), pd.NaT, pd.NaT, None),
            ("merged", day("2023-01-01"), day("2024-01-01"), pd.NaT, "merged"),
        ],
        columns=["account_id", "started_at", "ended_at", "notice_at", "end_kind"],
    )
    made = SimpleNamespace(subscriptions=terms, data_until=day("2025-01-01"))
    workspace = land_company(tmp_path / "w", made)
    fate = pd.DataFrame(
        {
            "account_id": ["silent", "noticed", "renewed", "merged", "noticed"],
            "as_of": pd.to_datetime(["2023-07-01"] * 4 + ["2023-12-01"]).as_unit("us"),
            "label": [0.0, 0.0, 0.0, 0.0, np.nan],
        }
    )
    labels = labels_of(workspace, Rows(fate, fate), ChurnSpec(rule=ChurnRule()))
    assert labels["account_id"].tolist() == fate["account_id"].tolist()
    assert labels["ends_at"].tolist()[:2] == [day("2024-01-01"), day("2023-11-05")]
    assert labels["ends_at"].isna().tolist()[2:] == [True, True, True]


def test_with_silence_the_next_silent_snapshot_is_the_end(tmp_path):
    months = pd.date_range("2024-01-01", periods=4, freq="MS", unit="us")
    fate = pd.DataFrame({"account_id": "a", "as_of": months, "label": [0.0, 0.0, 1.0, 1.0]})
    labels = labels_of(
        Workspace(tmp_path), Rows(fate, fate), ChurnSpec(rule=ChurnRule(kind="silence"))
    )
    assert labels["ends_at"].tolist() == [months[2], months[2], months[2], months[3]]
