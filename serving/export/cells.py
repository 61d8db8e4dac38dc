"""One value as the text of a cell: cut to its length, and safe in a spreadsheet.

A spreadsheet runs what begins as a formula, also behind blanks and in full-width characters. Such a
text is led by an apostrophe (OWASP ASVS 1.2.10); numbers stay numbers. A key is never changed: the
CRM would take it for that of another account, so a record whose key cannot stand is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from serving import moments
from serving.export.fields import Column, Mapping, Target

# What tells a CRM to empty a field; Salesforce leaves a field alone whose cell is empty.
NULLS: dict[Target, str] = {"salesforce": "#N/A", "hubspot": "", "csv": ""}
_FORMULA = re.compile(
    r"[\t\r\n]|[\s\x00-\x20\ufeff\u200b-\u200f\u2060-\u2064]*[=+\-@\uff1d\uff0b\uff0d\uff20]"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_CUT = "…"

Cell = Callable[[object], str | None]


def cell_of(column: Column, target: Target, mapping: Mapping) -> Cell:
    """How the values of a column are written; None is a key that cannot stand in the target."""
    entry, null, guard = column.entry, NULLS[target], mapping.place(target).guard
    length = entry.length or 0

    def key(value: object) -> str | None:
        text = str(value)
        if target == "csv":  # no upsert: a spreadsheet's safety comes before the exact id
            return guarded(text) if guard else text
        unsafe = guard and guarded(text) != text
        return None if unsafe or text == null or units(text) > length or "\0" in text else text

    def words(value: object) -> str:
        text = str(value).replace("\0", "")
        text = guarded(text) if guard else text
        # A text that happens to be the sign for no value is not one.
        return cut(f"'{text}" if text == null != "" else text, length) or null

    def link(value: object) -> str:
        text = f"{mapping.site}{value}"
        nowhere = not mapping.site and target != "csv"
        return null if nowhere or units(text) > length else text

    def number(value: object) -> str:
        # Adding nothing turns -0.0 into 0.0.
        return f"{round(float(str(value)), entry.decimals) + 0.0:.{entry.decimals}f}"

    def moment(value: object) -> str:
        return moments.text(value) if isinstance(value, datetime) else str(value)

    writers: dict[str, Cell] = {"number": number, "moment": moment, "link": link}
    writers |= dict.fromkeys(("text", "long_text", "choice"), words)
    write = key if column.is_key else writers.get(entry.type, str)
    return lambda value: null if value is None else write(value)


def guarded(text: str) -> str:
    """A text that no spreadsheet runs.

    >>> guarded("=1+1"), guarded("-2.5"), guarded("a=b")
    ("'=1+1", '-2.5', 'a=b')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def units(text: str) -> int:
    """The length as CRMs count it, in UTF-16: most characters are one, an emoji is two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def cut(text: str, length: int) -> str:
    """At most `length` of a text, ending with an ellipsis if something was cut; 0 is no limit.

    >>> cut("abcdef", 4), cut("abcd", 4)
    ('abc…', 'abcd')
    """
    if not length or units(text) <= length:
        return text
    begin = text.encode("utf-16-le")[: 2 * (length - 1)]
    return begin.decode("utf-16-le", errors="ignore") + _CUT
