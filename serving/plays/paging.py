"""A page of the board: what comes after a place in its order, whatever was answered meanwhile."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from serving.cursor import OTHER_QUESTION, CursorError, digest
from serving.plays.board import Board, due, to_lose

# The keys of what a page ended with, of a suggestion and of a running play, and of which question.
# The board changes as people answer, so that a count of rows would pass over some.
_Place = tuple[tuple[float, str, str] | None, tuple[bool, str, str] | None]
_WORD: TypeAdapter[tuple[_Place, str]] = TypeAdapter(tuple[_Place, str])


def paged(
    board: Board, *, limit: int, cursor: str | None, question: dict[str, Any]
) -> tuple[Board, str | None]:
    """At most so many suggestions and running plays, and the cursor of those that follow.

    None where nothing follows. What is held out stays as it is. `question` says whose board it is.

    Raises:
        CursorError: no page of a board ended so, or one of another board did.
    """
    last, last_due = (None, None) if cursor is None else _read(cursor, question)
    week = [one for one in board.week if last is None or to_lose(one) > last]
    running = [one for one in board.running if last_due is None or due(one) > last_due]
    shown = replace(board, week=tuple(week[:limit]), running=tuple(running[:limit]))
    if max(len(week), len(running)) <= limit:
        return shown, None
    last = to_lose(shown.week[-1]) if shown.week else last
    last_due = due(shown.running[-1]) if shown.running else last_due
    text = json.dumps([[last, last_due], digest(question)], ensure_ascii=False)
    return shown, base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, question: dict[str, Any]) -> _Place:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place, asked = _WORD.validate_json(raw)
    except (binascii.Error, UnicodeError, ValidationError):
        raise CursorError("expected a cursor that this list gave out") from None
    if asked != digest(question):
        raise CursorError(OTHER_QUESTION)
    return place
