"""Indicators as pages show them: a line each, with what it was made of and how it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from features.indicators.catalog import BY_ID
from features.indicators.indicator import Figure
from features.indicators.practice import PRACTICE
from features.indicators.scorecard import Alert, Level
from serving.indicators.spoken import amount, basis, expected, shown, stretch
from serving.indicators.stored import Group
from serving.language import Language

STEP, HEIGHT, WEEKS = 4, 20, 18
WIDTH = STEP * (WEEKS - 1)
_FIFTEEN = frozenset(indicator.id for indicator in PRACTICE)


@dataclass(frozen=True)
class Trend:
    """A small line of how a figure went, its last point, and the same in words."""

    path: str
    x: int
    y: int
    words: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """An indicator on a page; `beside` is the same of the segment, empty where none is shown.

    `shows`: it has a value, or at least the few answers that it would be made of.
    """

    id: str
    name: str
    meaning: str
    value: str
    empty: bool
    shows: bool
    worse: bool
    level: str
    basis: str
    n: str
    stretch: str
    partial: bool
    detail: str
    beside: str = ""
    trend: Trend | None = None


@dataclass(frozen=True, kw_only=True)
class Raised:
    """An alert in words."""

    id: str
    name: str
    value: str
    level: str
    owner: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Figures as a page shows them: the alerts, the fifteen, and the money with the answers."""

    alerts: tuple[Raised, ...]
    practice: tuple[Line, ...]
    money: tuple[Line, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines in their order."""
        return (*self.practice, *self.money)


def sheet(
    figures: Sequence[Figure],
    group: Group,
    raised: Iterable[Alert],
    language: Language,
    *,
    beside: Mapping[str, Figure] | None = None,
    courses: Mapping[str, Sequence[float]] | None = None,
) -> Sheet:
    """The sheet of some figures, with what their `group` expects of them.

    `beside` are figures to stand beside them, and `courses` how each went, the oldest first.
    """
    alerts = list(raised)
    worse = {alert.figure.indicator for alert in alerts}
    lines = tuple(
        _line(
            figure,
            group.levels.get(figure.indicator),
            language,
            worse=figure.indicator in worse,
            beside=(beside or {}).get(figure.indicator),
            course=(courses or {}).get(figure.indicator, ()),
        )
        for figure in figures
        if figure.indicator in BY_ID
    )
    return Sheet(
        alerts=tuple(_raised(alert, language) for alert in alerts),
        practice=tuple(line for line in lines if line.id in _FIFTEEN),
        money=tuple(line for line in lines if line.id not in _FIFTEEN),
    )


def trend(indicator: str, values: Sequence[float], language: Language) -> Trend | None:
    """The line of some values at even steps, the oldest first; None where there is but one.

    It ends at the right, and reaches over a tenth of the largest value at least, so that what
    hardly moved looks so.
    """
    if len(values) < 2:
        return None
    middle = (min(values) + max(values)) / 2
    reach = max(max(values) - min(values), max(map(abs, values)) / 10) or 1.0
    ys = [round(HEIGHT * (0.5 - (value - middle) / reach)) for value in values]
    path = "".join(f"l{STEP} {down - up}" for up, down in pairwise(ys))
    told = ", ".join(amount(indicator, value, language) for value in values)
    words = language.say("figures.course", name=_name(indicator, language), values=told)
    return Trend(f"M{WIDTH - STEP * (len(ys) - 1)} {ys[0]}{path}", WIDTH, ys[-1], words)


def _line(
    figure: Figure,
    level: Level | None,
    language: Language,
    *,
    worse: bool,
    beside: Figure | None,
    course: Sequence[float],
) -> Line:
    few = figure.reason == "few_answers"
    return Line(
        id=figure.indicator,
        name=_name(figure.indicator, language),
        meaning=language.say(f"indicator_meanings.{figure.indicator}"),
        value=shown(figure, language),
        empty=figure.value is None,
        shows=figure.value is not None or (few and bool(figure.detail)),
        worse=worse,
        level="" if level is None else expected(figure.indicator, level, language),
        basis=basis(figure, language),
        n=language.number(figure.n) if figure.n else "",
        stretch=stretch(figure, language),
        partial=figure.partial,
        detail="" if few else _detail(figure, language),
        beside="" if beside is None else shown(beside, language),
        trend=trend(figure.indicator, course, language),
    )


def _detail(figure: Figure, language: Language) -> str:
    """What goes with a value: the flags that are up in words, else as it stands."""
    if figure.indicator == "risk_flags" and figure.detail:
        flags = [language.say(f"figures.flag_{name}") for name in figure.detail.split()]
        return language.listed(flags)
    return figure.detail or ""


def _raised(alert: Alert, language: Language) -> Raised:
    indicator = alert.figure.indicator
    return Raised(
        id=indicator,
        name=_name(indicator, language),
        value=shown(alert.figure, language),
        level=expected(indicator, alert.level, language),
        owner=language.translated(alert.level.owner),
        action=language.translated(alert.level.action),
    )


def _name(indicator: str, language: Language) -> str:
    return language.say(f"indicator_names.{indicator}")
