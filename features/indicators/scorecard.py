"""What figures are expected to be: levels, owners and actions of `features/scorecard.yml`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from data.errors import BadInputError, unknown
from features.feature import sql_text
from features.indicators.catalog import BY_ID
from features.indicators.indicator import Figure

BUILT_IN = "scorecard.yml"
_TOP = ("settings", "indicators")
_LEVEL = ("expect", "owner", "action")
_WHOLE = {"activation_days": (1, 365), "answer_days": (1, 90), "fewest": (1, 1_000_000)}
_NUMBERS = {"gross_margin": (0.0, 1.0), "clv_years": (0.1, 100.0)}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The numbers that formulas leave to the firm."""

    activation_days: int = 60
    answer_days: int = 14
    gross_margin: float = 0.8
    clv_years: float = 5.0
    fewest: int = 3

    @property
    def days(self) -> dict[str, int]:
        """Those that are days, by name."""
        return {"activation_days": self.activation_days, "answer_days": self.answer_days}


@dataclass(frozen=True, kw_only=True)
class Level:
    """What is expected of an indicator, whose it is, and what they do when it is worse."""

    expect: float
    owner: str
    action: str


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """The checked file: settings, levels by indicator, and by (indicator, segment)."""

    settings: Settings = Settings()
    levels: Mapping[str, Level] = field(default_factory=dict)
    of_segments: Mapping[tuple[str, str], Level] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What tells it from any other."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def of(self, segment: str | None = None) -> dict[str, Level]:
        """What is expected of each indicator, in a segment if one is named."""
        own = {name: level for (name, where), level in self.of_segments.items() if where == segment}
        return {**self.levels, **own}


@dataclass(frozen=True, kw_only=True)
class Alert:
    """A figure that is worse than expected, with what to do about it and who does."""

    figure: Figure
    level: Level


def alerts(figures: Iterable[Figure], levels: Mapping[str, Level], *, fewest: int) -> list[Alert]:
    """The figures that are worse than their level, in their order.

    Exactly at the level is fine. A figure without a value, a partial one, and one that rests on
    fewer than `fewest` raises none.
    """
    found = []
    for figure in figures:
        level = levels.get(figure.indicator)
        if level and figure.n >= fewest and _worse(figure, level.expect):
            found.append(Alert(figure=figure, level=level))
    return found


def load_scorecard(path: Path | None = None) -> Scorecard:
    """The checked scorecard of a file; without a path the one that comes with forewarn.

    Raises:
        BadInputError: no such file, no YAML of that shape, an unknown key (the nearest known one is
            named), or a value that cannot be.
    """
    name = path.name if path else BUILT_IN
    content = _mapping(_parsed(_text(path), name), name, _TOP)
    indicators = content.get("indicators") or {}
    levels: dict[str, Level] = {}
    of_segments: dict[tuple[str, str], Level] = {}
    for key, given in _mapping(indicators, f"{name}, indicators", BY_ID, "indicator").items():
        where = f"{name}, {key}"
        entry = _mapping(given, where, (*_LEVEL, "segments"))
        levels[key] = _level(entry, where, None)
        for segment, more in _segments(entry.get("segments"), where).items():
            within = f"{where}, segment {segment}"
            of_segments[key, str(segment)] = _level(
                _mapping(more, within, _LEVEL), within, levels[key]
            )
    settings = _settings(content.get("settings") or {}, f"{name}, settings")
    return Scorecard(settings=settings, levels=levels, of_segments=of_segments)


def _worse(figure: Figure, expect: float) -> bool:
    if figure.value is None or figure.partial:
        return False
    less_is_better = BY_ID[figure.indicator].better == "less"
    return figure.value > expect if less_is_better else figure.value < expect


def _text(path: Path | None) -> str:
    if path is None:
        return sql_text(BUILT_IN)
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInputError(f"no scorecard file {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"{path}: expected a YAML file of levels; {error}") from None


def _parsed(text: str, name: str) -> object:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{name}: expected a YAML file of levels; {reason}") from None


def _mapping(given: object, where: str, known: Iterable[str], what: str = "key") -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadInputError(f"{where}: expected {', '.join(known)}; got {given!r:.60}")
    names = list(known)
    for key in given:
        if key not in names:
            raise BadInputError(f"{where}: {unknown(what, str(key), names)}")
    return given


def _segments(given: object, where: str) -> dict[Any, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BadInputError(f"{where}: expected segments: names with levels; got {given!r:.60}")
    return given


def _level(given: dict[str, Any], where: str, usual: Level | None) -> Level:
    """The level; what a segment does not say is as usual."""
    if usual is not None:
        given = {"expect": usual.expect, "owner": usual.owner, "action": usual.action} | given
    return Level(
        expect=_number(given.get("expect"), f"{where}: expected expect: a number"),
        owner=_words(given.get("owner"), f"{where}: expected owner: a role"),
        action=_words(given.get("action"), f"{where}: expected action: what the owner does"),
    )


def _settings(given: object, where: str) -> Settings:
    known = (*_WHOLE, *_NUMBERS)
    values = dict(_mapping(given, where, known))
    for name, value in values.items():
        low, high = {**_WHOLE, **_NUMBERS}[name]
        kind = "a whole number" if name in _WHOLE else "a number"
        expected = f"{where}: expected {name}: {kind} from {low:g} to {high:g}"
        number = _number(value, expected)
        if not low <= number <= high or (name in _WHOLE and not isinstance(value, int)):
            raise BadInputError(f"{expected}; got {value!r:.60}")
    return Settings(**values)


def _number(given: object, expected: str) -> float:
    # Neither infinite nor not a number: both parse as YAML numbers.
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 1e15:
        return float(given)
    raise BadInputError(f"{expected}; got {given!r:.60}")


def _words(given: object, expected: str) -> str:
    if isinstance(given, str) and given.strip():
        return given.strip()
    raise BadInputError(f"{expected}; got {given!r:.60}")
