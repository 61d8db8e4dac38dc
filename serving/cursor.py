"""Where a reader of the ranked list has come to: an opaque word that pins the batch and the query.

Published batches never change, so a place in one is as good as a row of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

# No batch has so many accounts, and every database can count so far.
_FARTHEST = 2**31
OTHER_QUESTION = "expected the same filters and order as with the first page"


class CursorError(ValueError):
    """The word is none of ours, or belongs to another question."""


@dataclass(frozen=True)
class Cursor:
    """The next place to read in a batch, for one question."""

    batch_id: str
    place: int

    def word(self, question: dict[str, Any]) -> str:
        """The opaque word for a reader who asks the question."""
        text = json.dumps([self.batch_id, self.place, digest(question)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, word: str, question: dict[str, Any]) -> Cursor:
        """The place that the word stands for.

        Raises:
            CursorError: it is no such word, or was given out for another question.
        """
        try:
            raw = base64.urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
            batch_id, place, asked = json.loads(raw)
        except (binascii.Error, ValueError, TypeError):
            raise CursorError("expected a cursor that this list gave out") from None
        if not _askable(batch_id, place):
            raise CursorError("expected a cursor that this list gave out")
        if asked != digest(question):
            raise CursorError(OTHER_QUESTION)
        return cls(batch_id, place)


def _askable(batch_id: object, place: object) -> bool:
    """Whether any database can be asked for it: everybody can put such a word together."""
    known = isinstance(batch_id, str) and batch_id.isascii() and batch_id.isprintable()
    return known and isinstance(place, int) and 0 <= place < _FARTHEST


def digest(question: dict[str, Any]) -> str:
    """What tells one question from another: its filters and its order, in a word."""
    text = json.dumps(question, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
