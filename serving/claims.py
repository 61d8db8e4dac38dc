"""Which sentence may be said of a feature, and the sentence itself.

Each feature has six (`features` in the catalogue): its value is *high* or *low* beside healthy
accounts like it, *rising* or *falling* beside its own past, *missing*, or *protective*: as good as
among healthy accounts. Which may be said follows from the numbers as they are shown and from the
declared direction, so that no sentence warns of what is better, or praises what is worse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from features.feature import Feature
from serving.language import Language, entries, language
from serving.measures import measure

Side = Literal["risk", "safe"]
Kind = Literal["high", "low", "rising", "falling", "missing", "protective"]
KINDS: tuple[Kind, ...] = ("high", "low", "rising", "falling", "missing", "protective")

YES_OR_NO = "yes or no"
# The value at which nothing has changed, or everything is as usual, by unit or by feature.
_NEUTRAL = {"times": 1.0, "share points": 0.0, "points": 0.0, "per 4 weeks": 0.0}
_NEUTRAL_FEATURES = {"answer_days_change": 0.0, "days_late_change": 0.0, "days_late_365": 0.0}
# Time alone moves these, so neither their past nor other accounts are anything to compare with.
CLOCKS = ("days_to_renewal",)
_FIELD = re.compile(r"{(\w+)}")
_NUMBERED = re.compile(r"_(\d+)$")


@dataclass(frozen=True)
class Reading:
    """A feature at one account, beside its own usual value and that of healthy peers.

    None is unknown.
    """

    value: float | None
    usual: float | None = None
    healthy: float | None = None


def kind_of(feature: Feature, side: Side, reading: Reading) -> Kind | None:
    """The sentence that may be said of a reading that raises (risk) or lowers (safe) the risk.

    None if none may: then the value does not bear out what its points say by itself.
    """
    if reading.value is None:
        return "missing"
    # Which way the value must lie for this side; 0 is either.
    wanted = feature.worse if side == "risk" else -feature.worse
    if side == "risk" and not wanted:
        return None  # nobody would see why that is a reason to worry
    if feature.unit == YES_OR_NO:
        return _yes_or_no(feature, reading.value, wanted, side)
    if _reads_against(feature, reading.value, reading.healthy, wanted):
        return None
    return _level_kind(feature, reading, wanted) or _other_kind(feature, side, reading, wanted)


def _reads_against(feature: Feature, value: float, healthy: float | None, wanted: int) -> bool:
    """Whether a table shows the value on the wrong side of healthy peers.

    It shows the half of 4.5 days, which a sentence that counts days leaves out.
    """
    if healthy is None or wanted * (value - healthy) >= 0:
        return False
    ours, theirs = (measure(each, feature.unit, language("en")) for each in (value, healthy))
    return ours != theirs


def _level_kind(feature: Feature, reading: Reading, wanted: int) -> Kind | None:
    """High or low beside healthy peers, where that is the way it must lie."""
    level = _level(feature, reading)
    if not level or wanted not in (0, level) or not _departs(feature, reading, level):
        return None
    return "high" if level > 0 else "low"


def _other_kind(feature: Feature, side: Side, reading: Reading, wanted: int) -> Kind | None:
    """As good as among healthy peers, or worse than it used to be at this account."""
    assert reading.value is not None  # noqa: S101 - asked only of what is known
    level = _level(feature, reading)
    if side == "safe":
        return "protective" if _as_good(feature, reading, level, wanted) else None
    past = _apart(feature, reading.value, reading.usual)
    if past != wanted or level == -wanted or feature.name in CLOCKS:
        return None
    return "rising" if past > 0 else "falling"


def moved_kind(
    feature: Feature, points: float, before: float | None, now: float | None
) -> Kind | None:
    """The sentence about a feature that moved the risk by so many points between two moments.

    None where it did not move as shown, where it became known, or where it moved the other way.
    """
    if now is None:
        return None if before is None else "missing"
    if feature.name in CLOCKS:
        return "protective"  # states the time as it is, and time went by for everybody
    way = _apart(feature, now, before)
    if not way or way * feature.worse * points < 0:
        return None
    return "rising" if way > 0 else "falling"


def claim(feature: Feature, kind: Kind, reading: Reading, language: Language) -> str:
    """The feature's sentence of that kind, without a full stop."""
    key, days = _key(feature.name)
    name = f"features.{key}.{kind}"
    if feature.name == "days_to_renewal" and reading.value is not None and reading.value < 0:
        name = "phrases.renewal_past"
    wanted, plural = _wanted(name)
    if reading.value is None or not wanted:
        return language.say(name)
    values: dict[str, Any] = {"days": language.number(days)} if days else {}
    n = _count(reading.value, feature.unit) if plural else None
    for field in wanted - {"n", "days"}:
        number = reading.usual if field == "before" else reading.value
        if number is not None and feature.name in _NEUTRAL_FEATURES:
            number = abs(number)
        form = _form(wanted) if field == "before" else field
        values[field] = "" if number is None else _filled(form, number, feature.unit, language)
    return language.say(name, n, **values)


def compared(said: str, feature: Feature, kind: Kind, reading: Reading, language: Language) -> str:
    """What was said, with the account's usual value and that of healthy peers in brackets.

    Not behind a change, which tells both itself, nor where nothing can be compared.
    """
    if kind not in ("high", "low", "protective") or feature.unit == YES_OR_NO:
        return said
    wanted, _ = _wanted(f"features.{_key(feature.name)[0]}.{kind}")
    usual, healthy = (
        None if value is None else _beside(value, feature, _form(wanted), language)
        for value in (reading.usual, reading.healthy)
    )
    if usual and healthy:
        return language.say("phrases.beside_both", claim=said, usual=usual, healthy=healthy)
    if usual:
        return language.say("phrases.beside_usual", claim=said, usual=usual)
    if healthy:
        return language.say("phrases.beside_healthy", claim=said, healthy=healthy)
    return said


def _yes_or_no(feature: Feature, value: float, wanted: int, side: Side) -> Kind | None:
    is_so = 1 if value >= 0.5 else -1
    if wanted and is_so != wanted:
        return None
    if feature.direction and side == "safe":
        return "protective"
    return "high" if is_so > 0 else "low"


def _level(feature: Feature, reading: Reading) -> int | None:
    """Above (1), below (-1) or as (0) healthy peers; None if nothing is known of those."""
    assert reading.value is not None  # noqa: S101 - asked only of what is known
    level = _apart(feature, reading.value, reading.healthy)
    return _apart(feature, reading.value, _neutral(feature)) if level is None else level


def _departs(feature: Feature, reading: Reading, level: int) -> bool:
    """Whether what is said to have grown or shrunk lies on that side of no change at all."""
    assert reading.value is not None  # noqa: S101 - asked only of what is known
    return _apart(feature, reading.value, _neutral(feature)) in (None, level)


def _as_good(feature: Feature, reading: Reading, level: int | None, wanted: int) -> bool:
    """Whether a value is no worse than that of healthy peers (its own past), nor has got worse."""
    assert reading.value is not None  # noqa: S101 - asked only of what is known
    beside = _apart(feature, reading.value, reading.usual) if level is None else level
    changed = _apart(feature, reading.value, _neutral(feature))
    if beside is None or (wanted and -wanted in (beside, changed)):
        return False
    # That there is nothing of what is good to have is no praise, even where peers have nothing.
    return wanted <= 0 or shown(feature, reading.value) != 0


def _apart(feature: Feature, value: float, other: float | None) -> int | None:
    """Whether a value is above (1), below (-1) or as shown the same (0) as another."""
    if other is None:
        return None
    if shown(feature, value) == shown(feature, other):
        return 0
    return 1 if value > other else -1


def shown(feature: Feature, value: float) -> float:
    """A value as exactly as any sentence shows it, so that what reads the same counts as equal."""
    _, counted = _wanted(f"features.{_key(feature.name)[0]}.high")
    if feature.unit in ("share", "share points", "per 4 weeks"):
        return float(round(100 * value))
    if feature.unit == "days" and abs(value) < 1 and not counted:
        return round(24 * value) / 24
    if counted or abs(value) >= 10:
        return float(round(value))
    return round(value, 2 if abs(value) < 1 else 1)


def _neutral(feature: Feature) -> float | None:
    return _NEUTRAL_FEATURES.get(feature.name, _NEUTRAL.get(feature.unit))


@cache
def _key(name: str) -> tuple[str, int]:
    """Where a feature's sentences stand, and the days in its name if they are shared by several."""
    stem, number = _NUMBERED.sub("_*", name), _NUMBERED.search(name)
    if number and f"features.{stem}.high" in entries():
        return stem, int(number[1])
    return name, 0


@cache
def _wanted(name: str) -> tuple[frozenset[str], bool]:
    """The values that a sentence wants, and whether it has plural forms."""
    entry = entries()[name]
    plural = not isinstance(entry, str)
    texts = [entry] if isinstance(entry, str) else list(entry.values())
    return frozenset(field for text in texts for field in _FIELD.findall(text)), plural


def _form(wanted: frozenset[str]) -> str:
    """How the value before is written: as the value now is."""
    return next((form for form in ("n", "times", "percent", "size") if form in wanted), "value")


def _filled(form: str, value: float, unit: str, language: Language) -> str:
    if form == "n":
        return language.number(value if unit != "share points" else _count(value, unit))
    if form == "percent":
        return language.percent(abs(round(100 * value)))
    if form == "value" and unit in ("share", "share points", "per 4 weeks"):
        return language.percent(round(100 * value))
    if form == "value" and unit == "days":
        return measure(value, unit, language)
    return language.number(abs(value) if form == "size" else value)


def _count(value: float, unit: str) -> int:
    return abs(round(100 * value if unit == "share points" else value))


def _beside(value: float, feature: Feature, form: str, language: Language) -> str:
    """A value in brackets, written as the sentence writes its own.

    What was counted was just named, so "6" reads better there than "6 messages".
    """
    unit = feature.unit
    if form == "percent" and unit == "times":
        return language.percent(round(100 * value))
    if unit == "days" and feature.name in _NEUTRAL_FEATURES:
        return language.say(
            "units.days", abs(round(value)), n=language.number(round(value), signed=True)
        )
    named = unit in ("days", "months", "share", *_NEUTRAL)
    return measure(value, unit, language) if named else language.number(value)
