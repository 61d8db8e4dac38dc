"""Figures and levels as a person reads them."""

from __future__ import annotations

from datetime import date

from features.indicators.catalog import BY_ID
from features.indicators.indicator import Figure
from features.indicators.scorecard import Level
from serving.language import Language
from serving.measures import measure, money


def amount(indicator: str, value: float, language: Language) -> str:
    """A value in the unit of an indicator, as it stands in a table.

    >>> from serving.language import language
    >>> english = language("en")
    >>> [amount("nps", -12.4, english), amount("csat", 76.44, english)]
    ['-12', '76%']
    >>> [amount("time_to_value", 200, english), amount("clv", 125664.8, english)]
    ['200 days', '125,665']
    """
    unit = BY_ID[indicator].unit
    if unit == "%":
        return language.say("figures.percent", value=language.number(value))
    if unit == "days":
        return measure(round(value), "days", language)
    if unit.startswith("currency"):
        return money(value, language)
    return language.number(value)


def shown(figure: Figure, language: Language) -> str:
    """The value of a figure, or why there is none; the answers themselves where they are few."""
    if figure.value is not None:
        return amount(figure.indicator, figure.value, language)
    if figure.reason == "few_answers" and figure.detail:
        return figure.detail
    return language.say(f"figures.{figure.reason}")


def basis(figure: Figure, language: Language) -> str:
    """What a figure was made of: numerator over denominator; nothing where it has no base."""
    if figure.numerator is None or figure.denominator is None:
        return ""
    parts = (language.number(round(part, 2)) for part in (figure.numerator, figure.denominator))
    return " / ".join(parts)


def expected(indicator: str, level: Level, language: Language) -> str:
    """What an indicator should be at least, or at most where less is better."""
    key = "at_most" if BY_ID[indicator].better == "less" else "at_least"
    return language.say(f"figures.{key}", level=amount(indicator, level.expect, language))


def stretch(figure: Figure, language: Language) -> str:
    """The half-open stretch of a figure."""
    start, end = (language.day(date.fromisoformat(day)) for day in (figure.start, figure.end))
    return language.say("figures.from_to", start=start, end=end)
