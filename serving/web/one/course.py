"""How the risk of an account went over the batches, and what happened along the way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

from serving.earlier import Earlier
from serving.records import Dossier
from serving.web.one.written import Written

MARKS = 12
_TOPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_HEADROOM = 1.1
# Marks nearer than this to one another, in percent of the width, stand in rows of their own.
_APART = 5.0
_ROWS = 3


class Event(NamedTuple):
    """Something to be marked: when, of which kind, and what.

    Rows of the timeline (contract, pulse) come in words; of the others it is the version of the
    model, the judgement from 1 to 5 (judged), or the play.
    """

    day: date
    kind: Literal["model", "contract", "pulse", "judged", "play_began", "play_ended"]
    what: str


class Mark(NamedTuple):
    """An event on the chart: its number there, its place in percent, and the row of its number."""

    n: int
    x: float
    row: int
    event: Event


class Point(NamedTuple):
    """What one batch said, with its place in percent; `y` is None where it gave no risk."""

    batch: Earlier
    x: float
    y: float | None


class Level(NamedTuple):
    """A risk with its height in percent; `band` is the one that begins there, if one does."""

    risk: float
    y: float
    band: str = ""


@dataclass(frozen=True, kw_only=True)
class Course:
    """A chart of risks: points from the oldest on, lines between those that compare, marks.

    A line is the text that `points` of a polyline wants, `dots` what `d` of a path wants, all in
    percent of both sides.
    """

    points: tuple[Point, ...]
    lines: tuple[str, ...]
    grid: tuple[Level, ...]
    bands: tuple[Level, ...]
    marks: tuple[Mark, ...]

    @property
    def dots(self) -> str:
        """The points as strokes without length."""
        return "".join(f"M{point.x} {point.y}h0" for point in self.points if point.y is not None)

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw: one risk alone is no course."""
        return sum(point.y is not None for point in self.points) > 1


def course(
    earlier: Sequence[Earlier],
    limits: Mapping[str, float],
    dossier: Dossier | None,
    written: Written | None,
) -> Course:
    """The chart of what was published of an account, at least once, given with the newest first.

    `limits` are the risks at which bands begin.
    """
    old_first = tuple(reversed(earlier))
    risks = [each.risk for each in earlier if each.risk is not None]
    top = _top(max([*risks, limits.get("high", 0.0)]))
    first, last = old_first[0].as_of, old_first[-1].as_of
    span = (last - first).days or 1

    def across(day: date) -> float:
        return round(100 * (day - first).days / span, 2)

    def level(risk: float, band: str = "") -> Level:
        return Level(risk, round(100 - 100 * risk / top, 2), band)

    points = tuple(
        Point(each, across(each.as_of), None if each.risk is None else level(each.risk).y)
        for each in old_first
    )
    events = [e for e in _events(old_first, dossier, written) if e.day >= first]
    return Course(
        points=points,
        lines=tuple(_lines(points)),
        grid=tuple(level(top * part) for part in (0, 0.5, 1)),
        bands=tuple(level(risk, name) for name, risk in limits.items() if 0 < risk <= top),
        marks=tuple(_marks([(min(across(e.day), 100.0), e) for e in events])),
    )


def _top(risk: float) -> float:
    return next((top for top in _TOPS if top >= risk * _HEADROOM), 1.0)


def _lines(points: Iterable[Point]) -> Iterable[str]:
    """Lines between neighbours that predicted the same; a gap where there was no risk."""
    for key, group in groupby(points, key=lambda p: None if p.y is None else p.batch.spec_hash):
        several = list(group)
        if key is not None and len(several) > 1:
            yield " ".join(f"{p.x},{p.y}" for p in several)


def _events(
    old_first: Sequence[Earlier], dossier: Dossier | None, written: Written | None
) -> list[Event]:
    found = [
        Event(after.as_of, "model", after.model_version)
        for before, after in pairwise(old_first)
        if before.model_version != after.model_version
    ]
    for item in dossier.timeline if dossier else ():
        if item.source == "subscriptions":
            found.append(Event(item.happened_at.date(), "contract", item.what))
        elif item.source == "pulses":
            found.append(Event(item.happened_at.date(), "pulse", item.what))
    if written is not None:
        found += [Event(p.recorded_at.date(), "judged", str(p.pulse)) for p in written.pulses]
        for play in written.plays:
            found.append(Event(play.assigned_at.date(), "play_began", play.play))
            if play.closed_at is not None:
                found.append(Event(play.closed_at.date(), "play_ended", play.play))
    return sorted(set(found))[-MARKS:]


def _marks(placed: Sequence[tuple[float, Event]]) -> Iterable[Mark]:
    row, before = 0, -_APART
    for n, (x, event) in enumerate(placed, start=1):
        row = (row + 1) % _ROWS if x - before < _APART else 0
        before = x
        yield Mark(n, x, row, event)
