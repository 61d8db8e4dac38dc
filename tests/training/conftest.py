"""A very small company whose customers leave when they stop using the product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.files import write_json
from data.workspace import LAKE_VERSION, Workspace
from features.feature import Feature
from training.bands import Bands
from training.calibrate import Calibration
from training.config import BandRule, Config
from training.fit import fit
from training.matrix import learn, matrix
from training.model import Model, golden, healthy_medians
from training.spec import ChurnSpec


def _feature(name, family, *, direction=0, kind="number"):
    return Feature(
        name=name,
        family=family,
        unit="",
        definition=name,
        sources=(),
        direction=direction,
        kind=kind,
    )


FEATURES = (
    _feature("use", "engagement", direction=-1),
    _feature("use_change", "engagement", direction=-1),
    _feature("noise", "silence"),
    _feature("days_to_renewal", "billing"),
    _feature("mrr", "profile"),
    _feature("segment", "profile", kind="category"),
    _feature("empty", "profile"),
)
ACCOUNTS, MONTHS = 240, 26


@dataclass(frozen=True)
class Company:
    """A feature table, the contracts behind it, and the moment at which the data end."""

    frame: pd.DataFrame
    subscriptions: pd.DataFrame
    data_until: pd.Timestamp


def company(*, effect: float = 2.0, seed: int = 0) -> Company:
    """Accounts whose use wanders; the monthly odds of leaving fall by `effect` per unit of it."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2022-01-01", periods=MONTHS, freq="MS", unit="us")
    steps = rng.normal(scale=0.4, size=(ACCOUNTS, MONTHS))
    use = np.cumsum(steps, axis=1) + rng.normal(size=(ACCOUNTS, 1))
    leaves = rng.random((ACCOUNTS, MONTHS)) < 1 / (1 + np.exp(3.7 + effect * use))
    last = np.where(leaves.any(axis=1), leaves.argmax(axis=1), MONTHS)
    ids = [f"a{number:03}" for number in range(ACCOUNTS)]
    ends = [
        months[at] + pd.Timedelta(days=int(rng.integers(16, 28))) if at < MONTHS else pd.NaT
        for at in last
    ]
    mrr = rng.lognormal(6, 1, size=ACCOUNTS).round()
    subscriptions = pd.DataFrame(
        {
            "subscription_id": ids,
            "account_id": ids,
            "started_at": pd.Timestamp("2021-06-01"),
            "ended_at": pd.Series(ends, dtype="datetime64[us]"),
            "notice_at": pd.Series([pd.NaT] * ACCOUNTS, dtype="datetime64[us]"),
            "end_kind": "voluntary",
            "mrr": mrr,
        }
    )
    account, month = np.nonzero(np.arange(MONTHS) <= last[:, None])
    change = np.diff(use, axis=1, prepend=np.nan)
    frame = pd.DataFrame(
        {
            "account_id": np.array(ids)[account],
            "as_of": months[month],
            "use": use[account, month],
            "use_change": change[account, month],
            "noise": rng.normal(size=len(account)),
            "days_to_renewal": (account * 37 + month * 331) % 365.0,
            "mrr": mrr[account],
            "segment": np.where(account % 3 == 0, "large", "small"),
            "empty": np.nan,
            "coverage": 1.0,
        }
    )
    return Company(frame, subscriptions, months[-1])


def landed(root: Path, made: Company) -> Workspace:
    """A workspace in which the company's contracts have landed."""
    workspace = Workspace(root)
    workspace.lake.mkdir(parents=True)
    made.subscriptions.to_parquet(workspace.lake / "subscriptions.parquet", index=False)
    manifest = {
        "version": LAKE_VERSION,
        "data_until": made.data_until.isoformat(),
        "churn": {"kind": "contract", "grace_days": 30},
        "tables": {"subscriptions": {}},
        "fingerprint": "f" * 64,
    }
    write_json(workspace.lake / "manifest.json", manifest)
    return workspace


@pytest.fixture(scope="session")
def features() -> tuple[Feature, ...]:
    return FEATURES


@pytest.fixture(scope="session")
def make_company():
    return company


@pytest.fixture(scope="session")
def land_company():
    return landed


@pytest.fixture(scope="session")
def small_company() -> Company:
    return company()


@pytest.fixture(scope="session")
def known(small_company) -> tuple[pd.DataFrame, np.ndarray]:
    """A feature table with an outcome that depends on use, for what needs no time."""
    frame = small_company.frame.iloc[:2000].reset_index(drop=True)
    rng = np.random.default_rng(1)
    odds = np.exp(-2.0 - 1.5 * frame["use"].to_numpy())
    return frame, (rng.random(len(frame)) < odds / (1 + odds)).astype(float)


@pytest.fixture(scope="session")
def model(known) -> Model:
    frame, y = known
    columns = learn(frame, FEATURES)
    X = matrix(frame, columns)
    booster = fit(X, y, columns, preset=Config().lightgbm, seed=0)
    return Model(
        text=booster.model_to_string(),
        columns=columns,
        calibration=Calibration(slope=0.8, intercept=-0.1),
        spec=ChurnSpec(rule=ChurnRule()),
        base_rate=float(y.mean()),
        bands=Bands.around(float(y.mean()), BandRule()),
        healthy=healthy_medians(frame[y == 0], columns, frame.loc[y == 0, "segment"]),
        golden_rows=golden(X),
        metrics={"roc_auc": {"value": 0.8, "low": 0.7, "high": None}},
    )
