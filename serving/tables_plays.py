"""The tables of plays: what was suggested and begun, what was alerted, who was told when."""

from __future__ import annotations

from sqlalchemy import REAL, CheckConstraint, Column, Double, Integer, Table, Text, UniqueConstraint

from serving.tables import METADATA

_NUMBER: Double[float] = Double().with_variant(REAL(), "sqlite")

# Every play that an account was given, offered or kept from: `serving.written.assignments`.
# An `episode` is the time for which chance decided: of all that was suggested in it, what is
# `eligible` was offered or `held_out` by one draw.
ASSIGNMENT = Table(
    "assignment",
    METADATA,
    Column("assignment_id", Text, primary_key=True),
    Column("episode", Text, nullable=False),
    Column("account_id", Text, nullable=False, index=True),
    Column("play_id", Text),
    Column("play", Text, nullable=False),
    Column("reason", Text),
    Column("assigned_at", Text, nullable=False),
    Column("assigned_by", Text),
    Column("csm", Text),
    Column("owner", Text),
    Column("due_at", Text),
    Column("batch_id", Text, nullable=False),
    Column("risk", _NUMBER, CheckConstraint("risk >= 0 AND risk <= 1")),
    Column("health", _NUMBER, CheckConstraint("health >= 0 AND health <= 100")),
    Column("arr_at_risk", _NUMBER),
    Column("eligible", Integer, nullable=False),
    Column("held_out", Integer, nullable=False),
    Column(
        "decision",
        Text,
        CheckConstraint("decision IN ('taken', 'declined', 'withdrawn', 'released')"),
    ),
    Column("decided_at", Text),
    Column("decided_by", Text),
    Column("why", Text),
    Column("digest_id", Text),
    sqlite_strict=True,
)

# What somebody was to be told of an account once: until it is cleared it is not raised again.
ALERT = Table(
    "alert",
    METADATA,
    Column("alert_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("csm", Text),
    Column("batch_id", Text, nullable=False),
    Column("risk", _NUMBER, CheckConstraint("risk >= 0 AND risk <= 1")),
    Column("raised_at", Text, nullable=False),
    Column("cleared_at", Text),
    Column("digest_id", Text),
    sqlite_strict=True,
)

# What a manager (`csm`, empty for accounts without one) was told on a day; alerts and assignments
# name the digest that told them.
DIGEST = Table(
    "digest",
    METADATA,
    Column("digest_id", Text, primary_key=True),
    Column("csm", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    UniqueConstraint("csm", "day", name="one_digest_a_day"),
    sqlite_strict=True,
)
