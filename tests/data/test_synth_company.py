"""The synthetic company obeys the contract, is the same every time, and runs forward."""

from datetime import date

import pandas as pd
import pytest

from data.column import Table
from data.contract import TABLES
from data.errors import BadInputError
from data.synth.company import Company, simulate, write

UNTIL = pd.Timestamp("2026-01-01")
START = pd.Timestamp("2022-12-31")  # three years of 365.25 days, rounded to whole days
DAY = pd.Timedelta(days=1)
OLDER = {"accounts", "subscriptions", "contacts"}
DTYPES = {"time": "datetime64[us]", "number": "float64", "integer": "Int64", "flag": "boolean"}
each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate(accounts=1000, seed=7, events=150_000)


@each_table
def test_a_table_has_the_columns_of_the_contract_in_their_types(company: Company, table: Table):
    rows = company.tables[table.name]
    assert tuple(rows.columns) == table.names
    assert {c.name: str(rows[c.name].dtype) for c in table.columns} == {
        c.name: DTYPES.get(c.kind, "str") for c in table.columns
    }
    assert len(rows) > 50


@each_table
def test_required_columns_are_never_empty_and_values_are_allowed(company: Company, table: Table):
    rows = company.tables[table.name]
    for column in table.columns:
        given = rows[column.name].dropna()
        assert len(given) == len(rows) or not column.required
        assert not column.choices or set(given) == set(column.choices) & set(given)
        assert column.minimum is None or (given >= column.minimum).all()
        assert column.maximum is None or (given <= column.maximum).all()


@each_table
def test_every_choice_occurs_and_no_column_is_empty_but_n_users(company: Company, table: Table):
    rows = company.tables[table.name]
    for column in table.columns:
        assert set(column.choices) <= set(rows[column.name].dropna())
        assert rows[column.name].notna().any() or column.name == "n_users"


@each_table
def test_keys_are_unique_and_accounts_exist(company: Company, table: Table):
    rows = company.tables[table.name]
    assert not table.key or not rows.duplicated(list(table.key)).any()
    assert set(rows["account_id"]) <= set(company.tables["accounts"]["account_id"])


@each_table
def test_people_in_a_row_belong_to_its_account(company: Company, table: Table):
    rows = company.tables[table.name]
    if table.name == "contacts" or "contact_id" not in rows:
        return
    owner = company.tables["contacts"].set_index("contact_id")["account_id"]
    named = rows[rows["contact_id"].notna()]
    assert len(named) > 0
    assert (owner.reindex(named["contact_id"]).to_numpy() == named["account_id"].to_numpy()).all()


@each_table
def test_rows_lie_in_the_period_and_nothing_is_known_that_comes_later(
    company: Company, table: Table
):
    rows = company.tables[table.name]
    assert (rows[table.time] < UNTIL).all()
    assert table.name in OLDER or (rows[table.time] >= START).all()
    assert (
        "known_at" not in rows
        or rows["known_at"].between(rows[table.time], UNTIL - DAY / 1e5).all()
    )
    for column in table.columns:
        if column.revealed_at == column.name:
            later = rows[rows[column.name].notna()]
            assert (later[column.name] < UNTIL).all()
            assert (later[column.name] > later[table.time]).all()
        elif column.revealed_at:
            assert rows.loc[rows[column.revealed_at].isna(), column.name].isna().all()


def test_a_few_rows_in_a_hundred_become_known_days_late(company: Company):
    rows = company.tables["interactions"]
    late = rows["known_at"] - rows["occurred_at"]
    assert 0.01 < (late > DAY).mean() < 0.03
    assert late[late > pd.Timedelta(0)].min() > DAY


def test_terms_follow_each_other_without_gap_or_overlap_but_for_those_who_come_back(
    company: Company,
):
    terms = company.tables["subscriptions"].sort_values(["account_id", "started_at"])
    following = terms.groupby("account_id")["started_at"].shift(-1)
    gap = (following - terms["ended_at"])[following.notna()]
    assert (gap >= pd.Timedelta(0)).all()
    back = gap > pd.Timedelta(0)
    assert back.any()
    assert (gap[back] > 30 * DAY).all()
    assert terms.loc[back[back].index, "end_kind"].isin(["voluntary", "involuntary"]).all()
    assert terms.loc[gap[~back].index, "end_kind"].isna().all()


def test_a_customer_who_goes_serves_the_term_and_only_the_firm_or_a_merger_ends_it_early(
    company: Company,
):
    terms = company.tables["subscriptions"]
    assert (terms["ended_at"].dropna() <= terms["term_ends_at"][terms["ended_at"].notna()]).all()
    chosen = terms[(terms["end_kind"] == "voluntary")]
    assert (chosen["ended_at"] == chosen["ended_at"].dt.normalize()).all()
    months = (chosen["term_ends_at"] - chosen["ended_at"]).dt.days / 30.4
    at_break = (months - months.round()).abs() * 30.4
    assert at_break.max() < 3.5  # the day of a break, counted in uneven months


def test_mrr_and_seats_shrink_for_some_and_grow_for_more(company: Company):
    terms = company.tables["subscriptions"].sort_values(["account_id", "started_at"])
    change = terms.groupby("account_id")["seats"].diff().dropna()
    assert (change < 0).sum() > 30
    assert (change > 0).sum() > 50
    assert (change == 0).sum() > len(change) / 2


def test_onset_precedes_decision_precedes_notice_precedes_end(company: Company):
    truth, terms = company.truth, company.tables["subscriptions"]
    assert (truth["decided_at"] < truth["ended_at"]).all()
    caused = truth[truth["cause"] != "acausal"]
    assert (caused["onset_at"] < caused["decided_at"]).all()
    assert truth.loc[truth["cause"] == "acausal", "onset_at"].isna().all()
    ends = truth.merge(terms, on=["account_id", "ended_at"], validate="one_to_one")
    assert len(ends) == len(truth)
    assert (ends["kind"] == ends["end_kind"]).all()
    given = ends[ends["notice_at"].notna()]
    assert (given["notice_at"] >= given["decided_at"]).all()
    assert (given["notice_at"] < given["ended_at"]).all()
    assert (given["kind"] == "voluntary").all()
    assert 0.55 < len(given) / (ends["kind"] == "voluntary").sum() < 0.85


def test_decisions_fall_at_least_ten_and_at_most_75_days_before_the_end(company: Company):
    chosen = company.truth[company.truth["kind"] == "voluntary"]
    ahead = (chosen["ended_at"] - chosen["decided_at"]).dt.total_seconds() / 86400
    assert ahead.between(10, 75).all()


def test_trouble_mostly_begins_two_to_eight_months_before_the_decision(company: Company):
    days = (company.truth["decided_at"] - company.truth["onset_at"]).dt.days.dropna()
    assert days.between(60, 240).mean() > 0.65


@pytest.mark.parametrize(
    ("table", "time"),
    [
        ("usage_events", "occurred_at"),
        ("interactions", "occurred_at"),
        ("tickets", "opened_at"),
        ("invoices", "issued_at"),
        ("surveys", "sent_at"),
    ],
)
def test_nothing_happens_long_after_the_end_of_service(company: Company, table: str, time: str):
    terms = company.tables["subscriptions"]
    life = terms.assign(ended_at=terms["ended_at"].fillna(UNTIL))[
        ["account_id", "started_at", "ended_at"]
    ]
    rows = company.tables[table].reset_index()[["index", "account_id", time]]
    joined = rows.merge(life, on="account_id")
    during = joined[time].between(joined["started_at"], joined["ended_at"] + 6 * DAY)
    assert set(joined.loc[during, "index"]) == set(rows["index"])


def test_a_fifth_of_the_customers_leave_each_year_and_as_many_come(company: Company):
    terms, truth = company.tables["subscriptions"], company.truth
    alive = [
        ((terms["started_at"] <= day) & ~(terms["ended_at"] <= day)).sum()
        for day in pd.date_range("2023-01-15", "2025-12-15", freq="MS")
    ]
    assert 0.17 < len(truth) / 3 / (sum(alive) / len(alive)) < 0.26
    assert 0.85 < alive[-1] / alive[0] < 1.15


def test_causes_have_about_their_intended_shares(company: Company):
    shares = company.truth["cause"].value_counts(normalize=True) * 100
    bounds = {
        "silence": (12, 24),
        "single_contact": (12, 24),
        "engagement": (12, 24),
        "reference_decline": (5, 15),
        "zombie": (7, 17),
        "payment": (5, 15),
        "support": (2, 11),
        "acausal": (3, 13),
        "merged": (0.3, 6),
    }
    assert set(shares.index) == set(bounds)
    assert {c for c, (low, high) in bounds.items() if not low < shares[c] < high} == set()


def test_the_same_seed_gives_the_same_company_and_another_seed_another():
    one, same, other = (simulate(accounts=40, years=1.0, seed=seed) for seed in (3, 3, 4))
    pd.testing.assert_frame_equal(one.truth, same.truth)
    for name, rows in one.tables.items():
        pd.testing.assert_frame_equal(rows, same.tables[name])
        assert not rows.equals(other.tables[name])


@pytest.mark.parametrize("wanted", [2_000, 60_000])
def test_the_number_of_usage_rows_comes_near_what_was_asked(wanted: int):
    rows = simulate(accounts=150, seed=1, events=wanted).tables["usage_events"]
    assert 0.75 < len(rows) / wanted < 1.3


def test_a_company_of_ten_in_half_a_year_around_a_leap_day_is_possible():
    company = simulate(accounts=10, years=0.5, seed=1, until=date(2024, 3, 1))
    assert len(company.tables["accounts"]) == 10
    assert company.tables["usage_events"]["occurred_at"].max() < pd.Timestamp("2024-03-01")


@pytest.mark.parametrize("wrong", [{"accounts": 9}, {"years": 0.4}, {"events": 0}])
def test_a_company_too_small_to_mean_anything_is_refused(wrong: dict[str, float]):
    with pytest.raises(BadInputError, match="expected at least 10 accounts"):
        simulate(**wrong)  # type: ignore[arg-type]


def test_write_puts_the_truth_beside_the_tables_and_reads_back_the_same(tmp_path):
    company = simulate(accounts=20, years=0.5)
    write(tmp_path / "out", company)
    tables = {p.stem for p in (tmp_path / "out").glob("*.parquet")}
    assert tables == {table.name for table in TABLES}
    back = pd.read_parquet(tmp_path / "out" / "subscriptions.parquet")
    pd.testing.assert_frame_equal(back, company.tables["subscriptions"], check_dtype=False)
    truth = pd.read_parquet(tmp_path / "out" / "truth" / "truth.parquet")
    assert list(truth) == ["account_id", "cause", "onset_at", "decided_at", "ended_at", "kind"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.suffix == ".tmp") == []
