"""The mappings of three third-party sets, landed for real: counts, churn and oddities."""

from pathlib import Path

import pandas as pd
import pytest

from data.land import land
from data.workspace import Workspace

MAPPINGS = Path(__file__).parents[2] / "data" / "mappings"


@pytest.fixture(scope="module")
def landed(shared_data, tmp_path_factory):
    """Land one of the sets by its shipped mapping; each only once."""
    known = {}

    def _landed(name):
        if name not in known:
            workspace = Workspace(tmp_path_factory.mktemp(name) / "workspace")
            mapping = MAPPINGS / f"{name}.yml"
            known[name] = land(str(shared_data / name), workspace, mapping=mapping)
            for table in known[name].tables:
                assert table.read == table.kept + table.duplicate + table.quarantined
        return known[name]

    return _landed


def kept(report):
    return {table.name: table.kept for table in report.tables}


def rows(report, table):
    return pd.read_parquet(report.lake / f"{table}.parquet")


def problems(report):
    return {(p.table, p.problem): p.rows for p in report.problems}


def test_fightchurn_counts(landed):
    report = landed("fightchurn_crm5")
    assert kept(report) == {"accounts": 2599, "subscriptions": 23353, "usage_events": 2571263}
    assert report.churn.kind == "contract"
    assert problems(report) == {("usage_events", "after the end of paid service"): 3}


def test_fightchurn_churn_is_that_of_its_labels(landed, shared_data):
    report = landed("fightchurn_crm5")
    terms = rows(report, "subscriptions")
    last = terms.sort_values("started_at").groupby("account_id").tail(1).set_index("account_id")
    gone = last["ended_at"].dropna()
    labels = pd.read_csv(
        shared_data / "fightchurn_crm5" / "churn_labels_derived.csv",
        dtype={"account_id": str},
        parse_dates=["churn_date"],
    ).set_index("account_id")["churn_date"]
    # The labels stop a week before the data does: whoever left after that might still come back.
    open_yet = gone[gone > labels.max()]
    assert len(labels) == 526
    assert len(open_yet) == 4
    assert gone.drop(open_yet.index).sort_index().to_dict() == labels.sort_index().to_dict()


def test_fightchurn_terms_never_pause_long_enough_to_be_a_churn(landed):
    terms = rows(landed("fightchurn_crm5"), "subscriptions").sort_values("started_at")
    pause = terms["started_at"] - terms.groupby("account_id")["ended_at"].shift()
    assert pause.max() <= pd.Timedelta(days=3)


def test_fightchurn_scheduled_end_does_not_tell_the_future(landed):
    terms = rows(landed("fightchurn_crm5"), "subscriptions")
    length = (terms["term_ends_at"] - terms["started_at"]).dt.days
    shortest, longest = {1: (28, 31), 6: (181, 184), 12: (365, 366)}, terms["billing_period_months"]
    for months, (low, high) in shortest.items():
        assert length[longest == months].between(low, high).all()


def test_online_retail_counts(landed):
    report = landed("uci_online_retail")
    assert kept(report) == {"accounts": 4334, "usage_events": 396337, "invoices": 22145}
    assert report.churn.days == 90
    assert problems(report)[("invoices", "account is not in accounts")] == 45


def test_online_retail_accounts_begin_with_their_first_purchase(landed):
    report = landed("uci_online_retail")
    first = rows(report, "usage_events").groupby("account_id")["occurred_at"].min()
    created = rows(report, "accounts").set_index("account_id")["created_at"]
    assert created.sort_index().to_dict() == first.sort_index().to_dict()
    assert created.index.str.fullmatch(r"\d{5}").all()


def test_online_retail_till_times_are_of_london(landed):
    events = rows(landed("uci_online_retail"), "usage_events")
    assert str(events["occurred_at"].min()) == "2010-12-01 08:26:00"
    # The till said 08:16 on 1 July: an hour less in UTC while British summer time lasts.
    july = events.loc[events["occurred_at"] >= "2011-07-01", "occurred_at"].min()
    assert str(july) == "2011-07-01 07:16:00"


def test_online_retail_cancellations_are_credit_notes(landed):
    invoices = rows(landed("uci_online_retail"), "invoices")
    cancelled = invoices["invoice_id"].str.startswith("C")
    assert (invoices.loc[cancelled, "amount"] < 0).all()
    assert (invoices.loc[~cancelled, "amount"] >= 0).all()


def test_ravenstack_is_landed_and_its_oddities_are_told(landed):
    report = landed("ravenstack")
    assert kept(report) == {
        "accounts": 500,
        "subscriptions": 500,
        "usage_events": 25000,
        "tickets": 2000,
    }
    found = problems(report)
    assert found[("tickets", "before the account exists")] == 1077
    assert found[("usage_events", "before the account exists")] == 13198


def test_ravenstack_dates_are_day_month_year(landed):
    accounts = rows(landed("ravenstack"), "accounts").set_index("account_id")
    assert str(accounts.loc["A-2e4581", "created_at"]) == "2024-10-16 00:00:00"
