"""What a training leaves behind: evaluation rows, a run with its pictures, a registered model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from data.files import atomic, write_json
from data.workspace import Workspace
from training import artefact, track
from training.backtest import Backtest, Learnt
from training.bands import Bands
from training.config import Config
from training.explain import contributions
from training.matrix import matrix
from training.model import Model, golden, healthy_medians
from training.plots import calibration_plot, shap_plot
from training.report import TrainingReport
from training.rows import Rows
from training.spec import ChurnSpec

PICTURED_ROWS = 500


def write_evaluation(workspace: Workspace, found: Backtest) -> None:
    """Write `evaluation.parquet`: account_id, as_of, role (train, test), label, risk.

    The risk of a training row is the purged out-of-fold one, NaN where there is none.
    """
    unseen = found.learnt.calibration.risk(found.learnt.out_of_fold)
    parts = [
        rows.frame[["account_id", "as_of"]].assign(role=role, label=rows.y, risk=risk)
        for role, rows, risk in (("train", found.train, unseen), ("test", found.test, found.risk))
    ]
    with atomic(workspace.evaluation) as temporary:
        pd.concat(parts, ignore_index=True).to_parquet(temporary, index=False)


def model_of(
    rows: Rows, learnt: Learnt, spec: ChurnSpec, config: Config, report: TrainingReport
) -> Model:
    """The model as it will be saved: `learnt` from `rows`, judged by `report`."""
    base_rate = float(rows.y.mean())
    healthy = rows.take((rows.fate["cohort"] == "healthy").to_numpy())
    return Model(
        text=learnt.booster.model_to_string(),
        columns=learnt.columns,
        calibration=learnt.calibration,
        spec=spec,
        base_rate=base_rate,
        bands=Bands.around(base_rate, config.bands),
        healthy=healthy_medians(healthy.frame, learnt.columns, healthy.frame.get("segment")),
        golden_rows=golden(matrix(rows.frame, learnt.columns)),
        metrics=report.metrics,
        verdict=report.verdict,
        method=report.method,
        data_fingerprint=report.data_fingerprint,
    )


def save_proven(workspace: Workspace, model: Model) -> None:
    """Save the model under its version and have a child process try it out.

    Raises:
        BadInputError: what was saved does not answer as it should.
    """
    folder = workspace.models / model.version
    model.save(folder)
    artefact.verify(folder)


def record(
    workspace: Workspace, config: Config, spec: ChurnSpec, report: TrainingReport, found: Backtest
) -> str:
    """Record the run in MLflow, with settings, figures and pictures; its id."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _picture(found, folder)
        write_json(folder / "report.json", report.to_dict())
        content = track.Record(
            params={**_flat(config.model_dump(exclude={"churn"})), **_flat(spec.to_dict())},
            metrics=_logged(report),
            tags={
                "verdict": report.verdict,
                "spec": spec.hash,
                "data": report.data_fingerprint,
            },
            artifacts=folder,
        )
        return track.record(workspace, config, content)


def _picture(found: Backtest, folder: Path) -> None:
    calibration_plot(found.test.y, found.risk, folder / "calibration.png")
    some = found.test.frame.sample(min(PICTURED_ROWS, len(found.test.frame)), random_state=0)
    X = matrix(some, found.learnt.columns)
    effects, _ = contributions(found.learnt.booster, X)
    shap_plot(effects, X, found.learnt.columns.names, folder / "shap_summary.png")


def _logged(report: TrainingReport) -> dict[str, float]:
    suffix = {"value": "", "low": "_low", "high": "_high"}
    return {
        f"{name}{suffix[part]}": number
        for name, figure in report.metrics.items()
        for part, number in figure.items()
        if number is not None
    }


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat
