"""What the API answers of what an account said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel

from features.words.lexicon import Category, Tone
from features.words.sort import Method
from serving.practice.urgency import Level
from serving.provenance import Provenance
from serving.records import Batch, Probability
from serving.source import Source
from serving.words.corrected import Said


class SaidSentence(BaseModel):
    """A sentence that a customer said about one subject; `found` are the words that show it.

    `feedback_id` is the id of the quote, of the ticket, or of the touch of which it is a note.
    `by_hand` where a person has said what it speaks of.
    """

    said_on: date
    feedback_id: str
    source: Source
    subject: Category
    tone: Tone
    before: str
    found: str
    after: str
    urgency: Probability
    level: Level
    conversations: int
    escalated: bool
    method: Method
    by_hand: bool


class WordsAnswer(BaseModel):
    """What an account said in the year before a batch, the most urgent sentences first."""

    batch: Provenance
    account_id: str
    sentences: list[SaidSentence]

    @classmethod
    def of(cls, account_id: str, said: Sequence[Said], batch: Batch) -> WordsAnswer:
        """That of an account in a batch."""
        sentences = [
            SaidSentence(
                **one.quoted.model_dump(exclude={"contact_id", "category", "whole", "known_on"}),
                subject=one.quoted.category,
                by_hand=one.by_hand,
            )
            for one in said
            if not one.dismissed
        ]
        return cls(batch=Provenance.of(batch), account_id=account_id, sentences=sentences)
