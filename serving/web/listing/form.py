"""The form that narrows the list down, and what was chosen in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
    filters: Filters, known: Mapping[str, tuple[str, ...]], language: Language
) -> list[Select]:
    """The fields of the form; a field with nothing to choose between is left out.

    `known` are the managers and segments there are.
    """
    values: dict[str, tuple[object, ...]] = {
        "csm": known["csm"],
        "segment": known["segment"],
        "band": BANDS,
        "driver": tuple(FAMILY_BY_NAME),
        "renewal": RENEWALS,
        "movers": ("up", "down"),
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
            label = language.say(f"list.by_{name}")
            found.append(Select(name, label, options, str(chosen)))
    return found


def chips(filters: Filters, language: Language) -> list[Chip]:
    """What narrows the list down, each with the way to let go of it."""
    return [Chip(_told(name, filters, language), filters.without(name)) for name in filters.active]


def _told(name: str, filters: Filters, language: Language) -> str:
    label = language.say(f"list.by_{name}")
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
