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


class CursorError(ValueError):
    """The word is none of ours, or belongs to another question."""


@dataclass(frozen=True)
class Cursor:
    """The next place to read in a batch, for one question."""

    batch_id: str
    place: int

    def word(self, question: dict[str, Any]) -> str:
        """The opaque word for a reader who asks the question."""
        text = json.dumps([self.batch_id, self.place, _digest(question)])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, word: str, question: dict[str, Any]) -> Cursor:
        """The place that the word stands for.

        Raises:
            CursorError: it is no such word, or was given out for another question.
        """
        try:
            raw = base64.urlsafe_b64decode(word.encode("ascii") + b"=" * (-len(word) % 4))
            batch_id, place, digest = json.loads(raw)
            found = cls(str(batch_id), int(place))
        except (UnicodeError, binascii.Error, ValueError, TypeError):
            raise CursorError("expected a cursor that this list gave out") from None
        if digest != _digest(question) or found.place < 0:
            raise CursorError("expected the same filters and order as with the first page")
        return found


def _digest(question: dict[str, Any]) -> str:
    text = json.dumps(question, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
