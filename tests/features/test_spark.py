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


def test_both_engines_agree_on_every_feature(make_lake, company):
    tables = _side_by_side(company(0), company(1))
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


def _side_by_side(*companies: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of several companies as one, whose ids stay apart."""
    tables: dict[str, pd.DataFrame] = {}
    for name in companies[0]:
        parts = []
        for number, company in enumerate(companies):
            rows = company[name]
            ids = [c for c in rows.columns if c.endswith("_id")]
            parts.append(rows.assign(**{c: rows[c] + f"-{number}" for c in ids}))
        tables[name] = pd.concat(parts, ignore_index=True)
    return tables


def _to_the_microsecond(rows: pd.DataFrame) -> pd.DataFrame:
    """The same moments, moved by parts of a second."""
    parts = pd.to_timedelta([1, 500_000, 999_999] * len(rows), unit="us")[: len(rows)]
    moved = {c: rows[c] - parts for c in rows.columns if rows[c].dtype.kind == "M"}
    if "answered_at" in moved:
        moved["answered_at"] = rows["answered_at"] + parts
    return rows.assign(**moved)
