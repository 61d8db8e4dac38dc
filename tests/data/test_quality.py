"""Each misfit: how many rows, what is done with them, and that the rows then are so."""

import pytest

TERMS = "subscription_id,account_id,started_at,ended_at,term_ends_at,notice_at,mrr,end_kind\n"
UNTIL = {"usage_events.csv": "account_id,occurred_at,feature\na1,2025-01-01,x\n"}


def terms(*rows):
    return {"subscriptions.csv": TERMS + "".join(f"{row}\n" for row in rows), **UNTIL}


def test_tables_that_fit_together_give_no_problem(landing):
    files = terms("s1,a1,2024-01-01,2024-06-01,2024-06-01,2024-05-01,9,voluntary")
    files["usage_events.csv"] = "account_id,occurred_at,feature\na1,2024-02-01,x\n"
    assert landing(files).problems() == {}


def test_rows_of_unknown_accounts_are_dropped_and_do_not_refuse_the_load(landing):
    rows = "account_id,occurred_at,feature\na1,2024-02-01,x\nzz,2024-02-01,x\nzz,2024-02-02,x\n"
    landed = landing({"usage_events.csv": rows}, max_bad=0.01)
    assert landed.problems() == {
        ("usage_events", "account is not in accounts"): (2, "dropped, see the quarantine")
    }
    assert landed.counts("usage_events") == (3, 1, 0, 2)
    assert landed.bad("usage_events")[0] == (3, "account_id", "zz", "unknown account")


def test_term_that_ends_before_it_starts_is_dropped(landing):
    landed = landing(terms("s1,a1,2024-05-01,2024-04-01,,,9,", "s2,a1,2024-05-01,2024-05-01,,,9,"))
    assert landed.column("subscriptions", "subscription_id") == ["s2"]
    assert landed.problems()[("subscriptions", "ended before it started")][0] == 1


def test_events_before_the_account_exists_are_kept_and_counted(landing):
    rows = "account_id,occurred_at,feature\na1,2023-12-31,x\na1,2024-01-01,x\n"
    landed = landing({"usage_events.csv": rows})
    rows_found, action = landed.problems()[("usage_events", "before the account exists")]
    assert (rows_found, action[:4]) == (1, "kept")
    assert landed.counts("usage_events")[1] == 2


def test_churn_before_the_account_exists_is_counted(landing):
    landed = landing(terms("s1,a1,2023-01-01,2023-12-01,,,9,"))
    problem = ("subscriptions", "paid service ends before the account exists")
    assert landed.problems()[problem][0] == 1


def test_people_are_looked_up(landing):
    landed = landing(
        {
            "contacts.csv": "contact_id,account_id,joined_at\nc1,a1,2024-01-01\nc2,a2,2024-01-01\n",
            "usage_events.csv": "account_id,occurred_at,feature,contact_id\na1,2024-02-01,x,c1\n"
            "a1,2024-02-01,x,c2\na1,2024-02-01,x,c3\na1,2024-02-01,x,\n",
        }
    )
    found = {problem: rows for (_, problem), (rows, _) in landed.problems().items()}
    assert found == {"contact is not in contacts": 1, "contact belongs to another account": 1}
    assert landed.counts("usage_events")[1] == 4


def test_overlapping_terms_are_counted_and_meeting_ones_are_not(landing):
    landed = landing(
        terms(
            "s1,a1,2024-01-01,2024-07-01,,,9,",
            "s2,a1,2024-07-01,,,,9,",
            "s3,a1,2024-08-01,2024-09-01,,,9,",
            "s4,a2,2024-08-01,,,,9,",
        )
    )
    problem = ("subscriptions", "overlaps an earlier term of the account")
    assert landed.problems()[problem][0] == 1


def test_notice_outside_its_term_is_cleared(landing):
    landed = landing(
        terms(
            "s1,a1,2024-01-01,2024-07-01,,2024-08-01,9,voluntary",
            "s2,a2,2024-01-01,2024-07-01,,2024-06-01,9,voluntary",
        )
    )
    problem = ("subscriptions", "notice after the end of paid service")
    assert landed.problems()[problem] == (1, "notice_at cleared")
    assert landed.column("subscriptions", "notice_at") == [None, "2024-06-01 00:00:00"]
    assert landed.column("subscriptions", "end_kind") == ["voluntary", "voluntary"]


def test_term_open_long_after_its_scheduled_end_is_counted(landing):
    landed = landing(terms("s1,a1,2023-01-01,,2024-09-01,,9,", "s2,a2,2023-01-01,,2024-12-01,,9,"))
    problem = ("subscriptions", "still open more than 90 days after its scheduled end")
    assert landed.problems()[problem][0] == 1


def test_activity_outside_paid_service_is_counted(landing):
    files = terms("s1,a1,2024-02-01,2024-03-01,,,9,", "s2,a1,2024-04-01,2024-05-01,,,9,")
    files["usage_events.csv"] = "account_id,occurred_at,feature\n" + "".join(
        f"a1,2024-{day},x\n" for day in ("01-15", "02-15", "03-15", "05-01", "06-01")
    )
    found = landing(files).problems()
    assert found[("usage_events", "before the first term of the account")][0] == 1
    assert found[("usage_events", "after the end of paid service")][0] == 2


def test_answer_before_the_question_loses_its_time_and_what_it_revealed(landing):
    landed = landing(
        {
            "tickets.csv": "ticket_id,account_id,opened_at,resolved_at,csat\n"
            "t1,a1,2024-02-02 09:00,2024-02-01,5\n"
            "t2,a1,2024-02-02 10:00,2024-02-02 12:00,4\n"
        }
    )
    assert landed.problems() == {
        ("tickets", "resolved_at before opened_at"): (1, "resolved_at cleared")
    }
    assert landed.column("tickets", "resolved_at") == [None, "2024-02-02 12:00:00"]
    assert landed.column("tickets", "csat") == [None, "4.0"]


def test_later_time_given_as_a_date_only_is_of_the_same_day(landing):
    landed = landing(
        {
            "tickets.csv": "ticket_id,account_id,opened_at,resolved_at,csat\n"
            "t1,a1,2024-02-02 09:00,2024-02-02,5\n"
        }
    )
    assert landed.column("tickets", "resolved_at") == ["2024-02-02 09:00:00"]
    assert landed.column("tickets", "csat") == ["5.0"]
    assert list(landed.problems().values()) == [(1, "resolved_at set to opened_at")]


def test_invoice_paid_in_advance_stays_paid(landing):
    landed = landing(
        {
            "invoices.csv": "invoice_id,account_id,issued_at,due_at,paid_at,amount\n"
            "i1,a1,2024-02-10,2024-03-10,2024-02-01,9\n"
        }
    )
    assert landed.column("invoices", "paid_at") == ["2024-02-10 00:00:00"]
    assert landed.problems() == {
        ("invoices", "paid_at before issued_at"): (1, "paid_at set to issued_at")
    }


@pytest.mark.parametrize("day", ["2024-03-02", "2024-03-01 00:00:01"])
def test_rows_after_the_last_day_of_data_are_counted(landing, day):
    mapping = """
data_until: 2024-03-01
tables:
  accounts: {from: accounts, columns: {account_id: account_id, created_at: created_at}}
  usage_events:
    from: usage_events
    columns: {account_id: account_id, occurred_at: occurred_at, feature: feature}
"""
    rows = f"account_id,occurred_at,feature\na1,{day},x\na1,2024-03-01,x\n"
    landed = landing({"usage_events.csv": rows}, mapping=mapping)
    assert landed.problems()[("usage_events", "later than the last day of data")][0] == 1
    assert landed.counts("usage_events")[1] == 2


def test_summary_tells_each_problem_with_its_share(landing):
    rows = "account_id,occurred_at,feature\na1,2023-12-31,x\na1,2024-01-01,x\n"
    text = "\n".join(landing({"usage_events.csv": rows}).report.lines())
    assert "usage_events: before the account exists: 1 rows (50.0%); kept" in text
