"""The form that narrows the list down, and what was chosen in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from features.catalog import FAMILY_BY_NAME
from serving.language import Language
from serving.portfolio import RENEWALS
from serving.web.listing.filters import BANDS, SILENT, Filters


@dataclass(frozen=True)
class Select:
    """A field with some things to choose from: pairs of a value and what it is called."""

    name: str
    label: str
    options: tuple[tuple[str, str], ...]
    chosen: str


@dataclass(frozen=True)
class Chip:
    """Something that was chosen, and the address of the list without it."""

    said: str
    href: str


def selects(
    filters: Filters,
    known: Mapping[str, tuple[str, ...]],
    before: date | None,
    language: Language,
) -> list[Select]:
    """The fields of the form; a field with nothing to choose between is left out.

    `known` are the managers and segments there are, `before` the day of the list that movements are
    told against; without one nobody has moved.
    """
    values: dict[str, tuple[object, ...]] = {
        "csm": known["csm"],
        "segment": known["segment"],
        "band": BANDS,
        "driver": tuple(FAMILY_BY_NAME),
        "renewal": RENEWALS,
        "movers": ("up", "down") if before else (),
        "silent": SILENT,
    }
    found = []
    for name, there in values.items():
        chosen = getattr(filters, name) or ""
        # What is asked for stays in the form, even where no account is of it.
        some = (*there, chosen) if chosen and chosen not in there else there
        call = _CALLED.get(name, _itself)
        options = tuple((str(value), call(value, language)) for value in some)
        if len(options) > 1 or chosen:
            found.append(Select(name, _label(name, before, language), options, str(chosen)))
    return found


def chips(filters: Filters, before: date | None, language: Language) -> list[Chip]:
    """What narrows the list down, each with the way to let go of it."""
    told = {name: _told(name, filters, before, language) for name in filters.active}
    return [Chip(said, filters.without(name)) for name, said in told.items()]


def _label(name: str, before: date | None, language: Language) -> str:
    if name == "movers" and before is not None:
        return language.say("list.by_movers_since", date=language.day(before))
    return language.say(f"list.by_{name}")


def _told(name: str, filters: Filters, before: date | None, language: Language) -> str:
    label = _label(name, before, language)
    if name == "single":
        return label
    value = _CALLED.get(name, _itself)(getattr(filters, name), language)
    return language.say("list.chosen", what=label, value=value)


def _itself(value: object, _language: Language) -> str:
    return str(value)


def _band(value: object, language: Language) -> str:
    return language.say(f"screen.band_{value}")


def _family(value: object, language: Language) -> str:
    return language.say(f"families.{value}")


def _renewal(value: object, language: Language) -> str:
    return language.say("list.within", int(str(value)))


def _movers(value: object, language: Language) -> str:
    return language.say(f"list.moved_{value}")


def _silent(value: object, language: Language) -> str:
    return language.say("list.silent_for", int(str(value)))


_CALLED: dict[str, Callable[[object, Language], str]] = {
    "band": _band,
    "driver": _family,
    "renewal": _renewal,
    "movers": _movers,
    "silent": _silent,
}
