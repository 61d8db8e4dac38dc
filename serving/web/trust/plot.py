"""Plots as SVG that obeys the page: no style of its own, colours by class, words from outside."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

Points = Sequence[tuple[float, float]]
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 40
_UNTITLED = 20
# So many points lie too close for tenths of a pixel to show.
_MANY = 30
_ROOMS = 4


@dataclass(frozen=True, kw_only=True)
class Axis:
    """From `low` to `high` with a word at each tick; `bent` gives small values more room."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    title: str = ""
    bent: bool = False

    def at(self, value: float) -> float:
        """Where a value lies, 0 to 1; what lies outside is put at the end."""
        low, high, value = (self._bend(v) for v in (self.low, self.high, value))
        return min(max((value - low) / ((high - low) or 1), 0.0), 1.0)

    def _bend(self, value: float) -> float:
        return math.sqrt(max(value, 0.0)) if self.bent else value


class Plot:
    """A plot that things are put into one after another, the first at the bottom.

    It reads from left to right in every language, as numbers do.
    """

    def __init__(self, x: Axis, y: Axis, *, width: int = 340, height: int = 240) -> None:
        self._x, self._y, self._width, self._height = x, y, width, height
        self._parts: list[Markup] = []
        self._bottom = height - (_BOTTOM if x.title else _UNTITLED)
        self._left = _LEFT if y.title else _LEFT - 12
        self._frame()

    def line(self, points: Points, kind: str) -> None:
        """A line through points; `kind` is its class."""
        self._add(
            "polyline",
            points=self._path(points, 0 if len(points) > _MANY else 1),
            class_=f"line {kind}",
        )

    def area(self, low: Points, high: Points, kind: str) -> None:
        """What lies between two lines."""
        around = self._path([*low, *reversed(high)], 0)
        self._add("polygon", points=around, class_=f"area {kind}")

    def bar(self, x: float, low: float, high: float, kind: str) -> None:
        """An upright bar."""
        top, bottom = self._down(high), self._down(low)
        height = max(bottom - top, 1.0)
        left = self._across(x) - 4
        self._add("rect", x=left, y=top, width=8, height=height, rx=2, class_=kind)

    def dot(self, x: float, y: float, kind: str) -> None:
        """A round dot, or a square on its corner where the class says `outside`."""
        across, down = self._across(x), self._down(y)
        if "outside" in kind:
            corners = [(across, down - 5), (across + 5, down), (across, down + 5)]
            points = " ".join(f"{a:.1f},{d:.1f}" for a, d in [*corners, (across - 5, down)])
            self._add("polygon", points=points, class_=f"dot {kind}")
        else:
            self._add("circle", cx=across, cy=down, r=4, class_=f"dot {kind}")

    def upright(self, x: float, kind: str) -> None:
        """A line from the bottom to the top."""
        across = self._across(x)
        self._add("line", x1=across, x2=across, y1=_TOP, y2=self._bottom, class_=f"line {kind}")

    def svg(self, said: str) -> Markup:
        """The plot; `said` is what it tells, for those who cannot see it."""
        return Markup(
            '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
        ).format(self._width, self._height, said, Markup("").join(self._parts))

    def _frame(self) -> None:
        left, right, bottom = self._left, self._width - _RIGHT, self._bottom
        rows = [self._down(value) for value, _ in self._y.ticks]
        grid = "".join(f"M{left} {_short(row)}H{right}" for row in rows)
        self._add("path", d=grid, class_="grid")
        for row, (_, word) in zip(rows, self._y.ticks, strict=True):
            self._word(left - 6, row + 3.5, word, ' class="y"')
        for value, word in self._x.ticks:
            self._word(self._across(value), bottom + 14, word)
        self._add("path", d=f"M{left} {bottom}H{right}", class_="base")
        if self._x.title:
            self._word((left + right) / 2, self._height - 6, self._x.title)
        if self._y.title:
            self._word(0, 0, self._y.title, self._turned)

    @property
    def _turned(self) -> str:
        return f' transform="translate(11 {_short((_TOP + self._bottom) / 2)}) rotate(-90)"'

    def _word(self, x: float, y: float, word: str, more: str = "") -> None:
        place = f'x="{_short(x)}" y="{_short(y)}"{more}'
        self._parts.append(Markup(f"<text {place}>{escape(word)}</text>"))  # noqa: S704 - escaped

    def _add(self, tag: str, **values: float | str) -> None:
        told = " ".join(f'{name.rstrip("_")}="{_said(value)}"' for name, value in values.items())
        self._parts.append(Markup(f"<{tag} {told}/>"))  # noqa: S704 - escaped one by one

    def _path(self, points: Points, digits: int) -> str:
        places = ((self._across(x), self._down(y)) for x, y in points)
        return " ".join(f"{_short(x, digits)},{_short(y, digits)}" for x, y in places)

    def _across(self, value: float) -> float:
        return self._left + self._x.at(value) * (self._width - self._left - _RIGHT)

    def _down(self, value: float) -> float:
        return self._bottom - self._y.at(value) * (self._bottom - _TOP)


def _said(value: float | str) -> str:
    return str(escape(value)) if isinstance(value, str) else _short(value)


def _short(value: float, digits: int = 1) -> str:
    return f"{round(value, digits):g}"


def steps(low: float, high: float, rooms: int = _ROOMS) -> list[float]:
    """Round numbers between two, about so many apart.

    >>> steps(0, 1), steps(0, 37)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 10.0, 20.0, 30.0])
    """
    span = (high - low) or 1.0
    power = 10 ** math.floor(math.log10(span / rooms))
    step = next(n * power for n in (1, 2, 2.5, 5, 10) if n * power >= span / rooms * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]
