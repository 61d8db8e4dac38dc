"""The tables of the store, one definition for SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    text,
)

# Each is a file in serving/migrations/versions; a store of today has the last.
REVISIONS = (
    *("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011"),
    *("0012", "0013"),
)
REVISION = REVISIONS[-1]
METADATA = MetaData()

# Alembic's own table, which holds the revision of the store; as Alembic makes it.
SCHEMA = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)

# Strict SQLite tables know only the plain types; without them 'high' would fit in a number column.
_NUMBER: Double[float] = Double().with_variant(REAL(), "sqlite")

BATCH = Table(
    "batch",
    METADATA,
    Column("batch_id", Text, primary_key=True),
    Column("as_of", Text, nullable=False, index=True),
    Column("model_version", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("spec_hash", Text, nullable=False),
    Column("horizon_days", Integer, nullable=False),
    Column("created_at", Text, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
    Column("n", Integer, nullable=False),
    Column("metadata", Text, nullable=False),
    sqlite_strict=True,
)

# NaN arrives in SQLite as NULL, so a scored account must have a risk; elsewhere the range says no.
RISK = Table(
    "risk",
    METADATA,
    Column("batch_id", ForeignKey("batch.batch_id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", Text, primary_key=True, index=True),
    Column("status", Text, nullable=False),
    Column("risk", _NUMBER),
    Column("band", Text),
    Column("arr", _NUMBER),
    Column("arr_at_risk", _NUMBER),
    Column("name", Text),
    Column("segment", Text),
    Column("csm", Text),
    Column("renewal_at", Text),
    Column("coverage", _NUMBER, nullable=False),
    Column("summary", Text, nullable=False),
    Column("explanation", Text),
    # New columns come last and bring their own checks, so that an older store can gain them.
    Column("risk_low", _NUMBER, CheckConstraint("risk_low >= 0 AND risk_low <= risk")),
    Column("risk_high", _NUMBER, CheckConstraint("risk_high >= risk AND risk_high <= 1")),
    Column("risks", Text),
    Column("method", Text),
    Column("causes", Text),
    Column("notice_at", Text),
    Column("previous_risk", _NUMBER),
    Column("driver", Text),
    # The sentences of the strongest reasons, so that they are read without the explanation; the
    # first is empty where it gives none, and null where they were never written here.
    Column("driver_1", Text),
    Column("driver_2", Text),
    Column("driver_3", Text),
    # Champions and executives known to have left within half a year; null where it is unknown.
    Column("champions_left", Integer),
    # When somebody there last came to us or answered, and how many did in 90 days; null where that
    # cannot be known.
    Column("last_inbound_at", Text),
    Column("engaged_people", Integer),
    Column("pulse", _NUMBER, CheckConstraint("pulse >= 1 AND pulse <= 5")),
    Column("pulse_at", Text),
    # The longest stands last: whatever stands behind it is slow to reach.
    Column("dossier", Text),
    CheckConstraint("risk >= 0 AND risk <= 1", name="risk_is_a_probability"),
    CheckConstraint("(status = 'scored') = (risk IS NOT NULL)", name="risk_if_scored"),
    CheckConstraint("coverage >= 0 AND coverage <= 1", name="coverage_is_a_share"),
    CheckConstraint(
        "status IN ('scored', 'decided', 'insufficient_history')", name="status_is_known"
    ),
    sqlite_strict=True,
)

# All that lists are filtered, sorted and added up by: so that they need not read the long rows.
Index(
    "ix_risk_listed",
    RISK.c.batch_id,
    RISK.c.arr_at_risk,
    RISK.c.risk,
    RISK.c.account_id,
    RISK.c.arr,
    RISK.c.status,
    RISK.c.band,
    RISK.c.segment,
    RISK.c.csm,
    RISK.c.driver,
    RISK.c.renewal_at,
    RISK.c.previous_risk,
    RISK.c.last_inbound_at,
    RISK.c.engaged_people,
)

CURRENT = Table(
    "current",
    METADATA,
    Column("one", Integer, CheckConstraint("one = 1"), primary_key=True, autoincrement=False),
    Column("batch_id", ForeignKey("batch.batch_id"), nullable=False),
    sqlite_strict=True,
)

# What people write. Nothing of it enters the model's score.

FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("feedback_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("batch_id", Text),
    Column("verdict", Text, CheckConstraint("verdict IN ('agree', 'disagree')"), nullable=False),
    Column("reason_code", Text),
    Column("note", Text),
    Column("author", Text),
    Column("created_at", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    sqlite_strict=True,
)

PULSE = Table(
    "pulse",
    METADATA,
    Column("pulse_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("pulse", Integer, CheckConstraint("pulse BETWEEN 1 AND 5"), nullable=False),
    Column("reason_code", Text),
    Column("note", Text),
    Column("csm", Text),
    Column("recorded_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("created_at", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    sqlite_strict=True,
)

INTERVENTION = Table(
    "intervention",
    METADATA,
    Column("intervention_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("play", Text, nullable=False),
    Column("assigned_at", Text, nullable=False),
    Column("assigned_by", Text),
    Column("owner", Text),
    Column("due_at", Text),
    Column("held_out", Integer),
    Column("closed_at", Text),
    Column("outcome", Text),
    Column("note", Text),
    Column("created_at", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("play_id", Text),
    Column("reason", Text),
    Column("assignment_id", Text),
    sqlite_strict=True,
)

# The first answer to a request that bears an Idempotency-Key, for its repetitions.
ANSWERED = Table(
    "answered",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False, index=True),
    sqlite_strict=True,
)

# Who may ask: of a key only its digest is kept. `previous_digest` is that of the secret before the
# last rotation, which works until `previous_until`.
KEY = Table(
    "api_key",
    METADATA,
    Column("key_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("previous_digest", Text),
    Column("previous_until", Text),
    Column("scopes", Text, nullable=False),
    Column("per_minute", Integer, CheckConstraint("per_minute > 0"), nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
    Column("last_used_at", Text),
    sqlite_strict=True,
)

# Who may sign in to the page. `folded` is the name as it is compared. Of somebody who was taken out
# only the id stays, for what was done under it.
PAGE_USER = Table(
    "page_user",
    METADATA,
    Column("user_id", Text, primary_key=True),
    Column("name", Text),
    Column("folded", Text, unique=True),
    Column("role", Text, CheckConstraint("role IN ('csm', 'manager', 'admin')"), nullable=False),
    Column("csm", Text),
    Column("sees", Text, CheckConstraint("sees IN ('own', 'all')"), nullable=False),
    Column("password", Text),
    Column("created_at", Text, nullable=False),
    Column("password_at", Text, nullable=False),
    Column("signed_in_at", Text),
    Column("removed_at", Text),
    sqlite_strict=True,
)

# Who is signed in: of the token that a browser has only a digest is kept.
PAGE_SESSION = Table(
    "page_session",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column(
        "user_id", ForeignKey("page_user.user_id", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("created_at", Text, nullable=False),
    Column("seen_at", Text, nullable=False),
    sqlite_strict=True,
)

# Who read or removed what; `subject` of something erased is a keyed digest.
AUDIT = Table(
    "audit",
    METADATA,
    Column("audit_id", Integer, primary_key=True),
    Column("happened_at", Text, nullable=False, index=True),
    Column("key_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("request_id", Text),
    sqlite_strict=True,
)

ENDPOINT = Table(
    "webhook_endpoint",
    METADATA,
    Column("endpoint_id", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    Column("rotated_at", Text),
    Column("events", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("disabled_at", Text),
    Column("disabled_why", Text),
    Index("webhook_endpoint_url", "url", unique=True),
    sqlite_strict=True,
)

MESSAGE = Table(
    "webhook_message",
    METADATA,
    Column("message_id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("account_id", Text, index=True),
    Column("body", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    sqlite_strict=True,
)

# `next_at` is when it is tried next, null once that is over; `claimed_until` keeps others off it.
DELIVERY = Table(
    "webhook_delivery",
    METADATA,
    Column(
        "message_id", ForeignKey("webhook_message.message_id", ondelete="CASCADE"), primary_key=True
    ),
    Column(
        "endpoint_id",
        ForeignKey("webhook_endpoint.endpoint_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Text, index=True),
    Column("claimed_until", Text),
    Column("delivered_at", Text),
    Column("answer", Text),
    sqlite_strict=True,
)

# One run of `forewarn run`: `step` is the one it is in, or was in when it ended.
RUN = Table(
    "scoring_run",
    METADATA,
    Column("run_id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("started_at", Text, nullable=False, index=True),
    Column("finished_at", Text),
    Column("step", Text, nullable=False),
    Column("outcome", Text, CheckConstraint("outcome IN ('done', 'refused', 'failed')")),
    Column("exit_code", Integer),
    Column("detail", Text),
    Column("batch_id", Text),
    sqlite_strict=True,
)
