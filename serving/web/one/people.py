"""Who carries the relationship with an account, so that a single contact is seen at a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from serving.records import Dossier, Person

# Who carries so much of what is said to us is hard to replace.
LEANS = 0.6
# For so many days whoever was heard counts as engaged.
HEARD = 90
FIRST_SHOWN = 8
State = Literal["main_gone", "alone", "leans", "spread", "silent"]


@dataclass(frozen=True, kw_only=True)
class Face:
    """Somebody there, as the page shows them.

    `x` and `width` are their part of the bar of all, in percent; the width is 0 where nobody said
    anything. Days are counted back from the batch; None is never.
    """

    person: Person
    x: float
    width: float
    heard_days: int | None
    asked_days: int | None
    used_days: int | None

    @property
    def title(self) -> str:
        """Their name, or their id where they have none."""
        return self.person.name or self.person.contact_id

    @property
    def gone(self) -> bool:
        """Whether they have left."""
        return self.person.left_on is not None


@dataclass(frozen=True, kw_only=True)
class People:
    """Who is known at an account, the most important first; `left_out` are not told of.

    `state`: the one who carries most has left (main_gone) or carries most of it by far (leans);
    else several do (spread), or nobody said anything (silent). Where one person alone was heard in
    90 days (alone), `main` is that one.
    """

    faces: tuple[Face, ...]
    left_out: int
    main: Face | None
    state: State


def people(dossier: Dossier | None, engaged: int | None, as_of: date) -> People | None:
    """The people of a dossier; None where no source tells of any.

    `engaged` is how many were heard in 90 days, None where that cannot be known.
    """
    if dossier is None or dossier.people is None:
        return None
    faces, before = [], 0.0
    for person in dossier.people:
        width = 100 * (person.share or 0.0)
        faces.append(
            Face(
                person=person,
                x=round(before, 2),
                width=round(width, 2),
                heard_days=_days(person.last_inbound, as_of),
                asked_days=_days(person.last_outbound, as_of),
                used_days=_days(person.last_use, as_of),
            )
        )
        before += width
    main, state = _carried(faces, engaged)
    return People(faces=tuple(faces), left_out=dossier.more_people, main=main, state=state)


def _carried(faces: Sequence[Face], engaged: int | None) -> tuple[Face | None, State]:
    """Who is to be named, and what is to be said of them."""
    main = next((face for face in faces if face.person.main), None)
    if main is None:
        return None, "silent"
    if main.gone:
        return main, "main_gone"
    heard = [face for face in faces if face.heard_days is not None and face.heard_days <= HEARD]
    if engaged == len(heard) == 1:  # not always who carried most of half a year
        return heard[0], "alone"
    return main, "leans" if (main.person.share or 0.0) >= LEANS else "spread"


def _days(day: date | None, as_of: date) -> int | None:
    return None if day is None else (as_of - day).days
