"""What people said that sentences of customers speak of, as it is kept: to read, not to write."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, select

from features.words.lexicon import Tone
from features.words.sorter import Subject
from serving.source import Source
from serving.tables_words import CORRECTION

EVERY: Final = select(CORRECTION).order_by(CORRECTION.c.created_at, CORRECTION.c.correction_id)


class Corrected(BaseModel):
    """A correction as it is kept; `whole` is the digest of the whole sentence, if that is known."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    feedback_id: str
    contact_id: str | None = None
    sentence: str
    category: Subject
    tone: Tone
    source: Source = "quote"
    whole: str | None = None


def every(connection: Connection) -> list[Corrected]:
    """All corrections as the transaction sees them, the oldest first."""
    rows = connection.execute(EVERY).mappings().all()
    return [Corrected.model_validate(dict(row)) for row in rows]
