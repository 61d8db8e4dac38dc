"""A company of seven accounts that can be checked by eye, and a model whose arithmetic can."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.workspace import Workspace
from training.bands import Bands
from training.explain import Points
from training.spec import ChurnSpec

TABLES = {
    # bee used to come to us every ten days and fell silent in April; cat has given notice; dog is
    # new; elk came back after a long gap; fox has left; gnu pays nothing we know the name of.
    "accounts": """
        account_id,created_at,name,segment,csm
        ant,2023-01-01,Ant & Co,small,dana
        bee,2023-01-01,Bee [Ltd],small,dana
        cat,2023-01-01,Cat,large,eli
        dog,2025-06-10,Dog,large,eli
        elk,2023-01-01,Elk,small,eli
        fox,2023-01-01,Fox,small,eli
        gnu/1,2023-01-01,,,
    """,
    "account_changes": """
        account_id,field,value,valid_from
        ant,csm,frida,2025-05-01
        ant,csm,later,2025-07-15
    """,
    "subscriptions": """
        subscription_id,account_id,started_at,term_ends_at,ended_at,notice_at,mrr
        s1,ant,2023-01-01,2026-01-01,,,100
        s2,bee,2023-01-01,2025-09-01,,,200
        s3,cat,2023-01-01,2025-08-01,2025-08-01,2025-06-20,300
        s4,dog,2025-06-10,2026-06-10,,,400
        s5,elk,2023-01-01,2023-12-31,2023-12-31,,50
        s6,elk,2025-06-01,2026-06-01,,,50
        s7,fox,2023-01-01,2024-12-31,2024-12-31,,60
        s8,gnu/1,2023-01-01,,,,0
    """,
}


def _interactions() -> str:
    rows = ["interaction_id,account_id,occurred_at,direction,channel,answered_at"]
    for account_id, last in (("ant", "2025-06-29"), ("bee", "2025-04-02"), ("gnu/1", "2025-06-29")):
        days = pd.date_range(end=last, periods=50, freq="10D")
        rows += [f"{account_id}-{i},{account_id},{d:%F},inbound,email," for i, d in enumerate(days)]
    rows += [f"ask-{d},bee,2025-05-{d},outbound,email," for d in (10, 20, 30)]
    return "\n".join(rows)


def write_tables(folder: Path) -> Path:
    """The company as CSV files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**TABLES, "interactions": _interactions()}.items():
        lines = [line.strip() for line in text.strip().splitlines()]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def company() -> Callable[[Path], Path]:
    """`write_tables`, for tests that change the company before it is landed."""
    return write_tables


@pytest.fixture(scope="session")
def landed(tmp_path_factory) -> Workspace:
    """The company, landed once; tests must not write to it."""
    root = tmp_path_factory.mktemp("landed")
    workspace = Workspace(root / "workspace")
    land(str(write_tables(root / "company")), workspace)
    return workspace


@pytest.fixture
def workspace(landed, tmp_path) -> Workspace:
    """A workspace of the test's own over the landed company."""
    own = Workspace(tmp_path / "workspace")
    own.root.mkdir()
    own.lake.symlink_to(landed.lake)
    return own


FEATURES = ("days_since_inbound", "unanswered_streak", "tenure_days", "segment")


class FakeModel(SimpleNamespace):
    """Risk in points: 11, 0.4 per day of silence beyond ten, 2 per message without an answer."""

    features = FEATURES
    method = "fake"
    base_rate = 0.1
    bands = Bands(high=0.4, elevated=0.2)

    def points(self, frame: pd.DataFrame) -> Points:
        columns = {
            "days_since_inbound": 0.004 * (frame["days_since_inbound"].fillna(10) - 10),
            "unanswered_streak": 0.02 * frame["unanswered_streak"].fillna(0),
            "tenure_days": np.full(len(frame), 0.01),
            "segment": np.zeros(len(frame)),
        }
        return Points(0.1, pd.DataFrame(columns, index=frame.index))

    def risk(self, frame: pd.DataFrame) -> np.ndarray:
        points = self.points(frame)
        return (points.base + points.features.sum(axis=1)).to_numpy()

    def healthy_value(self, feature: str, segment: str | None) -> float | None:
        values = {"days_since_inbound": 5.0 if segment == "small" else 7.0, "unanswered_streak": 0}
        return values.get(feature)


@pytest.fixture
def crown(monkeypatch) -> Callable[..., FakeModel]:
    """Make a fake model the champion: `crown(version)`."""

    def make(version: str = "m1", spec: ChurnSpec | None = None) -> FakeModel:
        model = FakeModel(version=version, spec=spec or ChurnSpec(rule=ChurnRule()))
        monkeypatch.setattr("serving.score.champion", lambda *_, **__: Path(version))
        monkeypatch.setattr("serving.score.Model.load", lambda _folder: model)
        return model

    return make
