"""On a company with planted causes the model finds them, and names them for those they drove."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.explanations import FAMILY_OF_CAUSE
from data.churn import ChurnRule
from data.land import land
from data.synth.company import simulate, write
from data.workspace import Workspace
from features.build import build, monthly
from features.catalog import CATALOG, FAMILIES
from features.feature import Feature
from training.backtest import walk
from training.config import Config, Preset
from training.examination import Task
from training.examine import NEAREST, examined, simple_rivals
from training.explain import points
from training.ladder import rung
from training.learner import Learner
from training.rows import rows_of
from training.split import planned
from training.verdict import judge

pytestmark = pytest.mark.slow

# Whatever else could be named to a success manager competes for the three places.
NAMED = [family.name for family in FAMILIES if not family.context]
PRESET = Preset(n_estimators=30, learning_rate=0.15)
NOISE = [f"noise_{i}" for i in range(5)]


@pytest.fixture(scope="module")
def backtest(tmp_path_factory):
    """A backtest on a company of 1,500, with five columns of pure noise, and the planted truth."""
    folder = tmp_path_factory.mktemp("company")
    company = simulate(accounts=1500, seed=11, events=225_000)
    write(folder, company)
    workspace = Workspace(folder / "workspace")
    land(str(folder), workspace)
    frame = build(workspace, monthly(workspace), rule=ChurnRule())
    rng = np.random.default_rng(0)
    # Noise that stays with an account for months, as real features do, is the hardest to tell.
    seeds = pd.DataFrame(
        rng.normal(size=(frame["account_id"].nunique(), len(NOISE))), columns=NOISE
    )
    who = frame["account_id"].factorize()[0]
    slow = seeds.to_numpy()[who] + 0.5 * rng.normal(size=(len(frame), len(NOISE)))
    frame = frame.assign(**{name: slow[:, i] for i, name in enumerate(NOISE)})
    # The horizons of the window: the reasons told are those of its risk, not of later years.
    config = Config(bootstrap=100, horizons=(30, 60, 90), lightgbm=PRESET)
    spec = config.spec(ChurnRule())
    recipe = Task(
        spec=spec,
        config=config,
        features=[*CATALOG, *(_noise(name) for name in NOISE)],
        until=pd.Timestamp(workspace.manifest()["data_until"]),
        journal=folder / "search.log",
        key="truth",
    ).recipe
    rows = rows_of(workspace, frame, spec)
    known = rows.take(rows.labelled)
    step = rung(known.churned, windows=len(recipe.periods))
    plan = planned(known.snapshots, gap_days=spec.gap_days, train_share=config.train_share)
    assert step.method == "hazard"
    assert plan is not None
    walked = walk(step.method, rows, plan, replace(recipe, full=step.full))
    served = examined(walked, known.at(plan.train), config)
    trivial = f"{NEAREST[spec.rule.kind]} alone"
    assert judge(served.draws, simple_rivals(rows, served, recipe), trivial).word == "usable"
    return served, company.truth


def _noise(name: str) -> Feature:
    return Feature(name=name, family=name, unit="", definition="noise", sources=("accounts",))


def test_each_planted_family_matters_more_than_any_noise(backtest):
    served, _ = backtest
    drop = served.families
    noise = max(drop[name] for name in NOISE)
    assert {f: drop[f] for f in FAMILY_OF_CAUSE.values() if drop[f] <= noise} == {}


def top_three_hits(served, truth) -> pd.DataFrame:
    """Held-out churners with a planted cause, and whether it is among their top three families.

    A family hits only if it also raises the risk.
    """
    folds, test = served.walked.report, served.test
    families = pd.concat([_told(fold.learner, fold.labelled.frame) for fold in folds])[NAMED]
    ranks = families.rank(axis=1, ascending=False).where(families > 0, np.inf)
    keys = test.frame[["account_id", "as_of"]].reset_index(drop=True)
    ranked = pd.concat([keys, ranks.reset_index(drop=True)], axis=1)[test.y == 1]
    caused = truth[truth["cause"].isin(FAMILY_OF_CAUSE)]
    joined = ranked.merge(caused, on="account_id")
    joined = joined[
        (joined["ended_at"] > joined["as_of"])
        & (joined["ended_at"] <= joined["as_of"] + pd.Timedelta(days=90))
    ]
    rank = [row[FAMILY_OF_CAUSE[row["cause"]]] for _, row in joined.iterrows()]
    return joined.assign(hit=np.array(rank) <= 3)


def _told(learner: Learner, frame: pd.DataFrame) -> pd.DataFrame:
    """Points per family, one row per row of the frame."""
    told = points(learner, frame)
    return told.families([learner.families[name] for name in told.features.columns])


def test_the_planted_cause_is_among_the_top_three_reasons_of_those_it_drove_away(backtest):
    hits = top_three_hits(*backtest)
    assert len(hits) >= 100
    assert hits["hit"].mean() >= 0.6
    assert (hits.groupby("cause")["hit"].mean() >= 0.6).all(), hits.groupby("cause")["hit"].mean()
