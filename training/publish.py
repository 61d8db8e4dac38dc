"""What a training leaves behind: evaluation rows, a report, a run in MLflow, a registered model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.errors import BadInputError, MissingError
from data.files import atomic, write_json
from data.workspace import Workspace
from training import artefact, track
from training.bands import Bands
from training.card import card
from training.config import Config
from training.examination import Examination
from training.examine import Examined
from training.learner import Learner
from training.model import FORETOLD, Model, golden
from training.page import page
from training.peers import pool
from training.plots import pictured, reliability, shap_families, shap_summary
from training.report import TrainingReport
from training.rows import Rows, yearly_value
from training.spec import ChurnSpec
from training.twins import past
from training.voice import tables

PICTURED_ROWS = 500
REPORT = "report.html"


def write_evaluation(workspace: Workspace, rows: Rows, found: Examination) -> None:
    """Write `evaluation.parquet`: account_id, as_of, role (train, test), label, risk.

    The risk of a training row is what a tuning fold foretold of it, NaN where there is none.
    """
    if found.plan is None or found.served is None:
        return
    known = rows.take(rows.labelled)
    train, test = known.at(found.plan.train), found.served.test
    unseen = np.full(len(train.frame), np.nan)
    for fold in found.served.walked.tuning:
        ours = train.frame["as_of"].isin(list(fold.split.test)).to_numpy()
        unseen[ours] = fold.risk[fold.rows.labelled]
    parts = [
        part.frame[["account_id", "as_of"]].assign(role=role, label=part.y, risk=risk)
        for role, part, risk in (("train", train, unseen), ("test", test, found.served.risk))
    ]
    with atomic(workspace.evaluation) as temporary:
        pd.concat(parts, ignore_index=True).to_parquet(temporary, index=False)


def model_of(
    rows: Rows, learner: Learner, found: Examination, config: Config, report: TrainingReport
) -> Model:
    """The model as it will be saved: `learner` from labelled `rows`, judged by `report`."""
    base_rate = report.base_rate
    return Model(
        learner=learner,
        spec=found.recipe.spec,
        base_rate=base_rate,
        bands=Bands.around(base_rate, config.bands),
        golden_rows=golden(learner, rows.frame),
        rung=report.rung,
        metrics=report.metrics,
        verdict=report.verdict,
        audit="passed" if report.audit else "",
        data_fingerprint=report.data_fingerprint,
        data_until=report.data_until,
        foretold=foretold(found.served),
        peers=pool(rows, learner.names),
        journeys=report.beside.get("journeys", {}),
        report=report.kept(),
        twins=past(rows, learner),
    )


def foretold(served: Examined | None) -> pd.DataFrame:
    """The rows of a backtest as a later comparison needs them: model.FORETOLD."""
    if served is None:
        return pd.DataFrame(columns=list(FORETOLD))
    frame = served.test.frame
    segment = frame["segment"] if "segment" in frame else pd.Series("", index=frame.index)
    told = frame[["account_id", "as_of"]].assign(
        label=served.test.y, risk=served.risk, arr=yearly_value(frame), segment=segment
    )
    return told.sort_values(["as_of", "account_id"], ignore_index=True)


def save_proven(workspace: Workspace, model: Model) -> None:
    """Save the model under its version and have a child process try it out.

    What is there already, whole, stays where it is: it may be the champion.

    Raises:
        BadInputError: what was saved does not answer as it should.
    """
    folder = workspace.models / model.version
    try:
        artefact.read(folder)
    except (MissingError, BadInputError):
        model.save(folder)
    artefact.verify(folder)


def record(
    workspace: Workspace,
    config: Config,
    spec: ChurnSpec,
    report: TrainingReport,
    found: Examination,
) -> str:
    """Record the run in MLflow, with settings, figures, report and card; its id.

    The report is written to the workspace as well, for whoever just wants to look at it.
    """
    told = {**report.to_dict(), "provenance": report.provenance(spec, config)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        html = page(told, _pictures(told, found.served))
        (folder / REPORT).write_text(html, encoding="utf-8")
        (folder / "card.md").write_text(card(told), encoding="utf-8")
        write_json(folder / "report.json", told)
        with atomic(workspace.root / REPORT) as temporary:
            temporary.write_text(html, encoding="utf-8")
        content = track.Record(
            params={**_flat(config.model_dump(exclude={"churn"})), **_flat(spec.to_dict())},
            metrics=_logged({**report.metrics, **_tuned(report)}),
            tags=_tags(report, spec),
            artifacts=folder,
            children=[*_folds(report), *_trials(report)],
        )
        return track.record(workspace, config, content)


def _pictures(told: dict[str, Any], served: Examined | None) -> dict[str, str]:
    drawn = pictured(told)
    if served is None:
        return drawn
    drawn["reliability"] = reliability(served.rows, served.risk)
    learner = served.walked.report[-1].learner
    main = learner.voices[0]
    some = served.test.frame.sample(min(PICTURED_ROWS, len(served.risk)), random_state=0)
    if main.columns is not None and main.forest is not None:
        (X,) = tables(some, main.columns, learner.periods, learner.near[-1:])
        effects, _ = main.forest.contributions(X)
        count = len(main.columns.names)
        drawn["shap"] = shap_summary(effects[:, :count], X[:, :count], main.columns.names)
        drawn["shap_families"] = shap_families(effects[:, :count], main.columns.families)
    return drawn


def _tuned(report: TrainingReport) -> dict[str, dict[str, float | None]]:
    gained = report.search.get("difference")
    return {} if gained is None else {"tuned_minus_preset_roc_auc": gained}


def _tags(report: TrainingReport, spec: ChurnSpec) -> dict[str, str]:
    return {
        "verdict": report.verdict,
        "method": report.method,
        "spec": spec.hash,
        "data": report.data_fingerprint,
        "git_revision": report.git_revision or "unknown",
    }


def _folds(report: TrainingReport) -> list[track.Child]:
    return [
        track.Child(
            name=f"fold {fold['from']}",
            params={name: fold[name] for name in ("from", "to", "learnt_until")},
            metrics={
                "rows": float(fold["rows"]),
                "churned": float(fold["churned"]),
                "learnt_from": float(fold["learnt_from"]),
                **_logged({n: fold[n] for n in ("roc_auc", "average_precision")}),
            },
        )
        for fold in report.folds
    ]


def _trials(report: TrainingReport) -> list[track.Child]:
    return [
        track.Child(
            name=f"trial {number}",
            params=trial["settings"],
            metrics={} if trial["loss"] is None else {"log_loss": trial["loss"]},
        )
        for number, trial in enumerate(report.search.get("tried", ()))
    ]


def _logged(figures: dict[str, dict[str, float | None]]) -> dict[str, float]:
    suffix = {"value": "", "low": "_low", "high": "_high"}
    return {
        f"{name}{suffix[part]}": number
        for name, figure in figures.items()
        for part, number in figure.items()
        if number is not None
    }


def _flat(settings: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        nested = isinstance(value, dict)
        flat |= _flat(value, f"{prefix}{name}.") if nested else {f"{prefix}{name}": value}
    return flat
