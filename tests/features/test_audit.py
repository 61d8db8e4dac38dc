"""What an audit reports, and the whole of it on a small company."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from data.churn import ChurnRule
from data.errors import RefusedError
from features.audit.copies import sampled
from features.audit.findings import CHECKS, AuditReport, Finding, in_order
from features.audit.metamorphic import Trial, metamorphic
from features.audit.replay import keep, replayed
from features.audit.run import audit
from features.build import build, moment

CUT = pd.Timestamp("2024-03-01")
RULE = ChurnRule()


def finding(check="repeat", severity="hard", subject="f", figure=1.0):
    return Finding(
        check=check, severity=severity, subject=subject, table="", figure=figure, sentence="why"
    )


def report(*findings, skipped=None):
    return AuditReport(
        findings=in_order(findings), skipped=skipped or {}, accounts=3, snapshots=("2024-03-01",)
    )


def test_a_report_says_of_every_check_what_came_of_it():
    soft, hard = finding("lead_time", "soft"), finding("half_accounts")
    told = report(soft, hard, skipped={"replay": "nothing stored"}).to_dict()
    assert list(told["checks"]) == list(CHECKS)
    assert told["checks"]["lead_time"] == "soft"
    assert told["checks"]["half_accounts"] == "hard"
    assert told["checks"]["replay"] == "skipped: nothing stored"
    assert told["checks"]["horizon"] == "ok"
    assert [f["check"] for f in told["findings"]] == ["half_accounts", "lead_time"]


def test_only_hard_findings_refuse_and_the_refusal_is_one_line():
    report(finding("lead_time", "soft")).refuse_leaks()
    with pytest.raises(RefusedError, match="the audit found 2 leaks: why; `forewarn audit`") as e:
        report(finding(), finding(subject="g")).refuse_leaks()
    assert e.value.exit_code == 3


MOMENTS = [pd.Timestamp(d) for d in ("2024-03-01", "2024-03-31", "2024-07-01")]


def customers(workspace, snapshots, rule):
    """Who is a customer when: the rows of a feature table without its features."""
    with moment(workspace, snapshots, rule=rule) as sql:
        return sql.frame("SELECT account_id, as_of FROM spine ORDER BY account_id, as_of")


def clairvoyant(workspace, snapshots, *, rule):
    """Every customer, and how many rows of use the lake holds in all."""
    table = customers(workspace, snapshots, rule)
    rows = pd.read_parquet(workspace.lake / "usage_events.parquet")["account_id"].value_counts()
    return table.assign(all_use=table["account_id"].map(rows).fillna(0.0))


def no_labels(table):
    return table[["account_id", "as_of"]].assign(label=np.nan, ends_at=pd.NaT)


def test_the_true_features_pass_on_a_company_full_of_edges(make_lake, company):
    workspace = make_lake(company(3))
    table = build(workspace, MOMENTS, rule=RULE)
    told = audit(workspace, table, no_labels(table), rule=RULE)
    assert told.findings == ()
    assert "fewer than 10 accounts" in told.skipped["single_feature"]
    assert told.accounts == 4
    assert not list(workspace.spill.glob("audit*"))


def test_a_builder_that_counts_the_future_is_named_with_its_table(make_lake, company):
    workspace = make_lake(company(3))
    with sampled(workspace) as sample:
        found, _ = metamorphic(
            Trial(clairvoyant, RULE, sample, tuple(MOMENTS[1:])),
            clairvoyant(workspace, MOMENTS, rule=RULE),
        )
    assert [(f.check, f.subject, f.table) for f in found] == [
        ("drop_event_time", "all_use", "usage_events")
    ]
    assert "of usage_events dated at or after the snapshot" in found[0].sentence


def test_a_builder_is_given_the_labels_it_asks_for(make_lake, company):
    def encoded(workspace, snapshots, *, rule, labels=None):
        rate = np.nan if labels is None else labels["label"].iloc[0]
        return customers(workspace, snapshots, rule).assign(rate=rate)

    workspace = make_lake(company(3))
    table = customers(workspace, MOMENTS, RULE)
    labels = no_labels(table).assign(label=np.arange(len(table)) / 10)
    with sampled(workspace) as sample:
        found, _ = metamorphic(
            Trial(encoded, RULE, sample, tuple(MOMENTS[:1]), labels),
            encoded(workspace, MOMENTS, rule=RULE, labels=labels),
        )
    assert [(f.check, f.subject) for f in found] == [("permuted_labels", "rate")]


def fingerprinted(workspace, fingerprint):
    import json

    path = workspace.lake / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "fingerprint": fingerprint}))
    return workspace


def test_a_rewritten_past_is_named_by_its_column_and_new_rows_are_not(make_lake, company):
    tables = company(3)
    first = fingerprinted(make_lake(tables), "one")
    table = build(first, MOMENTS, rule=RULE)
    assert replayed(first, table, no_labels(table)) == (
        [],
        "no snapshot is stored yet; training stores one",
    )
    keep(first, table)
    assert replayed(first, table, no_labels(table))[1] == "the data are those of the last training"

    invoices = tables["invoices"]
    fresh = invoices.assign(
        invoice_id=invoices["invoice_id"] + "b",
        issued_at=pd.Timestamp("2024-08-01"),
        known_at=pd.NaT,
    )
    grown = {**tables, "invoices": pd.concat([invoices, fresh], ignore_index=True)}
    assert _replayed_on(make_lake, first, grown) == []
    doubled = {**tables, "invoices": invoices.assign(amount=invoices["amount"] * 2)}
    (found,) = _replayed_on(make_lake, first, doubled)
    assert (found.severity, found.subject) == ("soft", "invoices.amount")
    assert found.figure > 0


def _replayed_on(make_lake, first, tables):
    workspace = fingerprinted(make_lake(tables), "two")
    (workspace.root / "features").symlink_to(first.features)
    table = build(workspace, MOMENTS, rule=RULE)
    return replayed(workspace, table, no_labels(table))[0]


@pytest.mark.parametrize(("rewritten", "severity"), [(10, "hard"), (20, "soft")])
def test_a_past_rewritten_only_for_those_who_left_is_a_leak(make_lake, rewritten, severity):
    names = [f"{i:02}" for i in range(20)]
    start = CUT - pd.Timedelta(days=300)
    weeks = pd.DataFrame({"occurred_at": pd.date_range(start, periods=43, freq="7D")})
    tables = {
        "accounts": pd.DataFrame({"account_id": names, "created_at": start}),
        "subscriptions": pd.DataFrame(
            {"subscription_id": names, "account_id": names, "started_at": start, "mrr": 1.0}
        ),
        "usage_events": weeks.merge(pd.Series(names, name="account_id"), how="cross").assign(
            feature="x"
        ),
    }
    first = fingerprinted(make_lake(tables), "one")
    keep(first, build(first, [CUT], rule=RULE))
    doubtful = tables["usage_events"]["account_id"].isin(names[:rewritten])
    old = tables["usage_events"]["occurred_at"] < CUT - pd.Timedelta(days=60)
    second = fingerprinted(
        make_lake({**tables, "usage_events": tables["usage_events"][old | ~doubtful]}), "two"
    )
    (second.features / "replay").mkdir(parents=True)
    kept = first.features / "replay" / "snapshot.parquet"
    (second.features / "replay" / kept.name).write_bytes(kept.read_bytes())
    table = build(second, [CUT], rule=RULE)
    left = table["account_id"].isin(names[:10])
    labels = no_labels(table).assign(ends_at=pd.Series(CUT, table.index).where(left))
    (found,) = replayed(second, table, labels)[0]
    assert (found.severity, found.table) == (severity, "usage_events")
    assert ("almost only for accounts that left" in found.sentence) == (severity == "hard")
