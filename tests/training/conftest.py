"""A very small company whose customers leave when they stop using the product."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.files import write_json
from data.workspace import LAKE_VERSION, Workspace
from features.feature import Feature
from features.rules import Rule
from training.backtest import with_calibration
from training.bands import Bands
from training.calibrate import Calibration
from training.config import BandRule, Preset
from training.fit import Lesson, Recipe, fitted
from training.ladder import Method
from training.learner import Learner
from training.model import Model, golden
from training.peers import pool
from training.rows import Rows, rows_of
from training.spec import ChurnSpec
from training.track import _QUIET


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
    _feature("overdue", "billing", direction=1),
    _feature("mrr", "profile"),
    _feature("segment", "profile", kind="category"),
    _feature("empty", "profile"),
)
RULES = (
    Rule(feature="use", family="engagement", points=6, why="use is low", sign=-1),
    Rule(feature="use_change", family="engagement", points=3, why="use falls", sign=-1),
    Rule(
        feature="overdue",
        family="billing",
        points=4,
        why="an invoice is overdue",
        sign=1,
        start=0,
        stop=30,
        involuntary=True,
    ),
)
SPEC = ChurnSpec(rule=ChurnRule())
PRESET = Preset(n_estimators=15, num_threads=1)
KINDS = (
    "rules",
    "rules and base rates",
    "blend",
    "classifier",
    "hazard",
    "hazard with failed payments told by rules",
    "hazard with failed payments learnt",
)
ACCOUNTS, MONTHS = 240, 26


@dataclass(frozen=True)
class Company:
    """A feature table, the contracts behind it, and the moment at which the data end."""

    frame: pd.DataFrame
    subscriptions: pd.DataFrame
    data_until: pd.Timestamp


def company(*, effect: float = 2.0, seed: int = 0, failing: float = 0.0) -> Company:
    """Accounts whose use wanders; the monthly odds of leaving fall by `effect` per unit of it.

    Of those who leave, the share `failing` does so by failed payments, overdue for months before.
    Without any, nothing is known of payments.
    """
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
    noise = rng.normal(size=len(account))
    failed = rng.random(ACCOUNTS) < failing
    late = failed[account] & (last[account] - month < 4) & (last[account] < MONTHS)
    overdue = np.where(late, 10.0, 0.0) + (rng.random(len(account)) < 0.1) * 5.0
    subscriptions["end_kind"] = np.where(failed, "involuntary", "voluntary")
    change = np.diff(use, axis=1, prepend=np.nan)
    frame = pd.DataFrame(
        {
            "account_id": np.array(ids)[account],
            "as_of": months[month],
            "use": use[account, month],
            "use_change": change[account, month],
            "noise": noise,
            "days_to_renewal": (account * 37 + month * 331) % 365.0,
            "overdue": overdue if failing else np.nan,
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
def rules() -> tuple[Rule, ...]:
    return RULES


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """What is learnt from the small company, with forests that grow quickly."""
    return Recipe(
        spec=SPEC,
        horizons=(45, 90, 180),
        features=FEATURES,
        rules=RULES,
        preset=PRESET,
        seed=0,
    )


@pytest.fixture(scope="session")
def small_rows(small_company, tmp_path_factory) -> Rows:
    """The small company with what became of its accounts."""
    workspace = landed(tmp_path_factory.mktemp("small") / "w", small_company)
    return rows_of(workspace, small_company.frame, SPEC)


@pytest.fixture(scope="session")
def failing_rows(tmp_path_factory) -> Rows:
    """A company a good third of whose leavers did not pay any more."""
    made = company(failing=0.4)
    return rows_of(landed(tmp_path_factory.mktemp("failing") / "w", made), made.frame, SPEC)


@pytest.fixture(scope="session")
def lesson(small_rows, small_company, recipe) -> Lesson:
    """All that is known about the small company at the end of its data."""
    return Lesson(rows=small_rows, until=small_company.data_until, recipe=recipe)


@pytest.fixture(scope="session")
def failing_lesson(lesson, failing_rows) -> Lesson:
    """All that is known about the company whose leavers often fail to pay."""
    return replace(lesson, rows=failing_rows)


@pytest.fixture(scope="session")
def learners(lesson, failing_lesson) -> dict[str, Learner]:
    """One learner of each kind, calibrated all alike."""
    full = replace(failing_lesson, recipe=replace(lesson.recipe, full=True))
    methods: tuple[Method, ...] = ("rules", "rules and base rates", "blend", "classifier", "hazard")
    found: dict[str, Learner] = {m: fitted(m, lesson, members=2) for m in methods}
    found["hazard with failed payments told by rules"] = fitted("hazard", failing_lesson, members=2)
    found["hazard with failed payments learnt"] = fitted("hazard", full, members=2)
    line = Calibration(slope=0.9, intercept=-0.2)
    return {name: with_calibration(learner, line) for name, learner in found.items()}


@pytest.fixture(params=KINDS)
def learner(request, learners) -> Learner:
    """Each kind of learner in turn."""
    return learners[request.param]


@pytest.fixture(scope="session")
def model(lesson) -> Model:
    frame, y = lesson.rows.frame, lesson.rows.y
    line = Calibration(slope=0.8, intercept=-0.1)
    learner = with_calibration(fitted("hazard", lesson, members=2), line)
    base_rate = float(np.nanmean(y))
    foretold = lesson.rows.frame.iloc[:3][["account_id", "as_of"]].assign(
        label=[0.0, 1.0, 0.0], risk=[0.1, 1 / 3, 0.2], arr=[1200.0, 60.5, 0.0], segment="small"
    )
    return Model(
        learner=learner,
        spec=lesson.recipe.spec,
        base_rate=base_rate,
        bands=Bands.around(base_rate, BandRule()),
        golden_rows=golden(learner, frame),
        metrics={"roc_auc": {"value": 0.8, "low": 0.7, "high": None}},
        foretold=foretold,
        peers=pool(lesson.rows, learner.names),
    )


@pytest.fixture
def at_once(monkeypatch) -> Callable[..., list[Any]]:
    """Call a function in so many processes at once: `at_once(4, function, *arguments)`.

    The function puts what it has to say into the queue that is its last argument. The processes
    come from one that has imported what they need: four that each import MLflow take 20 seconds.
    """
    for name, value in _QUIET.items():
        monkeypatch.setenv(name, value)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["mlflow.lightgbm", "training.promote"])

    def run(count: int, function: Callable[..., None], *arguments: object) -> list[Any]:
        said = context.Queue()
        racers = [context.Process(target=function, args=(*arguments, said)) for _ in range(count)]
        for racer in racers:
            racer.start()
        found = [said.get(timeout=300) for _ in racers]
        for racer in racers:
            racer.join()
        return found

    return run
