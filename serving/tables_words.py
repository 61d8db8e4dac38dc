"""The table of what people say that a customer's sentence speaks of."""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import CheckConstraint, Column, Table, Text

from features.words.lexicon import TONES
from features.words.sorter import Subject
from serving.source import Source
from serving.tables import METADATA

_SUBJECTS: Final = ", ".join(f"'{name}'" for name in get_args(Subject))
_SOURCES: Final = ", ".join(f"'{name}'" for name in get_args(Source))
_TONES: Final = ", ".join(f"'{name}'" for name in TONES)

# One row a sentence: the id is made of account, quote (or ticket, or touch) and sentence, so that
# whoever corrects it again replaces what was said before. The sentence is kept because it is learnt
# from, and the contact so that it goes with whoever said it.
CORRECTION = Table(
    "correction",
    METADATA,
    Column("correction_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False, index=True),
    Column("feedback_id", Text, nullable=False),
    Column("contact_id", Text),
    Column("sentence", Text, nullable=False),
    Column("category", Text, CheckConstraint(f"category IN ({_SUBJECTS})"), nullable=False),
    Column("tone", Text, CheckConstraint(f"tone IN ({_TONES})"), nullable=False),
    Column("author", Text),
    Column("created_at", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column(
        "source",
        Text,
        CheckConstraint(f"source IN ({_SOURCES})"),
        nullable=False,
        server_default="quote",
    ),
    # A digest of the whole sentence, of which a page shows a part where it is long.
    Column("whole", Text),
    sqlite_strict=True,
)
