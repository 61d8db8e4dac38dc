"""Training from landed tables to a registered challenger, or to an honest no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from importlib.metadata import version as installed

import pandas as pd

from data.churn import churn_rule
from data.engine import EngineName
from data.errors import RefusedError
from data.workspace import Workspace, quiet
from features.audit.replay import keep
from features.build import build, monthly
from features.catalog import CATALOG
from training import track
from training.audited import audited
from training.cohorts import counted
from training.config import Config
from training.examination import Examination, Task, beside, examination, final
from training.examine import with_decided
from training.promote import first_promotion
from training.provenance import git_revision
from training.publish import model_of, record, save_proven, write_evaluation
from training.reasons import reasons
from training.report import TrainingReport, compared, figures, unfinished
from training.rows import Rows, rows_of
from training.spec import ChurnSpec
from training.verdict import Verdict, none_known

Say = Callable[[str], None]


def train(workspace: Workspace, config: Config, *, say: Say = quiet) -> TrainingReport:
    """Learn from the landed data, be judged by the past, and register a challenger.

    An examination is recorded in MLflow whatever its verdict, and `evaluation.parquet` holds its
    rows. What is usable is fitted once more on all rows with a known result, saved, tried out by a
    child process, and registered as the challenger. Where there is no champion yet, it goes
    through the gate at once. Where too few accounts churned to learn from, the rules are what is
    registered, and the verdict stays `not_enough_data`.

    Raises:
        RefusedError: the audit found that the features or the data know the future.
    """
    with workspace.locked():
        return _recorded(workspace, config, say, fit=True)


def examine(workspace: Workspace, config: Config, *, say: Say = quiet) -> TrainingReport:
    """The backtest alone: the same examination and report, and nothing is fitted or registered.

    Raises:
        RefusedError: the audit found that the features or the data know the future.
    """
    with workspace.locked():
        return _recorded(workspace, config, say, fit=False)


def _recorded(workspace: Workspace, config: Config, say: Say, *, fit: bool) -> TrainingReport:
    prepared = _examined(workspace, config, say)
    if isinstance(prepared, Verdict):
        return unfinished(prepared)
    rows, found, report = prepared
    model = None
    if fit and found.usable:
        say(f"fitting the {found.method} on all known rows")
        learner = final(rows, found, _until(workspace))
        report = replace(report, calibration=asdict(learner.voices[0].calibration))
        model = model_of(rows.take(rows.labelled), learner, found, config, report)
        report = replace(report, model_version=model.version)
    say(f"{report.verdict.replace('_', ' ')}; recording the run")
    run_id = record(workspace, config, found.recipe.spec, report, found)
    keep(workspace, rows.frame)
    if model is None:
        return report
    save_proven(workspace, model)
    track.register(workspace, config, model, run_id=run_id)
    return replace(report, promotion=first_promotion(workspace, config, model, rows.frame))


def _examined(
    workspace: Workspace, config: Config, say: Say
) -> tuple[Rows, Examination, TrainingReport] | Verdict:
    workspace.evaluation.unlink(missing_ok=True)
    spec = config.spec(churn_rule(workspace.manifest()["churn"]))
    rows = _prepared(workspace, spec, config.engine, say)
    if isinstance(rows, Verdict):
        return rows
    checked = audited(workspace, rows, spec, builder=build, say=say)
    checked.refuse_leaks()
    until, manifest = _until(workspace), workspace.manifest()
    task = Task(
        spec=spec,
        config=config,
        features=CATALOG,
        until=until,
        journal=workspace.models / "search.log",
        key=_question(manifest["fingerprint"], spec, config),
    )
    found = examination(rows, task, say=say)
    write_evaluation(workspace, rows, found)
    report = _reported(rows, found)
    return (
        rows,
        found,
        replace(
            report,
            beside=beside(rows, found, until, say=say),
            audit=checked.to_dict(),
            data_fingerprint=manifest["fingerprint"],
            data_until=f"{until:%Y-%m-%d}",
            git_revision=git_revision(),
        ),
    )


def _prepared(
    workspace: Workspace, spec: ChurnSpec, engine: EngineName, say: Say
) -> Rows | Verdict:
    try:
        snapshots = monthly(workspace)
    except RefusedError as error:
        return Verdict("not_enough_data", str(error).removeprefix("not enough data: "))
    say(f"building features of {len(snapshots)} snapshots")
    table = build(workspace, snapshots, rule=spec.rule, engine=engine)
    rows = rows_of(workspace, table, spec)
    return rows if rows.labelled.any() else none_known(spec.closes_after_days)


def _reported(rows: Rows, found: Examination) -> TrainingReport:
    known = rows.take(rows.labelled)
    report = TrainingReport(
        verdict=found.verdict.word,
        sentence=found.verdict.sentence,
        method=found.method,
        cohorts=counted(rows.fate),
        reasons=reasons(rows.fate),
        rung=found.rung.to_dict(),
        search=found.search,
        base_rate=found.base_rate(known),
    )
    served, plan = found.served, found.plan
    if served is None or plan is None:
        return report
    baselines = {name: compared(served.draws, draws) for name, draws in found.rivals.items()}
    columns = served.walked.report[-1].learner.voices[0].columns
    return replace(
        report,
        metrics={**figures(served.draws), **with_decided(rows, served)},
        baselines=baselines,
        train=known.at(plan.train).summary(),
        test=served.test.summary(),
        dropped={} if columns is None else columns.dropped,
    )


def _question(fingerprint: str, spec: ChurnSpec, config: Config) -> str:
    """What a search is about: with other data, another task or other features it begins anew."""
    task = config.model_dump_json(include={"seed", "horizons", "train_share", "rules"})
    names = ",".join(feature.name for feature in CATALOG)
    return f"{fingerprint} {spec.hash} {task} {names} {installed('forewarn')}"


def _until(workspace: Workspace) -> pd.Timestamp:
    return pd.Timestamp(workspace.manifest()["data_until"])
