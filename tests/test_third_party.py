"""Other people's data: real invoices, a simulated CRM, and a set whose label is noise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
FOREWARN = str(Path(sys.executable).parent / "forewarn")
QUIET = {**os.environ, "PYTHONWARNINGS": "ignore"}
# Without a search of settings: what is asked here must hold before one.
SETTINGS = "search_trials: 0\nbootstrap: 200\n"
# Where small forests are ahead of the floor, larger ones need not be grown to see it.
SMALL = SETTINGS + "lightgbm: {n_estimators: 20, learning_rate: 0.2}\n"


def _forewarn(
    *arguments: str, workspace: Path, content: str = SETTINGS
) -> tuple[int, dict[str, Any]]:
    settings = workspace.with_suffix(".yml")
    settings.write_text(content)
    options = ["--workspace", str(workspace), "--config", str(settings), "--json"]
    command = [FOREWARN, *arguments, *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=QUIET)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def trained(shared_data, tmp_path_factory):
    """Land and train one of the sets; what training answered, and its workspace."""

    def run(name: str) -> tuple[int, dict[str, Any], Path]:
        workspace = tmp_path_factory.mktemp(name)
        mapping = ROOT / "data" / "mappings" / f"{name}.yml"
        code, _ = _forewarn(
            "land", str(shared_data / name), "--mapping", str(mapping), workspace=workspace
        )
        assert code == 0
        content = SMALL if name == "fightchurn_crm5" else SETTINGS
        return *_forewarn("train", workspace=workspace, content=content), workspace

    return run


# Who buys without a contract can only fall silent, in one window, which has no course over time.
LEARNT = {"fightchurn_crm5": "hazard", "uci_online_retail": "classifier"}


@pytest.mark.parametrize("name", list(LEARNT))
def test_training_is_usable_and_not_below_the_naive_floor(trained, against_the_floor, name):
    code, report, workspace = trained(name)
    assert (code, report["verdict"]) == (0, "usable")
    assert report["method"] == report["rung"]["method"] == LEARNT[name]
    assert report["model_version"] is not None
    assert (workspace / "report.html").stat().st_size > 10_000
    told = against_the_floor(workspace)
    assert told["forewarn"]["roc_auc"] >= told["floor"]["roc_auc"]
    assert told["forewarn"]["average_precision"] >= told["floor"]["average_precision"]
    assert told["roc_auc_difference"]["low"] > -0.005
    assert told["forewarn"]["roc_auc"] == pytest.approx(
        report["metrics"]["roc_auc"]["value"], abs=1e-4
    )
    _training_leaves_the_last_snapshots_to_the_test(workspace)


def _training_leaves_the_last_snapshots_to_the_test(workspace: Path) -> None:
    rows = pd.read_parquet(workspace / "evaluation.parquet")
    train = rows.loc[rows["role"] == "train", "as_of"]
    test = rows.loc[rows["role"] == "test", "as_of"]
    assert test.min() - train.max() >= pd.Timedelta(days=90)
    span = pd.date_range(rows["as_of"].min(), rows["as_of"].max(), freq="MS")
    assert train.nunique() <= 0.6 * len(span)


def test_a_label_of_noise_is_refused_with_the_reason(trained):
    code, report, workspace = trained("ravenstack")
    assert code == 3
    assert report["verdict"] == "no_usable_signal"
    assert report["metrics"]["roc_auc"]["low"] < 0.5
    assert "chance" in str(report["sentence"])
    assert report["model_version"] is None
    assert not list((workspace / "models").glob("*/model.json"))
