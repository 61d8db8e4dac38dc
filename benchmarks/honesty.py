"""Is the number in the report the number of the next quarter? Asked of synthetic companies.

    python benchmarks/honesty.py [--companies 48] [--quick]

Each company is cut at a moment T, the first of the last three months with known results. From what
was known at T come the backtest, by the method of the ladder at the default settings, and the model
of that method that would then be used. That
model scores the three months after T, whose results it has never met: the realised figure.

Prints per company the ROC-AUC of the backtest and the realised one, their difference with its 95 %
interval (accounts drawn separately on both sides), what a random split of the same rows would have
claimed and its error, how well the risks agreed with what came (predicted / observed, and the slope
of the outcome on the predicted log-odds), and which share of the ARR that was lost calls at
capacity reached, by risk x ARR and by ARR alone: in the backtest, and in the three months after T.

A few hundred lost accounts tell level and slope to within some 10 % only. So beside the goals for
them stands how often a forecaster that is right would meet them.

Companies differ in size, years of history, and in whom they serve, which sets the churn rate:
customers by the month leave more than twice as often as those billed by the year.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.honesty_table import HEAD, Firm, Reach, Result, goals, line
from data.churn import churn_rule
from data.engine import Engine, literal
from data.land import land
from data.synth.company import Company, simulate, write
from data.workspace import Workspace
from features.build import build, monthly
from features.catalog import CATALOG
from features.rules import load_rules
from training.agreement import agreement
from training.backtest import Walk, calibration, walk, with_calibration
from training.capacity import curves
from training.cohorts import cohorts
from training.config import Config
from training.evaluate import TestRows, measure, roc_auc
from training.examine import Examined, examined
from training.fit import Lesson, Recipe, fitted
from training.ladder import rung
from training.learner import Learner
from training.matrix import Numbers
from training.rows import Rows, rows_of
from training.sides import random_split
from training.spec import ChurnSpec
from training.split import planned

QUARTER = 3
CONFIG = Config(bootstrap=300)
# With 300 draws an end of an interval moves by some .005 from seed to seed, across 0 or not.
DRAWS = 10_000


@dataclass(frozen=True)
class Mix:
    """Whom a company serves: customers whose first contract meets `test`, `share` of all."""

    share: float
    test: Callable[[pd.DataFrame], pd.Series]


MIXES = {
    "all": Mix(1.0, lambda first: first["mrr"].notna()),
    "by the month": Mix(0.24, lambda first: first["term_days"] <= 31),
    "billed yearly": Mix(0.30, lambda first: first["billing_period_months"] == 12),
}


_KINDS = (
    Firm(600, 3.0, "all", 1),
    Firm(800, 2.5, "by the month", 2),
    Firm(1000, 3.0, "billed yearly", 3),
    Firm(3000, 2.5, "by the month", 4),
    Firm(400, 4.0, "all", 5),
    Firm(1200, 2.5, "by the month", 6),
    Firm(1000, 2.5, "all", 7),
    Firm(1500, 2.5, "billed yearly", 8),
    Firm(500, 3.0, "by the month", 9),
    Firm(1200, 2.5, "all", 10),
    Firm(700, 3.0, "all", 11),
    Firm(3200, 2.5, "by the month", 12),
    Firm(4000, 2.5, "by the month", 13),
    Firm(900, 3.5, "all", 14),
    Firm(1400, 3.0, "billed yearly", 15),
    Firm(5000, 2.5, "all", 16),
    Firm(600, 3.0, "by the month", 17),
    Firm(1600, 2.5, "all", 18),
    Firm(800, 4.0, "all", 19),
    Firm(3600, 2.5, "by the month", 20),
    Firm(1300, 3.0, "all", 21),
    Firm(2000, 2.5, "billed yearly", 22),
    Firm(700, 3.5, "by the month", 23),
    Firm(4500, 2.5, "all", 24),
)
FIRMS = (*_KINDS, *(replace(firm, seed=firm.seed + 100) for firm in _KINDS))


def company(firm: Firm) -> Company:
    """The simulated company, with only the customers of its mix."""
    mix = MIXES[firm.mix]
    everyone = round(firm.accounts / mix.share)
    whole = simulate(accounts=everyone, seed=firm.seed, years=firm.years)
    first = whole.tables["subscriptions"].sort_values("started_at").groupby("account_id").first()
    first["term_days"] = (first["term_ends_at"] - first["started_at"]).dt.days
    kept = first.index[mix.test(first)]
    tables = {name: rows[rows["account_id"].isin(kept)] for name, rows in whole.tables.items()}
    return Company(tables=tables, truth=whole.truth)


def landed(firm: Firm, folder: Path) -> Workspace:
    """A workspace in the folder that holds the company's tables."""
    write(folder / "company", company(firm))
    workspace = Workspace(folder / "workspace")
    land(str(folder / "company"), workspace)
    return workspace


def with_features(workspace: Workspace) -> tuple[Rows, ChurnSpec]:
    """The monthly rows of a workspace, what became of them by the end, and what is predicted."""
    spec = CONFIG.spec(churn_rule(workspace.manifest()["churn"]))
    frame = build(workspace, monthly(workspace), rule=spec.rule)
    return rows_of(workspace, frame, spec), spec


def known_at(moment: pd.Timestamp, rows: Rows, spec: ChurnSpec, workspace: Workspace) -> Rows:
    """The rows before a moment, with what was known then about what became of them."""
    frame = rows.frame[rows.frame["as_of"] < moment]
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        path = literal(workspace.lake / "subscriptions.parquet")
        engine.run(f"CREATE VIEW subscriptions AS SELECT * FROM read_parquet({path})")
        return Rows(frame, cohorts(engine, frame, spec, data_until=moment))


def recipe_of(spec: ChurnSpec, *, full: bool = False) -> Recipe:
    """How all fits here learn: the default settings without a search, for the window alone.

    Horizons beyond the window are learnt by forests of their own, so leaving them out changes
    nothing in the figures shown here.
    """
    return Recipe(
        spec=spec,
        horizons=tuple(day for day in CONFIG.horizons if day <= spec.window_days),
        features=CATALOG,
        rules=load_rules(),
        preset=CONFIG.lightgbm,
        seed=CONFIG.seed,
        full=full,
    )


def promised(rows: Rows, spec: ChurnSpec) -> tuple[Examined, Recipe]:
    """The examination that a report at that moment would show, by the method of the ladder."""
    known = rows.take(rows.labelled)
    step = rung(known.churned, windows=len(recipe_of(spec).periods))
    recipe = recipe_of(spec, full=step.full)
    plan = planned(known.snapshots, gap_days=spec.gap_days, train_share=CONFIG.train_share)
    if plan is None:
        raise SystemExit(f"{len(known.snapshots)} snapshots are too few to examine anything")
    walked = walk(step.method, rows, plan, recipe)
    return examined(walked, known.at(plan.train), CONFIG), recipe


def used(rows: Rows, walked: Walk, recipe: Recipe, moment: pd.Timestamp) -> Learner:
    """The model that would be used from the moment on: fitted and calibrated on all known then."""
    learner = fitted(walked.method, Lesson(rows=rows, until=moment, recipe=recipe))
    return with_calibration(learner, calibration(walked.folds, until=moment, recipe=recipe))


def compared(firm: Firm, folder: Path) -> Result:
    """What was promised and what came, for one company."""
    workspace = landed(firm, folder)
    rows, spec = with_features(workspace)
    quarter = rows.take(rows.labelled).snapshots[-QUARTER:]
    past = known_at(quarter[0], rows, spec, workspace)
    known = past.take(past.labelled)
    report, recipe = promised(past, spec)
    coming = rows.at(quarter)
    coming = coming.take(coming.labelled)
    risk = used(past, report.walked, recipe, quarter[0]).risk(coming.frame)
    test, apart = coming.examined(coming.y), replace(report.terms, seed=report.terms.seed + 1)
    told = roc_auc(report.rows, report.risk, replace(report.terms, bootstrap=DRAWS))
    came = roc_auc(test, risk, replace(apart, bootstrap=DRAWS))
    agreed = agreement(test, risk, apart)
    once = replace(report.terms, bootstrap=0)
    return Result(
        firm=firm,
        method=report.walked.method,
        churned=known.churned,
        rate=float(known.y.mean()),
        backtest=measure(told),
        realised=measure(came),
        difference=measure(told - came),
        random=float(
            random_split(past, report.walked.method, recipe, once)["roc_auc"]["value"] or np.nan
        ),
        came=coming.churned,
        ratio=agreed["ratio"],
        slope=agreed["slope"],
        told=reach(report.rows, report.risk),
        reached=reach(test, risk),
    )


def reach(rows: TestRows, risk: Numbers) -> Reach:
    """What calls at capacity reach on these rows."""
    orders = {"served": risk * rows.arr, "alone": rows.arr}
    found = curves(rows, orders, CONFIG.capacity)["at_capacity"]
    return Reach(**{name: float(found[name]["arr"]) for name in orders})


def main() -> None:
    """Compare company after company and print the table, then the goals."""
    parser = argparse.ArgumentParser(description="Backtest against what came.")
    parser.add_argument("--companies", type=int, default=len(FIRMS), help="how many, the first")
    parser.add_argument("--quick", action="store_true", help="a quarter of the accounts")
    given = parser.parse_args()
    shrink = 4 if given.quick else 1
    print(HEAD, flush=True)
    results = []
    for firm in FIRMS[: given.companies]:
        asked = replace(firm, accounts=max(400, firm.accounts // shrink))
        with tempfile.TemporaryDirectory() as name:
            results.append(compared(asked, Path(name)))
        print(line(results[-1]), flush=True)
    print("\n" + "\n".join(goals(results)))


if __name__ == "__main__":
    main()
