"""Corrections of sentences in tickets and notes, known by the whole sentence."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

from serving.migrations.columns import gain

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Gain where a sentence stands, which was a quote, and the digest of all of it.

    Ids are made anew, of what they are made of from now on. Of a long sentence only the part that
    was shown is known, so that it keeps being known by that.
    """
    where = sa.CheckConstraint("source IN ('quote', 'ticket', 'note')")
    gain(
        "correction",
        sa.Column("source", sa.Text, where, nullable=False, server_default="quote"),
        sa.Column("whole", sa.Text),
    )
    names = ("correction_id", "account_id", "feedback_id", "sentence")
    table = sa.table("correction", *map(sa.column, names))
    store = op.get_bind()
    for old, account_id, feedback_id, sentence in store.execute(sa.select(*table.c)).all():
        digest = hashlib.sha256(sentence.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        told = json.dumps([account_id, "quote", feedback_id, digest])
        new = f"co_{hashlib.sha256(told.encode()).hexdigest()[:26]}"
        this = table.c.correction_id == old
        store.execute(table.update().where(this).values(correction_id=new))
