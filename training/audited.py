"""The audit as training needs it: features with what became of their accounts."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from data.churn import churn_rule
from data.engine import Engine, literal
from data.workspace import Workspace, quiet
from features.audit.findings import CHECKS, AuditReport, in_order
from features.audit.metamorphic import takes_labels
from features.audit.replay import replayed, rewritten, stored_moments
from features.audit.run import audit
from features.build import build, monthly
from training.config import Config
from training.rows import Rows, rows_of
from training.spec import ChurnSpec

Builder = Callable[..., pd.DataFrame]


def audit_workspace(
    workspace: Workspace,
    config: Config,
    *,
    builder: Builder = build,
    say: Callable[[str], None] = quiet,
) -> AuditReport:
    """The audit of a builder on the landed data, outside of a training.

    Raises:
        RefusedError: the data are too short for a single snapshot.
    """
    with workspace.locked():
        spec = config.spec(churn_rule(workspace.manifest()["churn"]))
        moments = monthly(workspace)
        say(f"building features of {len(moments)} snapshots")
        rows = rows_of(workspace, builder(workspace, moments, rule=spec.rule), spec)
        if takes_labels(builder):
            labels = labels_of(workspace, rows, spec)
            told = builder(workspace, moments, rule=spec.rule, labels=labels)
            rows = Rows(told, rows.fate)
        return audited(workspace, rows, spec, builder=builder, say=say)


def audit_past(
    workspace: Workspace, config: Config, *, say: Callable[[str], None] = quiet
) -> AuditReport:
    """Whether the landed data still tell the past that the last training saw.

    That is the one check that new data can fail before a known model is asked about them; all
    others judge what a model may learn from, and go before each training. Features are built only
    where the past was rewritten, to see for whom.
    """
    skipped = dict.fromkeys(CHECKS, "checked before each training")
    with workspace.locked():
        columns, skipped["replay"] = rewritten(workspace)
        if skipped["replay"] or not columns:
            skipped = {check: reason for check, reason in skipped.items() if reason}
            return AuditReport(findings=(), skipped=skipped, accounts=0, snapshots=())
        del skipped["replay"]
        say("the past was rewritten; building features to see for whom")
        spec, moments = (
            config.spec(churn_rule(workspace.manifest()["churn"])),
            stored_moments(workspace),
        )
        frame = build(workspace, moments, rule=spec.rule, engine=config.engine)
        rows = rows_of(workspace, frame, spec)
        found, _ = replayed(workspace, frame, labels_of(workspace, rows, spec))
    return AuditReport(
        findings=in_order(found),
        skipped=skipped,
        accounts=frame["account_id"].nunique(),
        snapshots=tuple(f"{moment:%Y-%m-%d}" for moment in moments),
    )


def audited(
    workspace: Workspace,
    rows: Rows,
    spec: ChurnSpec,
    *,
    builder: Builder = build,
    say: Callable[[str], None] = quiet,
) -> AuditReport:
    """The audit of rows that a builder made."""
    labels = labels_of(workspace, rows, spec)
    return audit(workspace, rows.frame, labels, rule=spec.rule, builder=builder, say=say)


def labels_of(workspace: Workspace, rows: Rows, spec: ChurnSpec) -> pd.DataFrame:
    """account_id, as_of, label, and `ends_at`: when the account's next end was decided.

    With contracts that is the notice, or else the end, of paid service that did not begin again
    within the grace; a merger is no end. With silence it is the next snapshot that is silent.
    """
    labels = rows.fate[["account_id", "as_of", "label"]].reset_index(drop=True)
    silent = spec.rule.kind == "silence"
    ends = _silences(labels) if silent else _ends(workspace, spec.rule.grace_days)
    placed = labels.assign(place=range(len(labels))).sort_values("as_of", kind="stable")
    found = pd.merge_asof(
        placed,
        ends.sort_values("ends_at", kind="stable"),
        left_on="as_of",
        right_on="ends_at",
        by="account_id",
        direction="forward",
    )
    return found.sort_values("place").drop(columns="place").reset_index(drop=True)


def _silences(labels: pd.DataFrame) -> pd.DataFrame:
    silent = labels[labels["label"] == 1]
    return silent[["account_id", "as_of"]].rename(columns={"as_of": "ends_at"})


def _ends(workspace: Workspace, grace: int) -> pd.DataFrame:
    path = literal(workspace.lake / "subscriptions.parquet")
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        engine.run(f"CREATE VIEW terms AS SELECT * FROM read_parquet({path})")
        ends = engine.frame(_ENDS.format(grace=grace))
    return ends.astype({"account_id": "str", "ends_at": "datetime64[us]"})


_ENDS = """
SELECT DISTINCT t.account_id, least(t.ended_at, coalesce(t.notice_at, t.ended_at)) AS ends_at
FROM terms t
ANTI JOIN terms n ON n.account_id = t.account_id
    AND n.started_at <= t.ended_at + INTERVAL {grace} DAY
    AND (n.ended_at IS NULL OR n.ended_at > t.ended_at)
WHERE t.ended_at > t.started_at AND coalesce(t.end_kind, '') <> 'merged'
"""
