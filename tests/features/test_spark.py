"""Spark and DuckDB give the same feature table, for every feature that there is."""

from __future__ import annotations

import pandas as pd
import pytest

from data.churn import ChurnRule
from features.build import build
from features.catalog import CATALOG

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]
# The first two lie on both sides of a leap day and of the begin of summer time.
AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]
# The rule of contracts is tried by scoring (tests/serving/test_spark.py).
RULE = ChurnRule(kind="silence", of="interactions", days=60)


def test_both_engines_agree_on_every_feature(make_lake, side_by_side):
    tables = side_by_side(0, 1)
    tables["usage_events"] = tables["usage_events"].pipe(_to_the_microsecond)
    tables["interactions"] = tables["interactions"].pipe(_to_the_microsecond)
    workspace = make_lake(tables)
    here = build(workspace, AS_OF, rule=RULE)
    there = build(workspace, AS_OF, rule=RULE, engine="spark")
    assert len(here) > 12
    assert list(there) == list(here)
    for feature in CATALOG:
        known = here[feature.name].dropna()
        whole = feature.kind == "category" or (known == known.round()).all()
        pd.testing.assert_series_equal(
            there[feature.name],
            here[feature.name],
            check_exact=False,
            rtol=0 if whole else 1e-9,
            atol=0,
            obj=feature.name,
        )
    folders = sorted(p.name for p in (workspace.features / "by_moment").iterdir())
    assert folders == [f"as_of={day:%F}" for day in AS_OF]
    keys = ["account_id", "as_of", "coverage"]
    pd.testing.assert_frame_equal(there[keys], here[keys], check_exact=True)


def _to_the_microsecond(rows: pd.DataFrame) -> pd.DataFrame:
    """The same moments, moved by parts of a second."""
    parts = pd.to_timedelta([1, 500_000, 999_999] * len(rows), unit="us")[: len(rows)]
    moved = {c: rows[c] - parts for c in rows.columns if rows[c].dtype.kind == "M"}
    if "answered_at" in moved:
        moved["answered_at"] = rows["answered_at"] + parts
    return rows.assign(**moved)
