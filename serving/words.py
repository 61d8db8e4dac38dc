"""Values and reasons as a customer success manager reads them: plain words, a unit, no jargon."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.feature import Feature

Side = Literal["risk", "safe"]

# What stands in place of a band for an account without a risk.
UNSCORED = {"decided": "under notice", "insufficient_history": "too new to score"}

BAND_NOTE = (
    "The likely range is the 80% band of the estimate: how far it might move with other accounts "
    "to learn from, not how sure it is that the account leaves."
)

_CHANGES = ("share points", "per 4 weeks", "points")
_UNITS_IN_COMPARISON = ("days", "months", "share", "times")
_SAYS_LESS = re.compile(r"\b(only|rarely|short|shared)\b", re.IGNORECASE)
_SAYS_MORE = re.compile(r"\b(long|one)\b", re.IGNORECASE)
_ONLY_VALUE = re.compile(r"\b(only) \{value\}( of\b)?", re.IGNORECASE)
_PLURAL_VERBS = {"were": "was", "are": "is", "have": "has"}


@dataclass(frozen=True)
class Reading:
    """A feature at one account, beside its own usual value and that of healthy peers.

    None is unknown. A category is read as unknown: no sentence speaks of one.
    """

    value: float | None
    usual: float | None = None
    healthy: float | None = None


def measure(value: float, unit: str) -> str:
    """`value` with its unit, as in a sentence.

    >>> measure(41, "days"), measure(1, "people"), measure(0.345, "share")
    ('41 days', '1 person', '34%')
    >>> measure(-0.22, "share points"), measure(1250, "currency per month")
    ('-22 points', '1,250 per month')
    """
    if unit == "yes or no":
        return "yes" if value >= 0.5 else "no"
    if unit in ("share", *_CHANGES):
        return _share_or_change(value, unit)
    if unit == "days" and 0 < abs(value) < 1:
        return measure(round(24 * value), "hours")
    text = _number(value)
    if unit == "times":
        return f"{'1.0' if text == '1' else text} times"
    if unit.startswith("currency"):
        return f"{text}{unit.removeprefix('currency')}"
    return f"{text} {_noun(unit, one=text == '1')}".rstrip()


def holds(feature: Feature, side: Side, reading: Reading) -> bool:
    """Whether the feature's sentence on that side may be said of this reading.

    It must be true (a yes-or-no sentence), it must not run against the declared direction (compared
    with healthy peers and with the account's own past, as far as known), and a warning must differ,
    as shown, from at least one of them.
    """
    value, template = reading.value, getattr(feature, side)
    if value is None or not template:
        return False
    claim = _claim(feature, side)
    if feature.unit == "yes or no":
        # Without a direction the warning says no and the good news says yes.
        wants = claim or (1 if side == "safe" else -1)
        if (value >= 0.5) != (wants > 0):
            return False
    elif (value <= 0 and claim >= 0) or (value >= 0 and claim < 0 and feature.unit in _CHANGES):
        return False
    others = [other for other in (reading.usual, reading.healthy) if other is not None]
    return not claim or _agrees(value, others, feature.unit, claim=claim, strict=side == "risk")


def sentence(feature: Feature, side: Side, value: float) -> str:
    """The feature's sentence on that side, without a full stop."""
    template: str = getattr(feature, side)
    text = measure(value, feature.unit)
    if text == measure(0, feature.unit) and not feature.unit.startswith("out of"):
        template = _ONLY_VALUE.sub(lambda found: _none(feature.unit, found), template)
    if text.startswith("1 "):
        return _singular(template).replace("{value}", text).replace("last 1 ", "last ")
    return template.replace("{value}", text)


def compared(said: str, feature: Feature, side: Side, reading: Reading) -> str:
    """The feature's sentence with the account's usual value and that of healthy peers after it.

    A sentence that claims nothing beside others (a countdown to the renewal) stays as it is.

    >>> what = {"name": "d", "family": "f", "unit": "days", "definition": "", "sources": ()}
    >>> days = Feature(**what, direction=1, risk="No word for {value}")
    >>> compared("No word for 41 days", days, "risk", Reading(41, usual=4, healthy=6))
    'No word for 41 days (usually 4 days; healthy accounts 6 days)'
    """
    beside = [
        f"{who} {_beside(value, feature.unit)}"
        for who, value in (("usually", reading.usual), ("healthy accounts", reading.healthy))
        if value is not None
    ]
    if not beside or not _claim(feature, side) or "{value}" not in getattr(feature, side):
        return said
    if said.endswith(")"):
        return f"{said[:-1]}; {'; '.join(beside)})"
    return f"{said} ({'; '.join(beside)})"


def together(label: str, side: Side) -> str:
    """What is said of a family when none of its features can be worded alone."""
    return f"Several {'' if side == 'risk' else 'good '}signs together in {inside(label)}"


def nothing_known(label: str) -> str:
    """What is said of a family none of whose features is known for the account."""
    return f"Nothing is known about {inside(label)}"


def percent(probability: float) -> str:
    """A probability as a whole percentage that never says 0 or 100 of what is neither.

    >>> percent(0.124), percent(0.004), percent(0.996)
    ('12%', 'under 1%', 'over 99%')
    """
    shown = whole(probability)
    if shown == 0 < probability:
        return "under 1%"
    if shown == 100 and probability < 1:
        return "over 99%"
    return f"{shown}%"


def whole(probability: float) -> int:
    """Percentage points, rounded half up."""
    return math.floor(100 * probability + 0.5)


def likely(low: float, high: float) -> str:
    """The band of an estimate in whole percentages.

    >>> likely(0.281, 0.409), likely(0.001, 0.02), likely(0.31, 0.314)
    ('28-41%', 'up to 2%', '31%')
    """
    first, last = whole(low), whole(high)
    if first == last:
        return percent(high)
    return f"{first}-{last}%" if first else f"up to {last}%"


def summary(risk: float, event: str, claims: Sequence[str], *, note: str = "") -> str:
    """The risk and its two strongest reasons in one sentence, and a note behind it.

    >>> summary(0.72, "of leaving within 90 days", ["They pay late", "No executive was heard"])
    '72% risk of leaving within 90 days: they pay late, and no executive was heard.'
    """
    why = ", and ".join(inside(claim) for claim in claims[:2])
    told = f"{percent(risk)} risk {event}: {why or 'no warning sign stands out'}."
    return f"{told} {note[:1].upper()}{note[1:]}." if note else told


def changed(
    before: float, after: float, moves: Sequence[tuple[str, int]], data: int, model: int
) -> str:
    """How the risk moved between two batches, in one sentence: what moved most comes first.

    `moves` are families with their whole points.

    >>> changed(0.12, 0.34, [("Silence", 15), ("Support", -1), ("Use", 0)], 8, 0)
    'Up from 12% to 34%: silence +15, support -1, data that arrived or went missing +8.'
    >>> changed(0.121, 0.119, [], 0, 0)
    'Unchanged at 12%.'
    >>> changed(0.2, 0.2, [("Silence", 2)], 0, -2)
    'Still 20%: silence +2, another model -2.'
    """
    told = [(inside(label), points) for label, points in moves]
    told += [("data that arrived or went missing", data), ("another model", model)]
    why = ", ".join(f"{label} {points:+d}" for label, points in told if points)
    first, last = percent(before), percent(after)
    if first == last:
        return f"Still {last}: {why}." if why else f"Unchanged at {last}."
    way = f"{'Up' if after > before else 'Down'} from {first} to {last}"
    return f"{way}: {why}." if why else f"{way}."


def unlearnt(method: str, rung: Mapping[str, Any]) -> str:
    """What to say of risks that were not learnt from the firm's own data; empty where they were.

    `rung` tells how many churned accounts there are and what may be claimed from so many.

    >>> unlearnt("rules", {"method": "rules", "claims": "only the order of accounts is claimed"})
    'expert rules, not learnt from your data; only the order of accounts is claimed'
    >>> unlearnt("rules", {"method": "hazard", "claims": "a risk"})
    'expert rules, not learnt from your data; no learnt model proved better'
    """
    if not method.startswith("rules"):
        return ""
    few = rung["method"].startswith("rules")
    why = rung["claims"] if few else "no learnt model proved better"
    return f"expert rules, not learnt from your data; {why}"


def money(amount: float | None) -> str:
    """An amount of revenue; its currency is not in the data.

    >>> money(1234.5), money(None)
    ('1,234', 'unknown')
    """
    return "unknown" if amount is None else measure(amount, "currency")


def stopped(feed: Mapping[str, Any]) -> str:
    """One of the `dead_feeds` of a batch: a table that the model reads and that says nothing.

    >>> stopped({"table": "interactions", "state": "stale", "since": "2025-11-02"})
    'interactions: feed stale since 2025-11-02'
    >>> stopped({"table": "tickets", "state": "missing", "since": None})
    'tickets: feed missing'
    """
    since = f" since {feed['since']}" if feed["since"] else ""
    return f"{feed['table']}: feed {feed['state']}{since}"


def _share_or_change(value: float, unit: str) -> str:
    if unit == "points":
        return f"{'+' if value > 0 else ''}{_number(value)} {_noun(unit, one=abs(value) == 1)}"
    number = round(100 * value)
    if unit == "share":
        return f"{number}%"
    signed = f"{number:+d}" if number else "0"
    return f"{signed} points" if unit == "share points" else f"{signed}% {unit}"


def _number(value: float) -> str:
    if abs(value) >= 10 or float(value).is_integer():
        return f"{value:,.0f}"
    text = f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _noun(unit: str, *, one: bool) -> str:
    if not one:
        return unit
    first, _, rest = unit.partition(" ")
    single = "person" if first == "people" else first.removesuffix("s")
    return f"{single} {rest}".rstrip()


def _beside(value: float, unit: str) -> str:
    text = measure(value, unit)
    # Counted things were just named; "usually 6" reads better than "usually 6 messages".
    known = unit in _UNITS_IN_COMPARISON or unit.startswith("currency")
    return text if known else text.split(" ", maxsplit=1)[0]


def _none(unit: str, found: re.Match[str]) -> str:
    only, of = found[1], found[2] or ""
    word = "none" if of else {"people": "nobody", "currency": "nothing"}.get(unit, f"no {unit}")
    return (word.capitalize() if only[0].isupper() else word) + of


def _singular(template: str) -> str:
    """The template with the verbs after the value as one thing needs them."""
    before, mark, after = template.partition("{value}")
    words = [_PLURAL_VERBS.get(word, word) for word in after.split(" ")]
    return before + mark + " ".join(words)


def _claim(feature: Feature, side: Side) -> int:
    """Whether the sentence says that the value is high (1) or low (-1) beside others; 0 neither.

    Without a declared direction the sentence's own words decide, or else those of its opposite.
    """
    if feature.direction:
        return feature.direction if side == "risk" else -feature.direction
    own, opposite = (feature.risk, feature.safe)[:: 1 if side == "risk" else -1]
    return _says(own) or -_says(opposite)


def _says(template: str) -> int:
    return bool(_SAYS_MORE.search(template)) - bool(_SAYS_LESS.search(template))


def _agrees(value: float, others: Sequence[float], unit: str, *, claim: int, strict: bool) -> bool:
    if not others or any(claim * (value - other) < 0 for other in others):
        return False
    return not strict or any(measure(other, unit) != measure(value, unit) for other in others)


def inside(claim: str) -> str:
    """A sentence as part of a longer one: its first word small, unless it is an acronym."""
    return claim if claim[1:2].isupper() else claim[:1].lower() + claim[1:]
