"""What the API answers of plays: what is suggested, and what runs."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import BaseModel

from serving.plays.board import Board, Suggested
from serving.plays.playbook import Playbook
from serving.provenance import Provenance
from serving.records import Probability
from serving.written.contents import Intervention, Moment


class SuggestedPlay(BaseModel):
    """A play that is suggested for an account, with what was known when it was.

    `steps`, `success` and `role` are left out where the firm's plays have it no more.
    """

    assignment_id: str
    account_id: str
    name: str | None = None
    play_id: str | None = None
    play: str
    reason: str | None = None
    steps: list[str]
    success: str | None = None
    role: str | None = None
    csm: str | None = None
    owner: str | None = None
    assigned_at: Moment
    due_at: Moment | None = None
    risk: Probability | None = None
    health: float | None = None
    arr_at_risk: float | None = None
    link: str

    @classmethod
    def of(cls, one: Suggested, book: Playbook) -> SuggestedPlay:
        """That of a suggestion."""
        play = book.plays.get(one.it.play_id or "")
        kept = one.it.model_dump(include=set(cls.model_fields) & set(type(one.it).model_fields))
        told = {
            **kept,
            "name": one.row.name,
            "csm": one.row.csm,
            "steps": [] if play is None else list(play.steps),
            "success": None if play is None else play.success,
            "role": None if play is None else play.owner,
            "link": f"/accounts/{quote(one.row.account_id)}",
        }
        return cls.model_validate(told)


class PlaysAnswer(BaseModel):
    """What is to be done about accounts; `held_out` counts what chance keeps back.

    `next_cursor` fetches more suggestions and running plays, if there are more of either.
    """

    batch: Provenance
    suggested: list[SuggestedPlay]
    begun: list[Intervention]
    held_out: int
    has_more: bool
    next_cursor: str | None = None

    @classmethod
    def of(cls, board: Board, book: Playbook, after: str | None) -> PlaysAnswer:
        """That of a page of a board."""
        return cls(
            batch=Provenance.of(board.batch),
            suggested=[SuggestedPlay.of(one, book) for one in board.week],
            begun=[one.it for one in board.running],
            held_out=len(board.held),
            has_more=after is not None,
            next_cursor=after,
        )
