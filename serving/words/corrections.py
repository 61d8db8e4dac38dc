"""What people say that a sentence of a customer speaks of: taken in, and read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, select, text
from sqlalchemy.dialects import postgresql, sqlite

from features.words.lexicon import Tone
from features.words.sorter import NONE, Subject
from serving import moments
from serving.database import Engines, transaction
from serving.engines import Address
from serving.practice.quoted import Quoted, read
from serving.question import Question
from serving.source import Source
from serving.tables_practice import PRACTICE
from serving.tables_words import CORRECTION
from serving.words.kept import EVERY, Corrected, every
from serving.written.contents import Line, Moment
from serving.written.desk import batch_spoken_of
from serving.written.once import Answer, Attempt, DeclinedError, once

_CREATED: Final = 201
# Ids as one JSON text, so that the words of the question stay the same.
_OF = Question(
    EVERY.where(CORRECTION.c.account_id.in_(text("SELECT value FROM json_each(:ids)"))),
    postgresql=EVERY.where(
        CORRECTION.c.account_id.in_(text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
)


class NewCorrection(BaseModel):
    """What a sentence speaks of, and how; `subject` is none for what is none of the six.

    `feedback_id` is the id of the quote, ticket or touch that it stands in, as `source` says, and
    `sentence` is one that was published of the account, whole: before, found and after. What is
    none of the six has no tone, and is kept as neutral.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feedback_id: Annotated[str, Field(min_length=1, max_length=200)]
    sentence: Annotated[str, Field(min_length=1, max_length=2000)]
    source: Source = "quote"
    subject: Subject
    tone: Tone
    author: Line | None = None


class Correction(BaseModel):
    """A correction as it is answered; the sentence is told only where the quote is."""

    correction_id: str
    account_id: str
    feedback_id: str
    source: Source
    subject: Subject
    tone: Tone
    author: str | None = None
    created_at: Moment


class Corrections:
    """Takes in corrections and reads them back; one sentence has one, the newest.

    Everything may raise a `StoreError` while the store is locked or away.
    """

    def __init__(self, address: Address) -> None:
        self._engines = Engines(address)

    def correct(self, account_id: str, said: NewCorrection, attempt: Attempt) -> Answer:
        """Keep a correction, in place of that of the same sentence.

        Raises:
            DeclinedError: no batch holds the account (404), or the newest that does has no such
                sentence of it (422).
        """

        def write(connection: Connection) -> Answer:
            batch_id = batch_spoken_of(connection, account_id)
            quoted = _quoted(connection, batch_id, account_id, said)
            tone: Tone = "neutral" if said.subject == NONE else said.tone
            kept = Correction(
                correction_id=correction_id(account_id, *quoted.conversation, quoted.digest),
                account_id=account_id,
                feedback_id=quoted.feedback_id,
                source=quoted.source,
                subject=said.subject,
                tone=tone,
                author=said.author,
                created_at=moments.now(),
            )
            row = {
                **kept.model_dump(exclude={"subject"}),
                "category": kept.subject,
                "contact_id": quoted.contact_id,
                "sentence": quoted.sentence,
                "whole": quoted.digest,
                "key_id": attempt.key_id,
            }
            _replace(connection, row)
            return Answer(_CREATED, account_id, kept.model_dump_json(exclude_none=True))

        return once(self._engines.writing, attempt, write)

    def of(self, account_ids: Sequence[str]) -> dict[str, list[Corrected]]:
        """The corrections of some accounts, the oldest first, by account_id."""
        ids = json.dumps([name for name in account_ids if "\0" not in name])
        found: dict[str, list[Corrected]] = {}
        for row in _OF.rows(self._engines.reading, ids=ids):
            one = Corrected.model_validate(dict(zip(CORRECTION.c.keys(), row, strict=True)))
            found.setdefault(one.account_id, []).append(one)
        return found

    def every(self) -> list[Corrected]:
        """All corrections, the oldest first."""
        with transaction(self._engines.reading) as connection:
            return every(connection)


def correction_id(account_id: str, source: str, feedback_id: str, sentence: str) -> str:
    """The id of what is said of the sentence with that digest, whoever says it."""
    told = json.dumps([account_id, source, feedback_id, sentence])
    return f"co_{hashlib.sha256(told.encode()).hexdigest()[:26]}"


def _replace(connection: Connection, row: dict[str, Any]) -> None:
    # Not deleted and written again: two at the same moment would both delete nothing.
    id_ = [CORRECTION.c.correction_id]
    if connection.dialect.name == "postgresql":
        new = postgresql.insert(CORRECTION).values(row)
        connection.execute(new.on_conflict_do_update(index_elements=id_, set_=row))
    else:
        own = sqlite.insert(CORRECTION).values(row)
        connection.execute(own.on_conflict_do_update(index_elements=id_, set_=row))


def _quoted(connection: Connection, batch_id: str, account_id: str, said: NewCorrection) -> Quoted:
    """The sentence as it was published, whatever a browser made of its line breaks."""
    query = select(PRACTICE.c.words).where(
        PRACTICE.c.batch_id == batch_id, PRACTICE.c.account_id == account_id
    )
    for one in read(connection.execute(query).scalar()):
        there = one.conversation == (said.source, said.feedback_id)
        if there and _shown(one.sentence) == _shown(said.sentence):
            return one
    raise DeclinedError(422, "sentence: expected one that was published of the account, whole")


def _shown(sentence: str) -> str:
    """As it comes back from a form: line breaks of one kind, and no NUL."""
    return sentence.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
