"""Lakes of a few rows that can be checked by eye, and the figures that they come to."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pandas as pd
import pytest

from data.churn import ChurnRule
from features.indicators.fold import Card, card
from features.indicators.indicator import Figure
from features.indicators.measure import Measured, measured
from features.indicators.scorecard import Settings
from tests.features.conftest import lake_at

AS_OF = "2025-01-01"
Tables = dict[str, str]


def rows(text: str) -> pd.DataFrame:
    """A table written with spaces between, `-` for nothing."""
    frame = pd.read_csv(StringIO(text), sep=r"\s+", na_values=["-"], dtype={"text": str})
    names = [str(name) for name in frame]
    times = [name for name in names if name.endswith(("_at", "_from"))]
    ids = [name for name in names if name.endswith("_id")]
    return frame.assign(
        **{name: pd.to_datetime(frame[name]) for name in times},
        **{name: frame[name].astype("str").where(frame[name].notna()) for name in ids},
    )


@pytest.fixture(scope="session")
def weigh(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Measured]:
    """Measure tables written as text; without `accounts` each account began years ago."""

    def make(
        tables: Tables,
        *moments: str,
        until: str = AS_OF,
        risks: pd.DataFrame | None = None,
        rule: ChurnRule | None = None,
        settings: Settings | None = None,
    ) -> Measured:
        frames = {name: rows(text) for name, text in tables.items()}
        known = sorted({i for f in frames.values() for i in f["account_id"].dropna()})
        old = pd.DataFrame({"account_id": known, "created_at": pd.Timestamp("2015-01-01")})
        frames.setdefault("accounts", old)
        if "usage_events" not in frames and "interactions" not in frames:
            # Something has to have happened, to nobody in particular.
            frames["interactions"] = rows(
                "interaction_id account_id occurred_at direction\nz nobody 2020-01-01 inbound"
            )
        return measured(
            lake_at(tmp_path_factory.mktemp("lake") / "workspace", frames, until),
            [pd.Timestamp(day) for day in moments or (AS_OF,)],
            rule=rule or ChurnRule(),
            settings=settings or Settings(),
            risks=risks,
        )

    return make


@pytest.fixture(scope="session")
def figured(weigh: Callable[..., Measured]) -> Callable[..., Card]:
    """The card of tables written as text, at the last moment; made once for the same tables."""
    made: dict[str, Card] = {}

    def make(tables: Tables, as_of: str = AS_OF, **options: object) -> Card:
        asked = repr((tables, as_of, options))
        if asked not in made:
            made[asked] = card(weigh(tables, as_of, **options), pd.Timestamp(as_of))
        return made[asked]

    return make


def of(figures: tuple[Figure, ...], indicator: str) -> Figure:
    """The figure of one indicator."""
    [found] = [figure for figure in figures if figure.indicator == indicator]
    return found


def told(figures: tuple[Figure, ...], indicator: str) -> tuple[object, ...]:
    """Value (or the reason why there is none), numerator, denominator and n of one indicator."""
    figure = of(figures, indicator)
    value = figure.reason if figure.value is None else round(figure.value, 6)
    return value, figure.numerator, figure.denominator, figure.n
