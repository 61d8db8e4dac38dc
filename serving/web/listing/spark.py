"""A small line of how a risk went: drawn by the day, and from no risk upwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from serving.portfolio import WEEK, Course

WEEKS = 18
STEP, HEIGHT = 4, 20
WIDTH = STEP * (WEEKS - 1)
# Up to here all lines are on one scale, so that a low risk looks low; more makes room for itself.
_TOP = 0.1


@dataclass(frozen=True)
class Spark:
    """The path of a line and its last point, within WIDTH and HEIGHT."""

    path: str
    x: int
    y: int


def spark(course: Course, as_of: date) -> Spark | None:
    """The line of the risks of an account up to a moment; None where there is but one."""
    if len(course) < 2:
        return None
    top = max(_TOP, *(risk for _, risk in course))
    points = [
        (max(0, WIDTH - STEP * (as_of - day).days // WEEK), round(HEIGHT * (1 - risk / top)))
        for day, risk in course
    ]
    (x, y), path = points[0], []
    for right, down in points[1:]:
        path.append(f"l{right - x} {down - y}")
        x, y = right, down
    return Spark(f"M{points[0][0]} {points[0][1]}{''.join(path)}", x, y)
