"""Seeded leaks, each caught by name; and no alarm where there is none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.land import land
from data.synth.company import Company, simulate, write
from data.workspace import Workspace
from features.audit.replay import keep
from features.build import build, monthly
from training.audited import audit_workspace, audited, labels_of
from training.config import Config
from training.rows import Rows, rows_of
from training.spec import ChurnSpec

pytestmark = pytest.mark.slow
SPEC = ChurnSpec(rule=ChurnRule())


def landed(root: Path, company: Company) -> Workspace:
    """The company as its user would land it; the same root is landed again."""
    write(root / "company", company)
    workspace = Workspace(root / "workspace")
    land(str(root / "company"), workspace)
    return workspace


# --- leaks in a builder -----------------------------------------------------------------------

SEEDED = {
    "total": ("drop_event_time", "usage_events"),
    "off_by_a_day": ("drop_event_time", "usage_events"),
    "since_the_newest_row": ("drop_event_time", "usage_events"),
    "answers": ("drop_event_time", "interactions"),
    "days_to_the_end": ("drop_event_time", "subscriptions"),
    "days_to_pay": ("drop_event_time", "invoices"),
    "solved_tickets": ("drop_event_time", "tickets"),
    "price_of_the_next_term": ("drop_event_time", "subscriptions"),
    "segment_of_today": ("drop_event_time", "account_changes"),
    "left_contacts": ("drop_event_time", "contacts"),
    "late_rows": ("drop_known_time", "usage_events"),
    "z_score": ("half_accounts", ""),
    "rank": ("half_accounts", ""),
    "rate_of_the_region": ("half_accounts", ""),
    "against_own_mean": ("one_snapshot", ""),
    "rate_of_the_code": ("permuted_labels", ""),
    "dice": ("repeat", ""),
}

# Each is a plausible slip in a feature of account `a.account_id` at the moment `s.as_of`.
SLIPS = {
    "total": "SELECT count(*) FROM usage_events u WHERE u.account_id = s.account_id",
    "off_by_a_day": """SELECT count(*) FROM usage_events u WHERE u.account_id = s.account_id
        AND u.occurred_at < s.as_of + INTERVAL 1 DAY
        AND u.occurred_at >= s.as_of - INTERVAL 7 DAY""",
    "since_the_newest_row": """SELECT date_diff('day', max(u.occurred_at),
        (SELECT max(occurred_at) FROM usage_events)) FROM usage_events u
        WHERE u.account_id = s.account_id AND u.occurred_at < s.as_of AND u.known_at < s.as_of""",
    "answers": """SELECT count(i.answered_at) FROM interactions i
        WHERE i.account_id = s.account_id AND i.occurred_at < s.as_of AND i.known_at < s.as_of""",
    "days_to_the_end": """SELECT min(date_diff('day', s.as_of, least(t.ended_at, t.notice_at)))
        FROM subscriptions t WHERE t.account_id = s.account_id AND t.ended_at >= s.as_of""",
    "days_to_pay": """SELECT avg(date_diff('day', n.due_at, n.paid_at)) FROM invoices n
        WHERE n.account_id = s.account_id AND n.issued_at < s.as_of AND n.known_at < s.as_of""",
    "solved_tickets": """SELECT avg(t.csat) FROM tickets t WHERE t.account_id = s.account_id
        AND t.opened_at < s.as_of AND t.known_at < s.as_of""",
    "price_of_the_next_term": """SELECT arg_min(t.mrr, t.started_at) FROM subscriptions t
        WHERE t.account_id = s.account_id AND t.started_at >= s.as_of""",
    "segment_of_today": """SELECT length(arg_max(c.value, c.valid_from)) FROM account_changes c
        WHERE c.account_id = s.account_id""",
    "left_contacts": """SELECT count(c.left_at) FROM contacts c WHERE c.account_id = s.account_id
        AND c.joined_at < s.as_of AND c.known_at < s.as_of""",
    "late_rows": """SELECT count(*) FROM usage_events u WHERE u.account_id = s.account_id
        AND u.occurred_at < s.as_of AND u.occurred_at >= s.as_of - INTERVAL 30 DAY""",
}


def slipping(workspace, snapshots, *, rule, labels=None):
    """The true features, and beside them every slip that a tired data scientist could make."""
    frame = build(workspace, snapshots, rule=rule)
    with duckdb.connect() as connection:
        for name in workspace.manifest()["tables"]:
            connection.read_parquet(str(workspace.lake / f"{name}.parquet")).create_view(name)
        connection.register("frame", frame[["account_id", "as_of"]])
        slips = ", ".join(f"CAST(({sql}) AS DOUBLE) AS {name}" for name, sql in SLIPS.items())
        wrong = connection.execute(f"SELECT s.account_id, s.as_of, {slips} FROM frame s").df()
    frame = frame.merge(wrong, on=["account_id", "as_of"])
    uses, by_moment = frame["uses_30"], frame.groupby("as_of")["uses_30"]
    left = frame.groupby("region")["top_person_gone"].transform("mean")
    rates = {} if labels is None else labels.groupby(labels["account_id"].str[-1])["label"].mean()
    return frame.assign(
        z_score=(uses - by_moment.transform("mean")) / by_moment.transform("std"),
        rank=by_moment.rank(),
        rate_of_the_region=left,
        against_own_mean=uses - frame.groupby("account_id")["uses_30"].transform("mean"),
        rate_of_the_code=frame["account_id"].str[-1].map(rates),
        dice=np.random.default_rng().random(len(frame)),
    )


@pytest.fixture(scope="module")
def slips(tmp_path_factory):
    workspace = landed(
        tmp_path_factory.mktemp("slips"), simulate(accounts=120, seed=2, events=20_000)
    )
    moments = monthly(workspace)[::2]
    rows = rows_of(workspace, build(workspace, moments, rule=SPEC.rule), SPEC)
    labels = labels_of(workspace, rows, SPEC)
    frame = slipping(workspace, moments, rule=SPEC.rule, labels=labels)
    return audited(workspace, Rows(frame, rows.fate), SPEC, builder=slipping)


METAMORPHIC = {check for check, _ in SEEDED.values()}


def test_every_slip_is_caught_under_its_name_and_nothing_else(slips):
    tried = [f for f in slips.hard if f.check in METAMORPHIC]
    caught = {f.subject: (f.check, f.table) for f in tried}
    assert caught.keys() == SEEDED.keys()
    assert {f.subject for f in slips.findings} == SEEDED.keys()
    assert {name: caught[name][0] for name in SEEDED} == {n: c for n, (c, _) in SEEDED.items()}
    named = {name: table for name, (_, table) in SEEDED.items() if table}
    assert {name: caught[name][1] for name in named} == named


# --- leaks in the data ------------------------------------------------------------------------


def ends(company: Company) -> pd.Series:
    """The last end of paid service of the accounts that are gone, mergers aside."""
    terms = company.tables["subscriptions"]
    last = terms.sort_values("started_at").groupby("account_id").tail(1).set_index("account_id")
    gone = last["ended_at"].notna() & (last["end_kind"] != "merged")
    return pd.to_datetime(last.loc[gone, "ended_at"])


def tampered(company: Company) -> Company:
    """The company as a careless extract would show it, with seven leaks."""
    tables = {name: table.copy() for name, table in company.tables.items()}
    end = ends(company)
    left = {name: t["account_id"].isin(end.index) for name, t in tables.items()}
    rows = pd.DataFrame({"account_id": end.index, "at": end.to_numpy()})
    # The CRM shows today's state, and names those who are gone.
    tables["accounts"].loc[left["accounts"], "industry"] = "former customer"
    changes = tables["account_changes"].sort_values("valid_from")
    csm = changes[changes["field"] == "csm"].groupby("account_id")["value"].last()
    now = tables["accounts"]["account_id"].map(csm)
    tables["accounts"]["csm"] = now.fillna(tables["accounts"]["csm"])
    # A label is copied into a column of the contract.
    ever = tables["subscriptions"]["account_id"].isin(company.truth["account_id"])
    tables["subscriptions"].loc[ever, "discount_frac"] = 0.99
    # Nobody records notices, and people who have decided stop using the product.
    tables["subscriptions"]["notice_at"] = pd.NaT
    use = tables["usage_events"]
    late = pd.to_datetime(use["account_id"].map(end)) - use["occurred_at"] < pd.Timedelta(days=45)
    use = use[~late]
    # A survey on leaving is sent before the end, and counted as use.
    farewell = rows.assign(occurred_at=rows["at"] - pd.Timedelta(days=9), feature="farewell")
    farewell = farewell.assign(quantity=1.0, known_at=farewell["occurred_at"]).drop(columns="at")
    tables["usage_events"] = pd.concat([use, farewell], ignore_index=True)
    # Exit surveys carry the day on which the customer came.
    surveys = tables["surveys"][tables["surveys"]["kind"] != "exit"]
    began = tables["accounts"].set_index("account_id")["created_at"]
    exits = rows.assign(sent_at=rows["account_id"].map(began), kind="exit").drop(columns="at")
    exits = exits.assign(survey_id=[f"exit-{i}" for i in range(len(exits))])
    exits["known_at"] = exits["sent_at"]
    tables["surveys"] = pd.concat([surveys, exits], ignore_index=True)
    # The only table of quotes is that of the farewell calls.
    said = rows["at"] - pd.Timedelta(days=20)
    tables["feedback"] = pd.DataFrame(
        {
            "feedback_id": [f"call-{i}" for i in range(len(rows))],
            "account_id": rows["account_id"],
            "said_at": said,
            "text": "We are leaving.",
            "known_at": said,
        }
    )
    return Company(tables=tables, truth=company.truth)


@pytest.fixture(scope="module")
def careless(tmp_path_factory):
    """The audit of a tampered company, in the workspace where the honest one was trained."""
    root, company = (
        tmp_path_factory.mktemp("careless"),
        simulate(accounts=300, seed=2, events=60_000),
    )
    workspace = landed(root, company)
    keep(workspace, build(workspace, monthly(workspace), rule=SPEC.rule))
    landed(root, tampered(company))
    return audit_workspace(workspace, Config())


@pytest.mark.parametrize(
    ("check", "severity", "subject"),
    [
        ("only_leavers", "hard", "accounts.industry"),
        ("current_state", "soft", "accounts.csm"),
        ("single_feature", "hard", "discount_frac"),
        ("lead_time", "soft", "days_since_use"),
        ("near_end", "hard", "usage_events.feature"),
        ("only_leavers", "hard", "surveys.kind"),
        ("near_end", "hard", "feedback"),
        ("replay", "soft", "accounts"),
    ],
)
def test_a_leak_in_the_data_is_named_by_its_column(careless, check, severity, subject):
    assert (check, severity, subject) in {
        (f.check, f.severity, f.subject) for f in careless.findings
    }


def test_what_was_not_tampered_with_is_not_accused(careless):
    tampered_with = {"accounts", "subscriptions", "usage_events", "surveys", "feedback"}
    accused = {table for f in careless.hard for table in f.table.split(", ")}
    assert accused <= tampered_with


# --- no leaks ---------------------------------------------------------------------------------

COMPANIES = [
    {"accounts": 60, "years": 1.5, "events": 4_000},
    {"accounts": 80, "years": 3.0, "events": 2_000},
    {"accounts": 100, "years": 2.0, "events": 8_000},
    {"accounts": 120, "years": 4.0, "events": 4_000},
    {"accounts": 120, "years": 2.5, "events": 12_000},
    {"accounts": 150, "years": 1.5, "events": 5_000},
    {"accounts": 150, "years": 3.0, "events": 5_000},
    {"accounts": 200, "years": 2.0, "events": 10_000},
    {"accounts": 250, "years": 1.5, "events": 5_000},
    {"accounts": 300, "years": 2.0, "events": 10_000},
]


@pytest.mark.parametrize("seed", range(len(COMPANIES)))
def test_an_honest_company_raises_no_alarm(tmp_path, seed):
    workspace = landed(tmp_path, simulate(seed=100 + seed, **COMPANIES[seed]))
    report = audit_workspace(workspace, Config())
    assert report.findings == ()
