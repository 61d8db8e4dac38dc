"""Training from landed tables to a registered model, or to an honest no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

from data.churn import churn_rule
from data.engine import EngineName
from data.errors import RefusedError
from data.workspace import Workspace, quiet
from features.audit.replay import keep
from features.build import build, monthly
from features.catalog import CATALOG
from training import track
from training.audited import audited
from training.backtest import Backtest, backtest, final
from training.cohorts import counted
from training.config import Config
from training.publish import model_of, record, save_proven, write_evaluation
from training.report import TrainingReport, compared, figures, unfinished
from training.rows import Rows, rows_of
from training.spec import ChurnSpec
from training.split import Split, purged
from training.verdict import Verdict, judge, too_few, too_short

Say = Callable[[str], None]


def train(workspace: Workspace, config: Config, *, say: Say = quiet) -> TrainingReport:
    """Learn from the landed data, be judged on its last snapshots, and register what is usable.

    An examination is recorded in MLflow whatever its verdict, and `evaluation.parquet` holds its
    rows. Only a usable model is fitted once more on all rows with a known result, saved, tried out
    by a child process, and made champion.

    Raises:
        RefusedError: the audit found that the features or the data know the future.
    """
    with workspace.locked():
        workspace.evaluation.unlink(missing_ok=True)
        spec = config.spec(churn_rule(workspace.manifest()["churn"]))
        rows = _prepared(workspace, spec, config.engine, say)
        if isinstance(rows, Verdict):
            return unfinished(rows, {})
        split = _examinable(rows, spec, config)
        if isinstance(split, Verdict):
            return unfinished(split, counted(rows.fate))
        checked = audited(workspace, rows, spec, builder=build, say=say)
        checked.refuse_leaks()
        say(f"learning from {len(split.train)} snapshots, testing on {len(split.test)}")
        found = backtest(rows, split, spec, CATALOG, config)
        write_evaluation(workspace, found)
        report = _reported(rows, found, config)
        fingerprint = workspace.manifest()["fingerprint"]
        report = replace(report, data_fingerprint=fingerprint, audit=checked.to_dict())
        say(f"{report.verdict.replace('_', ' ')}; recording the run")
        run_id = record(workspace, config, spec, report, found)
        keep(workspace, rows.frame)
        if report.verdict != "usable":
            return report
        known = rows.take(rows.labelled)
        model = model_of(known, final(known, found, CATALOG, config), spec, config, report)
        save_proven(workspace, model)
        track.register(workspace, config, model, run_id=run_id)
        return replace(report, model_version=model.version)


def _prepared(
    workspace: Workspace, spec: ChurnSpec, engine: EngineName, say: Say
) -> Rows | Verdict:
    try:
        snapshots = monthly(workspace)
    except RefusedError as error:
        return Verdict("not_enough_data", str(error).removeprefix("not enough data: "))
    say(f"building features of {len(snapshots)} snapshots")
    table = build(workspace, snapshots, rule=spec.rule, engine=engine)
    return rows_of(workspace, table, spec)


def _examinable(rows: Rows, spec: ChurnSpec, config: Config) -> Split | Verdict:
    """The split of the snapshots with known results, or why there is none worth examining."""
    known = rows.take(rows.labelled)
    closes = spec.closes_after_days
    split = purged(known.snapshots, closes_after_days=closes, train_share=config.train_share)
    if split is None:
        return too_short(len(known.snapshots), closes_after_days=closes)
    return too_few(known.at(split.train).churned, known.at(split.test).churned) or split


def _reported(rows: Rows, found: Backtest, config: Config) -> TrainingReport:
    verdict = judge(found.ours, found.rivals, found.trivial)
    decided = {name: figure.to_dict() for name, figure in found.with_decided.items()}
    return TrainingReport(
        verdict=verdict.word,
        sentence=verdict.sentence,
        cohorts=counted(rows.fate),
        metrics={**figures(found.ours), **decided},
        baselines={name: compared(found.ours, draws) for name, draws in found.rivals.items()},
        families=found.importance(seed=config.seed),
        train=found.train.summary(),
        test=found.test.summary(),
        dropped=found.learnt.columns.dropped,
        calibration=asdict(found.learnt.calibration),
    )
