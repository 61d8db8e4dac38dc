"""The board is read page by page, and whatever is answered meanwhile, nothing is passed over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from serving.cursor import CursorError
from serving.plays.board import Board, Running, Suggested, due, to_lose
from serving.plays.paging import paged
from serving.records import AccountRisk
from serving.written.assignments import Assignment
from serving.written.contents import Intervention
from tests.published import a_batch

EVERY = {"csm": None}
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def suggested(number: int) -> Suggested:
    row = AccountRisk(account_id=f"a{number}", status="scored", risk=0.2, coverage=1)
    told: dict[str, object] = {
        "assignment_id": f"as_{number}",
        "episode": "e",
        "account_id": row.account_id,
    }
    told |= {"play": "Lunch", "batch_id": "b1", "eligible": False, "held_out": False}
    it = {**told, "assigned_at": NOON, "arr_at_risk": [None, 50.0, 50.0, 0.1 + 0.2][number % 4]}
    return Suggested(it=Assignment.model_validate(it), row=row)


def running(number: int) -> Running:
    told: dict[str, object] = {
        "intervention_id": f"iv_{number}",
        "account_id": f"a{number}",
        "play": "Lunch",
    }
    told |= {"assigned_at": NOON, "created_at": NOON}
    told |= {"due_at": None if number == 2 else NOON + timedelta(days=number % 2)}
    return Running(it=Intervention.model_validate(told), row=suggested(number).row)


BOARD = Board(
    batch=a_batch("b1", date(2025, 12, 31), 8),
    week=tuple(sorted(map(suggested, range(8)), key=to_lose)),
    held=(suggested(9),),
    running=tuple(sorted(map(running, range(3)), key=due)),
)


def test_pages_hold_each_suggestion_and_play_once_and_in_order():
    cursor: str | None = None
    week: list[Suggested] = []
    plays: list[Running] = []
    for more in (True, True, False):
        page, cursor = paged(BOARD, limit=3, cursor=cursor, question=EVERY)
        assert (len(page.week) <= 3, len(page.running) <= 3, len(page.held)) == (True, True, 1)
        week += page.week
        plays += page.running
        assert (cursor is not None) == more
    assert (tuple(week), tuple(plays)) == (BOARD.week, BOARD.running)


def test_what_was_answered_meanwhile_moves_nothing_past_the_reader():
    first, cursor = paged(BOARD, limit=3, cursor=None, question=EVERY)
    answered = replace(BOARD, week=BOARD.week[1:2] + BOARD.week[3:], running=BOARD.running[1:])
    rest, _ = paged(answered, limit=9, cursor=cursor, question=EVERY)
    assert first.week + rest.week == BOARD.week


def test_all_at_once_has_no_further_page():
    assert paged(BOARD, limit=8, cursor=None, question=EVERY) == (BOARD, None)


@pytest.mark.parametrize("word", ["x", "W10", "é", "W251bGwsWzEsMiwzXV0"])
def test_what_no_page_gave_out_is_no_cursor(word):
    with pytest.raises(CursorError, match="expected a cursor"):
        paged(BOARD, limit=3, cursor=word, question=EVERY)


def test_a_cursor_is_of_the_board_that_gave_it_out():
    _, cursor = paged(BOARD, limit=3, cursor=None, question=EVERY)
    with pytest.raises(CursorError, match="expected the same filters"):
        paged(BOARD, limit=3, cursor=cursor, question={"csm": "eli"})
