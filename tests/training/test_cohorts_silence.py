from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.churn import ChurnRule
from data.engine import Engine
from training.cohorts import cohorts
from training.spec import ChurnSpec

SILENCE = ChurnSpec(
    rule=ChurnRule(kind="silence", of="usage_events", days=90, active_days=180), min_history_days=56
)
AS_OF = pd.Timestamp("2024-01-01")
LATE = pd.Timestamp("2025-01-01")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("engine")
    with Engine([folder], spill=folder / "spill") as opened:
        yield opened


def day(offset: int) -> str:
    """The date so many days after the snapshot."""
    return str((AS_OF + pd.Timedelta(days=offset)).date())


def seen(engine, text, *, spec=SILENCE, until=LATE):
    table = pd.read_csv(StringIO(text), names=["account_id", "occurred_at"], dtype=str)
    table["occurred_at"] = pd.to_datetime(table["occurred_at"], format="ISO8601")
    engine.table("usage_events", table)
    rows = pd.DataFrame({"account_id": sorted(table["account_id"].unique()), "as_of": AS_OF})
    return cohorts(engine, rows, spec, data_until=until).set_index("account_id")


@pytest.mark.parametrize(
    ("again", "cohort"),
    [("00:00:00", "healthy"), (None, "churned")],
)
def test_silence_looks_from_the_moment_itself(engine, again, cohort):
    text = "a,2023-06-01\na,2023-12-20" + (f"\na,{day(0)} {again}" if again else "")
    row = seen(engine, text).loc["a"]
    assert row["cohort"] == cohort
    assert row["kind"] == "silence" if cohort == "churned" else pd.isna(row["kind"])


def test_the_end_of_a_silence_is_not_part_of_it(engine):
    text = f"a,2023-06-01\na,{day(90)} 00:00:00\nb,2023-06-01\nb,{day(89)} 23:59:59"
    assert seen(engine, text)["cohort"].to_dict() == {"a": "churned", "b": "healthy"}


def test_a_silence_is_believed_when_its_days_are_over(engine):
    until = AS_OF + pd.Timedelta(days=90)
    assert seen(engine, "a,2023-06-01", until=until).loc["a", "cohort"] == "churned"
    until -= pd.Timedelta(seconds=1)
    assert seen(engine, "a,2023-06-01", until=until).loc["a", "cohort"] == "censored"


def test_a_silent_firm_counts_history_from_its_first_event(engine):
    text = f"exact,{day(-56)}\nyoung,{day(-55)}\nnever,{day(5)}"
    assert seen(engine, text)["cohort"].to_dict() == {
        "exact": "churned",
        "young": "excluded",
        "never": "excluded",
    }


def test_a_silence_ends_the_account_when_its_days_are_over(engine):
    text = f"left,2023-06-01\nback,2023-06-01\nback,{day(10)}\nyoung,{day(-55)}"
    result = seen(engine, text)
    assert result["ends_after"].to_dict() == {"back": float("inf"), "left": 90.0, "young": 90.0}
    assert result["at_risk"].to_dict() == {"back": True, "left": True, "young": False}
    assert result["cause"].unique().tolist() == ["silence"]


@given(
    past=st.lists(st.integers(min_value=-300, max_value=200), min_size=1, max_size=6),
    later=st.lists(st.integers(min_value=90, max_value=400), max_size=4),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_events_after_the_silence_has_closed_change_nothing(engine, past, later):
    def lines(offsets):
        return "\n".join(f"a,{day(offset)}" for offset in offsets)

    before = seen(engine, lines(past))
    pd.testing.assert_frame_equal(seen(engine, lines([*past, *later])), before)
