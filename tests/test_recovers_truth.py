"""On a company with planted causes the model finds them, and names them for those they drove."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.synth.company import simulate, write
from data.workspace import Workspace
from features.build import build, monthly
from features.catalog import CATALOG, FAMILIES
from features.feature import Feature
from training.backtest import backtest
from training.config import Config
from training.explain import contributions, points
from training.matrix import matrix
from training.rows import rows_of
from training.split import purged

pytestmark = pytest.mark.slow

FAMILY_OF_CAUSE = {
    "silence": "silence",
    "single_contact": "single_contact",
    "reference_decline": "reference_decline",
    "engagement": "engagement",
    "payment": "billing",
    "zombie": "zombie",
}
# Whatever else could be named to a success manager competes for the three places.
NAMED = [family.name for family in FAMILIES if not family.context]
NOISE = [f"noise_{i}" for i in range(5)]


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """A backtest on a company of 1,500, with five columns of pure noise, and the planted truth."""
    folder = tmp_path_factory.mktemp("company")
    company = simulate(accounts=1500, seed=11)
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
    features = [*CATALOG, *(_noise(name) for name in NOISE)]
    config = Config()
    spec = config.spec(ChurnRule())
    rows = rows_of(workspace, frame, spec)
    known = rows.take(rows.labelled)
    split = purged(
        known.snapshots, closes_after_days=spec.closes_after_days, train_share=config.train_share
    )
    assert split is not None
    return backtest(rows, split, spec, features, config), company.truth


def _noise(name: str) -> Feature:
    return Feature(name=name, family=name, unit="", definition="noise", sources=("accounts",))


def test_each_planted_family_matters_more_than_any_noise(examined):
    found, _ = examined
    drop = found.importance(seed=0)
    noise = max(drop[name] for name in NOISE)
    assert {f: drop[f] for f in FAMILY_OF_CAUSE.values() if drop[f] <= noise} == {}


def top_three_hits(found, truth) -> pd.DataFrame:
    """Held-out churners with a planted cause, and whether it is among their top three families.

    A family hits only if it also raises the risk.
    """
    learnt, test = found.learnt, found.test
    effects, expected = contributions(learnt.booster, matrix(test.frame, learnt.columns))
    told = points(effects, expected, learnt.calibration, learnt.columns.names)
    families = told.families(learnt.columns)[NAMED]
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


def test_the_planted_cause_is_among_the_top_three_reasons_of_those_it_drove_away(examined):
    hits = top_three_hits(*examined)
    assert len(hits) >= 100
    assert hits["hit"].mean() >= 0.6
    assert (hits.groupby("cause")["hit"].mean() >= 0.6).all(), hits.groupby("cause")["hit"].mean()
