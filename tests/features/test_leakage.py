"""No feature sees its own future: whatever is done to it, the past stays as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from data.churn import ChurnRule
from data.contract import BY_NAME
from features.build import build

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]
RULES = [ChurnRule(), ChurnRule(kind="silence", of="usage_events", days=90, active_days=180)]
# Companies stand side by side in one lake, which is built as fast as one of them alone.
ANY_SEEDS = given(
    seeds=st.lists(st.integers(0, 10_000), min_size=4, max_size=4, unique=True),
    cut=st.sampled_from(AS_OF[:2]),
)
FEW = settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _later(frame: pd.DataFrame, name: str, cut: pd.Timestamp) -> pd.Series:
    """Which rows lie at or after the cut by either clock."""
    late = frame[BY_NAME[name].time] >= cut
    return late | (frame["known_at"] >= cut) if "known_at" in frame else late


def _revealed_later(frame: pd.DataFrame, name: str, cut: pd.Timestamp) -> pd.DataFrame:
    """The rows with every value that was revealed at or after the cut taken away again."""
    out = frame.copy()
    for column in BY_NAME[name].columns:
        clock = column.revealed_at
        if clock in frame and column.name in frame:
            out[column.name] = frame[column.name].where(~(frame[clock] >= cut))
    return out


def without_the_future(tables, cut):
    return {
        n: _revealed_later(t[~_later(t, n, cut)], n, cut).reset_index(drop=True)
        for n, t in tables.items()
    }


def with_another_future(tables, cut, rng):
    """Later rows moved to other accounts and times, given nonsense values, and doubled."""
    out = {}
    for name, table in tables.items():
        past, future = table[~_later(table, name, cut)], table[_later(table, name, cut)]
        clock = BY_NAME[name].time
        twisted = future.assign(account_id=rng.permutation(future["account_id"]))
        moved = pd.to_timedelta(rng.integers(0, 90, len(future)), unit="D")
        twisted[clock] = twisted[clock].clip(lower=cut) + moved
        if "known_at" in twisted:
            twisted["known_at"] = twisted[clock]
        for column in twisted.select_dtypes("number"):
            twisted[column] = 1e9
        past = _delayed(past, name, cut)
        out[name] = pd.concat([past, twisted, twisted], ignore_index=True)
    return out


def _delayed(past: pd.DataFrame, name: str, cut: pd.Timestamp) -> pd.DataFrame:
    """Answers that came after the cut come a year later still."""
    out = past.copy()
    for column in BY_NAME[name].columns:
        if column.revealed_at == column.name and column.name in past:
            shifted = past[column.name] + pd.Timedelta(days=365)
            out[column.name] = past[column.name].where(~(past[column.name] >= cut), shifted)
    return out


def _features(make_lake, tables, moments, rule):
    table = build(make_lake(tables), moments, rule=rule)
    # A future row must not even exist in the key columns, so the whole table is compared.
    return table.sort_values(["account_id", "as_of"]).reset_index(drop=True)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.kind)
@ANY_SEEDS
@FEW
def test_a_past_without_its_future_with_another_or_among_other_snapshots_is_the_same(
    make_lake, side_by_side, rule, seeds, cut
):
    tables = side_by_side(*seeds)
    alone = _features(make_lake, tables, [cut], rule)
    for others in (
        without_the_future(tables, cut),
        with_another_future(tables, cut, np.random.default_rng(seeds)),
    ):
        assert_frame_equal(alone, _features(make_lake, others, [cut], rule))
    among = _features(make_lake, tables, AS_OF, rule)
    assert_frame_equal(alone, among[among["as_of"] == cut].reset_index(drop=True))


@ANY_SEEDS
@FEW
def test_half_of_the_accounts_have_the_same_features_without_the_others(
    make_lake, side_by_side, seeds, cut
):
    tables = side_by_side(*seeds)
    some = {n: t[t["account_id"].str[0].isin(["a", "c"])] for n, t in tables.items()}
    together = _features(make_lake, tables, [cut], ChurnRule())
    apart = _features(make_lake, some, [cut], ChurnRule())
    mine = together[together["account_id"].str[0].isin(["a", "c"])].reset_index(drop=True)
    assert_frame_equal(mine, apart)


def test_a_row_stamped_as_of_is_the_future(make_lake):
    as_of = pd.Timestamp("2024-03-01")
    tables = {
        "accounts": pd.DataFrame(
            {"account_id": ["a"], "created_at": [as_of - pd.Timedelta(days=99)]}
        ),
        "subscriptions": pd.DataFrame(
            {
                "subscription_id": ["s"],
                "account_id": ["a"],
                "started_at": [as_of - pd.Timedelta(days=99)],
                "mrr": [1.0],
            }
        ),
        "usage_events": pd.DataFrame(
            {
                "account_id": ["a", "a"],
                "occurred_at": [as_of, as_of - pd.Timedelta(seconds=1)],
                "feature": ["search", "export"],
            }
        ),
    }
    row = build(make_lake(tables), [as_of], rule=ChurnRule()).iloc[0]
    assert row["uses_7"] == 1
    assert row["features_used_30"] == 1
