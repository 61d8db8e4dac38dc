"""Values as a person reads them: with a unit, as a percentage, as an amount of money."""

from __future__ import annotations

import math
from functools import lru_cache

from serving.language import Language

_PLAIN = ("", "currency")


@lru_cache(maxsize=20_000)
def measure(value: float, unit: str, language: Language) -> str:
    """`value` with its unit, as it stands in a table.

    >>> from serving.language import language
    >>> english = language("en")
    >>> [measure(value, unit, english) for value, unit in ((41, "days"), (0.345, "share"))]
    ['41 days', '34%']
    >>> measure(-0.22, "share points", english), measure(1, "people", english)
    ('-22 % points', '1 person')
    """
    if unit == "yes or no":
        return language.say("units.yes" if value >= 0.5 else "units.no")
    if unit in ("share", "per 4 weeks"):
        share = language.percent(round(100 * value), signed=unit != "share")
        return share if unit == "share" else language.say(f"units.{unit}", value=share)
    if unit in ("points", "share points"):
        number = round(100 * value) if unit == "share points" else value
        return language.say(f"units.{unit}", abs(number), n=language.number(number, signed=True))
    if unit == "days" and 0 < abs(value) < 1:
        value, unit = round(24 * value), "hours"
    number_text = language.number(value)
    return (
        number_text if unit in _PLAIN else language.say(f"units.{unit}", value, value=number_text)
    )


def percent(probability: float, language: Language) -> str:
    """A probability as a whole percentage that never says 0 or 100 of what is neither.

    >>> from serving.language import language
    >>> [percent(p, language("en")) for p in (0.124, 0.004, 0.996)]
    ['12%', 'under 1%', 'over 99%']
    """
    shown = whole(probability)
    if shown == 0 < probability:
        return language.say("phrases.under", percent=language.percent(1))
    if shown == 100 and probability < 1:
        return language.say("phrases.over", percent=language.percent(99))
    return language.percent(shown)


def whole(probability: float) -> int:
    """Percentage points, rounded half up."""
    return math.floor(100 * probability + 0.5)


def likely(low: float, high: float, language: Language) -> str:
    """The band of an estimate in whole percentages.

    >>> from serving.language import language
    >>> [likely(*pair, language("en")) for pair in ((0.281, 0.409), (0.001, 0.02), (0.31, 0.314))]
    ['28-41%', 'up to 2%', '31%']
    """
    first, last = whole(low), whole(high)
    if first == last:
        return percent(high, language)
    if not first:
        return language.say("phrases.up_to", percent=language.percent(last))
    return language.say("phrases.range", low=language.number(first), high=language.percent(last))


def money(amount: float | None, language: Language) -> str:
    """An amount of revenue; its currency is not in the data.

    >>> from serving.language import language
    >>> money(1234.5, language("en")), money(None, language("en"))
    ('1,234', 'unknown')
    """
    return language.say("phrases.unknown") if amount is None else language.number(amount)


def inside(claim: str) -> str:
    """A sentence as part of a longer one: its first word small, unless it is an acronym."""
    return claim if claim[1:2].isupper() else claim[:1].lower() + claim[1:]
