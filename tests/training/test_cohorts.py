from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.churn import ChurnRule
from data.engine import Engine
from training.cohorts import COHORTS, cohorts, counted
from training.spec import ChurnSpec

CONTRACT = ChurnSpec(rule=ChurnRule(grace_days=30))
AS_OF = pd.Timestamp("2024-01-01")
LATE = pd.Timestamp("2025-01-01")
COLUMNS = ["account_id", "started_at", "ended_at", "notice_at", "end_kind", "mrr"]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("engine")
    with Engine([folder], spill=folder / "spill") as opened:
        yield opened


def terms(text: str) -> pd.DataFrame:
    """Lines of account, start, end, notice, kind, mrr; blank means empty."""
    table = pd.read_csv(StringIO(text), names=COLUMNS, skipinitialspace=True, dtype=str)
    for column in ("started_at", "ended_at", "notice_at"):
        table[column] = pd.to_datetime(table[column], format="ISO8601")
    numbered = [str(i) for i in range(len(table))]
    return table.assign(mrr=table["mrr"].astype(float), subscription_id=numbered)


def day(offset: int) -> str:
    """The date so many days after the snapshot."""
    return str((AS_OF + pd.Timedelta(days=offset)).date())


def told(engine, table, *, spec=CONTRACT, until=LATE, as_of=AS_OF):
    engine.table("subscriptions", table)
    ids = sorted(table["account_id"].unique())
    rows = pd.DataFrame({"account_id": ids, "as_of": as_of})
    return cohorts(engine, rows, spec, data_until=until).set_index("account_id")


@pytest.mark.parametrize(
    ("end", "cohort"),
    [
        (0, "excluded"),  # paid service is over at the moment itself
        (1, "excluded"),  # too soon to act
        (14, "excluded"),  # the last day that is too soon
        (15, "churned"),
        (90, "churned"),  # the last day of the window
        (91, "healthy"),
    ],
)
def test_the_day_paid_service_ends_decides_the_cohort(engine, end, cohort):
    row = told(engine, terms(f"a,2022-01-01,{day(end)},,voluntary,100")).loc["a"]
    assert row["cohort"] == cohort
    expected = {"churned": 1.0, "healthy": 0.0}.get(cohort)
    assert row["label"] == expected if expected is not None else pd.isna(row["label"])


def test_a_moment_after_the_edge_counts_as_after(engine):
    table = terms(f"a,2022-01-01,{day(14)} 00:00:01,,,1\nb,2022-01-01,{day(90)} 00:00:01,,,1")
    assert told(engine, table)["cohort"].to_dict() == {"a": "churned", "b": "healthy"}


def test_the_kind_of_churn_is_told_and_an_unnamed_end_is_voluntary(engine):
    table = terms(
        f"a,2022-01-01,{day(50)},,voluntary,1\n"
        f"b,2022-01-01,{day(50)},,involuntary,1\n"
        f"c,2022-01-01,{day(50)},,,1\n"
        "d,2022-01-01,,,,1"
    )
    kinds = told(engine, table)["kind"]
    assert kinds[["a", "b", "c"]].tolist() == ["voluntary", "involuntary", "voluntary"]
    assert pd.isna(kinds["d"])


@pytest.mark.parametrize(
    ("gap", "cohort"), [(0, "healthy"), (30, "healthy"), (31, "churned"), (200, "churned")]
)
def test_a_gap_up_to_the_grace_is_bridged_and_a_longer_one_is_a_churn(engine, gap, cohort):
    table = terms(f"a,2022-01-01,{day(50)},,,1\na,{day(50 + gap)},,,,1")
    assert told(engine, table).loc["a", "cohort"] == cohort


def test_overlapping_and_unsorted_terms_count_as_one_stretch(engine):
    table = terms(
        f"a,{day(-100)},{day(200)},,,9\na,2022-01-01,{day(-50)},,,1\na,2022-06-01,{day(40)},,,1"
    )
    row = told(engine, table).loc["a"]
    assert (row["cohort"], row["label"]) == ("healthy", 0.0)


def test_the_last_end_of_a_stretch_names_the_kind_whatever_the_order_of_rows(engine):
    table = terms(
        f"a,2022-01-01,{day(60)},,involuntary,1\na,2022-02-01,{day(40)},,voluntary,1"
        f"\nb,2022-02-01,{day(40)},,involuntary,1\nb,2022-01-01,{day(60)},,,1"
    )
    assert told(engine, table)["kind"].to_dict() == {"a": "involuntary", "b": "voluntary"}


def test_a_term_that_ends_before_it_starts_is_no_service(engine):
    table = terms(
        f"a,2022-01-01,{day(50)},,,1\na,{day(60)},{day(60)},,,1\na,{day(70)},{day(65)},,,1"
    )
    assert told(engine, table).loc["a", "cohort"] == "churned"


def test_an_account_in_an_unpaid_gap_is_excluded_even_if_it_comes_back(engine):
    table = terms(f"a,2022-01-01,{day(-5)},,,1\na,{day(5)},,,,1\nb,{day(3)},,,,1")
    told_rows = told(engine, table)
    assert told_rows["cohort"].to_dict() == {"a": "excluded", "b": "excluded"}
    assert told_rows["reason"].unique().tolist() == ["no paid service at that moment"]


def test_history_counts_from_the_current_stretch(engine):
    table = terms(
        f"exact,{day(-56)},,,,1\n"
        f"young,{day(-55)},,,,1\n"
        f"winback,2020-01-01,{day(-200)},,,1\nwinback,{day(-30)},,,,1\n"
        f"bridged,2020-01-01,{day(-60)},,,1\nbridged,{day(-30)},,,,1"
    )
    assert told(engine, table)["cohort"].to_dict() == {
        "exact": "healthy",
        "young": "excluded",
        "winback": "excluded",
        "bridged": "healthy",
    }


def test_a_return_after_the_grace_is_a_churn_all_the_same(engine):
    table = terms(f"a,2022-01-01,{day(50)},,,1\na,{day(100)},,,,1")
    assert told(engine, table).loc["a", "label"] == 1


def test_notice_given_before_the_moment_sets_the_account_apart(engine):
    table = terms(
        f"left,2022-01-01,{day(60)},{day(-1)},voluntary,1\n"
        f"stayed,2022-01-01,,{day(-1)},,1\n"
        f"today,2022-01-01,{day(60)},{day(0)},voluntary,1\n"
        f"old,2022-01-01,{day(-1)},{day(-9)},,1\nold,{day(-1)},,,,1\n"
        f"soon,2022-01-01,{day(10)},{day(-1)},voluntary,1"
    )
    result = told(engine, table)
    assert result["cohort"].to_dict() == {
        "left": "decided",
        "stayed": "decided",
        "today": "churned",
        "old": "healthy",
        "soon": "decided",
    }
    assert result.loc[["left", "stayed", "soon"], "label"].isna().all()
    assert result.loc[["left", "stayed"], "outcome"].tolist() == [1, 0]
    assert pd.isna(result.loc["soon", "outcome"])


def test_a_merger_in_the_window_is_censored_and_later_it_does_not_matter(engine):
    table = terms(f"a,2022-01-01,{day(50)},,merged,1\nb,2022-01-01,{day(95)},,merged,1")
    result = told(engine, table)
    assert result["cohort"].to_dict() == {"a": "censored", "b": "healthy"}
    assert pd.isna(result.loc["a", "outcome"])


@pytest.mark.parametrize(("until", "cohort"), [(120, "churned"), (119, "censored")])
def test_a_churn_that_is_visible_before_the_window_has_closed_is_no_label_yet(
    engine, until, cohort
):
    table = terms(f"a,2022-01-01,{day(20)},,,1")
    row = told(engine, table, until=AS_OF + pd.Timedelta(days=until)).loc["a"]
    assert row["cohort"] == cohort
    assert pd.isna(row["label"]) == (cohort == "censored")


def test_late_data_moves_the_closing_of_the_window(engine):
    spec = ChurnSpec(rule=ChurnRule(grace_days=30), data_latency_days=7)
    table = terms("a,2022-01-01,,,,1")
    until = AS_OF + pd.Timedelta(days=126)
    assert told(engine, table, spec=spec, until=until).loc["a", "cohort"] == "censored"
    until += pd.Timedelta(days=1)
    assert told(engine, table, spec=spec, until=until).loc["a", "cohort"] == "healthy"


@pytest.mark.parametrize(("later", "cohort"), [(80, "contracted"), (81, "healthy")])
def test_revenue_that_falls_by_a_fifth_is_a_contraction_not_a_churn(engine, later, cohort):
    table = terms(f"a,2022-01-01,{day(30)},,,100\na,{day(30)},,,,{later}")
    row = told(engine, table).loc["a"]
    assert (row["cohort"], row["label"]) == (cohort, 0)


def test_revenue_is_the_sum_of_the_running_terms(engine):
    table = terms(f"a,2022-01-01,,,,60\na,2022-01-01,{day(90)},,,40")
    assert told(engine, table).loc["a", "cohort"] == "contracted"


def test_a_bridged_gap_on_the_last_day_of_the_window_is_no_contraction(engine):
    table = terms(f"a,2022-01-01,{day(85)},,,100\na,{day(95)},,,,100")
    assert told(engine, table).loc["a", "cohort"] == "healthy"


def test_rows_keep_their_order_and_index(engine):
    engine.table("subscriptions", terms(f"a,2022-01-01,,,,1\nb,2022-01-01,{day(30)},,,1"))
    rows = pd.DataFrame({"account_id": ["b", "a", "b"], "as_of": AS_OF}, index=[7, 3, 5])
    result = cohorts(engine, rows, CONTRACT, data_until=LATE)
    assert result.index.tolist() == [7, 3, 5]
    assert result["label"].tolist() == [1, 0, 1]
    assert counted(result) == {
        "churned": 2,
        "healthy": 1,
        "contracted": 0,
        "decided": 0,
        "censored": 0,
        "excluded": 0,
    }


def test_every_row_tells_how_long_service_lasts_and_how_it_ended(engine):
    table = terms(
        f"far,2022-01-01,{day(300)},,involuntary,1\n"
        f"half,2022-01-01,{day(50)} 12:00:00,,,1\n"
        f"merged,2022-01-01,{day(40)},,merged,1\n"
        "stays,2022-01-01,,,,1\n"
        f"back,2022-01-01,{day(20)},,,1\nback,{day(50)},{day(80)},,involuntary,1"
    )
    result = told(engine, table)
    assert result.index.tolist() == ["back", "far", "half", "merged", "stays"]
    assert result["ends_after"].tolist() == [80, 300, 50.5, 40, float("inf")]
    causes = result.loc[["back", "far", "half", "merged"], "cause"]
    assert causes.tolist() == ["involuntary", "involuntary", "voluntary", "merged"]


def test_at_risk_is_who_pays_long_enough_gave_no_notice_and_does_not_end_too_soon(engine):
    table = terms(
        f"soon,2022-01-01,{day(14)},,,1\n"
        f"later,2022-01-01,{day(15)},,,1\n"
        f"gone,2022-01-01,{day(-1)},,,1\n"
        f"young,{day(-55)},,,,1\n"
        f"notice,2022-01-01,{day(60)},{day(-1)},,1\n"
        f"merged,2022-01-01,{day(40)},,merged,1\n"
        "stays,2022-01-01,,,,1"
    )
    early = told(engine, table, until=AS_OF)
    late = told(engine, table)
    assert sorted(late.index[late["at_risk"]]) == ["later", "merged", "stays"]
    assert early["at_risk"].equals(late["at_risk"])
    assert early.loc["later", "cohort"] == "censored"


@pytest.mark.parametrize("horizon", [15, 90, 365])
def test_no_horizon_changes_what_became_of_the_accounts(engine, horizon):
    spec = ChurnSpec(rule=ChurnRule(grace_days=30), horizon_days=horizon)
    table = terms(f"a,2022-01-01,{day(60)},,,1\nb,2022-01-01,{day(200)},,,1\nc,2022-01-01,,,,1")
    columns = ["at_risk", "ends_after", "cause"]
    pd.testing.assert_frame_equal(
        told(engine, table, spec=spec)[columns], told(engine, table)[columns]
    )


OFFSETS = st.integers(min_value=-400, max_value=400)
TERM = st.tuples(
    st.sampled_from("abc"),
    OFFSETS,
    st.one_of(st.none(), OFFSETS),
    st.one_of(st.none(), OFFSETS),
    st.sampled_from(["voluntary", "involuntary", "merged", None]),
    st.integers(min_value=0, max_value=3),
)


def _random(drawn) -> pd.DataFrame:
    table = pd.DataFrame(drawn, columns=COLUMNS)
    for column in ("started_at", "ended_at", "notice_at"):
        table[column] = AS_OF + pd.to_timedelta(table[column].astype(float), unit="D")
    return table.assign(
        subscription_id=[f"{i:03}" for i in range(len(table))], mrr=table["mrr"] * 1.0
    )


@given(drawn=st.lists(TERM, min_size=1, max_size=12), later=st.lists(TERM, max_size=4))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_row_has_one_cohort_and_what_comes_after_the_closing_changes_nothing(
    engine, drawn, later
):
    table = _random(drawn)
    before = told(engine, table)
    assert set(before["cohort"]) <= set(COHORTS)
    learnt = before["cohort"].isin(["churned", "healthy", "contracted"])
    assert before["label"].notna().equals(learnt)
    assert (before["label"] == 1).equals(before["cohort"] == "churned")
    assert before.loc[learnt, "at_risk"].all()
    assert before.loc[before["at_risk"], "ends_after"].gt(CONTRACT.lead_days).all()
    left = before["at_risk"] & (before["ends_after"] <= CONTRACT.horizon_days)
    assert (left & (before["cause"] != "merged")).equals(before["cohort"] == "churned")
    closing = AS_OF + pd.Timedelta(days=CONTRACT.closes_after_days)
    known = {account for account, *_ in drawn}
    more = _random([term for term in later if term[0] in known] or [("a", 0, 0, 0, None, 0)])
    shift = closing - more["started_at"].min() + pd.Timedelta(seconds=1)
    added = more.assign(
        started_at=more["started_at"] + shift,
        ended_at=more["ended_at"] + shift,
        subscription_id="later" + more["subscription_id"],
    )
    both = pd.concat([table, added[added["account_id"].isin(known)]], ignore_index=True)
    after = told(engine, both)
    beyond = ["ends_after", "cause"]
    pd.testing.assert_frame_equal(after.drop(columns=beyond), before.drop(columns=beyond))
    known = before["ends_after"] <= CONTRACT.horizon_days
    assert (after["ends_after"] <= CONTRACT.horizon_days).equals(known)
    pd.testing.assert_frame_equal(after.loc[known, beyond], before.loc[known, beyond])
