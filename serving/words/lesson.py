"""A lesson: learn from all corrections, and take into use what is better than what sorts without.

What is not better is not kept. What was learnt before stays if it is still good enough on the
corrections of today, and else goes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import distinct, func, select

from data.workspace import Workspace, quiet
from features.words.lexicon import Category, Tone
from serving.database import reading, transaction
from serving.tables_words import CORRECTION
from serving.words.corrections import Corrections
from serving.words.sorter import in_use, untaught
from training.words.learn import ACCOUNTS, ENOUGH, Figures, Lesson, again, learn
from training.words.own import save

_STATES = {
    "new": "in use from the next batch on",
    "earlier": "what was learnt before is still good enough, and stays in use",
    "none": "not in use",
}


@dataclass(frozen=True)
class Learnt:
    """What a lesson came to, and what is `used` now: what it taught, an earlier one, or none."""

    figures: Figures
    used: Literal["new", "earlier", "none"]

    @property
    def sentence(self) -> str:
        """The same in words."""
        its = self.figures
        why = f": {its.why_not}" if its.why_not else ""
        return (
            f"learnt from {its.n} corrections of {its.accounts} accounts; held to accounts that "
            f"it had not learnt from, {its.right} are told right, {its.before} without it{why}; "
            f"{_STATES[self.used]}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        its = self.figures
        worth = {**asdict(its), "chance": its.chance}
        return {"used": self.used, "why_not": its.why_not, **worth}


def waiting(workspace: Workspace) -> int:
    """How many corrections wait to be learnt from; 0 where they are too few or taught already.

    Raises:
        MissingError: nothing was ever published.
        StoreError: the store is locked or away.
    """
    its = CORRECTION.c
    query = select(func.count(its.correction_id), func.count(distinct(its.account_id)))
    with transaction(reading(workspace.store)) as connection:
        corrections, accounts = connection.execute(query).one()
    enough = corrections >= ENOUGH and accounts >= ACCOUNTS
    return corrections if enough and not workspace.sorter.exists() else 0


def teach(workspace: Workspace, say: Callable[[str], None] = quiet) -> Learnt:
    """Learn from all corrections, and take what that taught into use if it is good enough.

    Raises:
        RefusedError: there are too few corrections; what is in use stays.
        MissingError: nothing was ever published.
        BadInputError: a file of the firm's phrases cannot be read.
        StoreError: the store is locked or away.
        ForewarnError: a run or an erasure is under way.
    """
    reading(workspace.store)  # where there is none, there is no workspace to hold either
    with workspace.locked():
        lessons = [
            Lesson(one.account_id, one.contact_id, one.sentence, one.category, one.tone)
            for one in Corrections(workspace.store).every()
        ]
        # Apart, since what a batch knows of meanings is forgotten when another sorter has run.
        below = untaught(workspace, workspace.cells / "corrected", say)

        def before(sentence: str) -> dict[Category, Tone]:
            parts = below.sort(sentence, None)
            return {name: tone for part in parts for name, tone in part.tones.items()}

        own, figures = learn(lessons, before, say)
        if figures.why_not is None:
            save(own, workspace.sorter)
            return Learnt(figures, "new")
        earlier = in_use(workspace)
        if earlier is not None and again(earlier, lessons, before).why_not is None:
            return Learnt(figures, "earlier")
        workspace.sorter.unlink(missing_ok=True)
        return Learnt(figures, "none")
