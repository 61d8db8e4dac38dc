"""Sentences in the reader's language: one English catalogue, gettext's translations of it.

The catalogue is `locale/sentences.yml`; each language has `locale/LANGUAGE/LC_MESSAGES/forewarn.po`
beside it. Numbers, percentages, dates and lists are written as Babel's CLDR has them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

import yaml
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from data.errors import BadInputError
from features.feature import sql_text

LOCALE = Path(__file__).parent / "locale"
CATALOGUE = LOCALE / "sentences.yml"
# Plays and levels that come with forewarn are written once, where a firm may look at them.
PLAYS = Path(__file__).parent / "plays.yml"
LEVELS = "scorecard.yml"
# As in HTTP and HTML, and by their own names.
LANGUAGES = {
    "en": "English",
    "el": "Ελληνικά",
    "lv": "Latviešu",
    "fa": "فارسی",
    "zh-Hans": "简体中文",
    "zh-Hant": "繁體中文",
}
Entry = str | Mapping[str, str]
_SAID = ("owner", "action")
# Babel knows the separators of these but writes other digits.
_DIGITS = {"fa": str.maketrans("0123456789%", "۰۱۲۳۴۵۶۷۸۹٪")}
_LEFT_TO_RIGHT = "\u200e"
_WHOLE, _TENTHS, _HUNDREDTHS = "#,##0", "#,##0.#", "#,##0.##"


class Language:
    """One language: its sentences by key, its numbers, dates and lists."""

    def __init__(self, code: str) -> None:
        self.code = code
        self._locale = Locale.parse(code, sep="-")
        self._translations = _translations(code)
        self.right_to_left = self._locale.text_direction == "rtl"

    def say(self, key: str, count: float | None = None, /, **values: object) -> str:
        """The sentence at `SECTION.NAME` of the catalogue with its values filled in.

        `count` decides between its plural forms, and is `{n}` unless that is given.

        >>> language("en").say("evidence.invoice_late", 1)
        'invoice paid 1 day late'
        """
        entry = entries()[key]
        if isinstance(entry, str):
            text = self._translations.gettext(entry)
        else:
            # What is neither one nor zero, like 0.5, is many.
            whole = int(count) if count is not None and float(count).is_integer() else 2
            if whole == 0 and "none" in entry:
                text = self._translations.gettext(entry["none"])
            else:
                text = self._translations.ngettext(entry["one"], entry["other"], whole)
        if count is not None:
            values.setdefault("n", self.number(count))
        told = text.format(**values) if values else text
        # Where a date ends in a full stop, the sentence needs no other.
        return told[:-1] if text.endswith(".") and told.endswith("..") else told

    def translated(self, text: str) -> str:
        """A text that the catalogue holds, in this language; any other as it is.

        >>> language("lv").translated("Prepare the renewal"), language("lv").translated("Lunch")
        ('Sagatavojiet līguma pagarināšanu', 'Lunch')
        """
        return self._translations.gettext(text) if text else text

    def number(self, value: float, *, signed: bool = False) -> str:
        """`value` with as many digits as a person wants to read.

        >>> [language("en").number(x) for x in (41, 2.34, 0.125, 1250.4, -0.5)]
        ['41', '2.3', '0.12', '1,250', '-0.5']
        """
        return _number(self.code, float(value) or 0.0, signed=signed)

    def fixed(self, value: float, *, signed: bool = False) -> str:
        """`value` with two digits after the point, to stand above and below others like it.

        >>> language("en").fixed(0.2), language("el").fixed(0.5, signed=True)
        ('0.20', '+0,50')
        """
        return _fixed(self.code, round(float(value), 2) or 0.0, signed=signed)

    def tenths(self, value: float) -> str:
        """`value` with one digit after the point, as points are told that add up.

        >>> language("en").tenths(62), language("el").tenths(3.46)
        ('62.0', '3,5')
        """
        return _fixed(self.code, round(float(value), 1) or 0.0, signed=False, shown="0.0")

    def percent(self, whole: int, *, signed: bool = False) -> str:
        """A whole percentage.

        >>> language("en").percent(34), language("fa").percent(34)
        ('34%', '۳۴٪')
        """
        return _percent(self.code, whole, signed=signed)

    def day(self, day: date) -> str:
        """A date.

        >>> language("en").day(date(2026, 5, 3)), language("el").day(date(2026, 5, 3))
        ('May 3, 2026', '3 Μαΐ 2026')
        """
        return _day(self.code, day)

    def listed(self, items: Sequence[str]) -> str:
        """Some things one after another.

        >>> language("en").listed(["tickets", "invoices", "goals"])
        'tickets, invoices, and goals'
        """
        return format_list(items, locale=self._locale) if items else ""


@cache
def language(code: str) -> Language:
    """The language of that code.

    Raises:
        BadInputError: there is none.
    """
    if code not in LANGUAGES:
        raise BadInputError(f"--lang: expected one of {', '.join(LANGUAGES)}; got {code!r}")
    return Language(code)


@cache
def entries() -> dict[str, Entry]:
    """The English catalogue: every sentence, or its plural forms, by SECTION.NAME."""
    sections = yaml.load(CATALOGUE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    found: dict[str, Entry] = {}
    for section, content in sections.items():
        for name, entry in content.items():
            if section == "features":
                found |= {f"{section}.{name}.{kind}": said for kind, said in entry.items()}
            else:
                found[f"{section}.{name}"] = entry
    return found | _plays() | _levels()


def _levels() -> dict[str, Entry]:
    """Whose indicators are and what they do: `levels.ID.owner` and `levels.ID.action`."""
    known = yaml.load(sql_text(LEVELS), Loader=yaml.CSafeLoader)["indicators"]
    return {f"levels.{name}.{part}": level[part] for name, level in known.items() for part in _SAID}


def _plays() -> dict[str, Entry]:
    """What the plays say: `plays.ID.name`, `plays.ID.step_1` and so on, and `plays.ID.success`."""
    known = yaml.load(PLAYS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    found: dict[str, Entry] = {}
    for name, play in known["plays"].items():
        steps = {f"step_{place}": said for place, said in enumerate(play["steps"], start=1)}
        said = {"name": play["name"], **steps, "success": play["success"]}
        found |= {f"plays.{name}.{part}": text for part, text in said.items()}
    return found


def po_file(code: str) -> Path:
    """Where the translations of a language stand."""
    return LOCALE / code.replace("-", "_") / "LC_MESSAGES" / "forewarn.po"


def _translations(code: str) -> NullTranslations:
    if code == "en":
        return NullTranslations()
    with po_file(code).open("rb") as file:
        catalog = read_po(file)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=20_000)
def _number(code: str, value: float, *, signed: bool) -> str:
    whole = abs(value) >= 10 or value.is_integer()
    if whole and not signed:  # most are, and this way they cost a tenth
        return _own(code, f"{value:,.0f}".replace(",", _separator(code)))
    form = _WHOLE if whole else _HUNDREDTHS if abs(value) < 1 else _TENTHS
    shown = f"+{form};-{form}" if signed and value else form
    locale = Locale.parse(code, sep="-")
    return _own(code, format_decimal(value, shown, locale=locale, numbering_system="default"))


@cache
def _separator(code: str) -> str:
    """What stands between thousands."""
    locale = Locale.parse(code, sep="-")
    return format_decimal(1_000, _WHOLE, locale=locale, numbering_system="default")[1:-3]


@lru_cache(maxsize=5_000)
def _day(code: str, day: date) -> str:
    return _own(code, format_date(day, "medium", locale=Locale.parse(code, sep="-")))


@lru_cache(maxsize=5_000)
def _fixed(code: str, value: float, *, signed: bool, shown: str = "0.00") -> str:
    shown = f"+{shown};-{shown}" if signed and value else shown
    locale = Locale.parse(code, sep="-")
    return _own(code, format_decimal(value, shown, locale=locale, numbering_system="default"))


@lru_cache(maxsize=1_000)
def _percent(code: str, whole: int, *, signed: bool) -> str:
    locale = Locale.parse(code, sep="-")
    form = locale.percent_formats[None].pattern
    shown = f"+{form};-{form}" if signed and whole else form
    return _own(code, format_percent(whole / 100, shown, locale=locale, numbering_system="default"))


def _own(code: str, number: str) -> str:
    """A number in the language's own digits, its sign kept before it in right-to-left text."""
    if code not in _DIGITS:
        return number
    return (_LEFT_TO_RIGHT if number[:1] in "+-" else "") + number.translate(_DIGITS[code])
