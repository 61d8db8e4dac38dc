"""A waterfall of whole points: where bars begin and end, so that they add up before one's eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

# The outermost ends stay off the edge, where a line would be cut.
_FIRST, _ROOM = 1.0, 98.0


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: `x` and `width` in percent of the room, `shown` its points.

    `enters` is where the line from the bar above comes in, `leaves` where that to the one below
    goes out; None where there is none.
    """

    shown: int
    kind: Literal["total", "raises", "lowers", "none"]
    x: float
    width: float
    enters: float | None
    leaves: float | None


def waterfall(first: int, steps: Sequence[int], *, mirrored: bool) -> tuple[Bar, ...]:
    """The bar of where it starts, one for each step, and that of where it ends.

    `mirrored` has it grow from right to left.

    >>> [(bar.kind, bar.shown) for bar in waterfall(4, [6, 0, -3], mirrored=False)]
    [('total', 4), ('raises', 6), ('none', 0), ('lowers', -3), ('total', 7)]
    """
    levels = [first]
    for step in steps:
        levels.append(levels[-1] + step)
    low, high = min(0, *levels), max(0, *levels)
    unit = _ROOM / (high - low or 1)

    def at(level: float) -> float:
        place = _FIRST + (level - low) * unit
        return round(100 - place if mirrored else place, 2)

    spans = [(0, first), *pairwise(levels), (0, levels[-1])]
    bars = []
    for place, (begin, end) in enumerate(spans):
        whole = place in (0, len(spans) - 1)
        left, right = sorted((at(begin), at(end)))
        bars.append(
            Bar(
                shown=end if whole else end - begin,
                kind="total" if whole else _kind(end - begin),
                x=left,
                width=round(right - left, 2),
                enters=None if place == 0 else at(levels[min(place, len(levels)) - 1]),
                leaves=None if place == len(spans) - 1 else at(levels[place]),
            )
        )
    return tuple(bars)


def _kind(step: int) -> Literal["raises", "lowers", "none"]:
    return "raises" if step > 0 else "lowers" if step < 0 else "none"
