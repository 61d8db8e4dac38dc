"""Bring the translations up to date with the English catalogue: `make messages`.

Every sentence of `locale/sentences.yml` stands once in each language's `forewarn.po`, in the order
of the catalogue; what is translated stays so, what is new is empty, what is gone is dropped.
"""

from __future__ import annotations

from babel import Locale
from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

from data.files import atomic
from serving.language import LANGUAGES, entries, po_file


def template() -> dict[str | tuple[str, str], list[str]]:
    """Every message of the catalogue, a plural as a pair, with the keys that use it."""
    found: dict[str | tuple[str, str], list[str]] = {}
    for key, entry in entries().items():
        if isinstance(entry, str):
            found.setdefault(entry, []).append(key)
            continue
        if "none" in entry:
            found.setdefault(entry["none"], []).append(key)
        found.setdefault((entry["one"], entry["other"]), []).append(key)
    return found


def update(code: str) -> int:
    """Write a language's file anew; how many of its messages are not translated."""
    path = po_file(code)
    known = Catalog(locale=Locale.parse(code, sep="-"))
    if path.exists():
        with path.open("rb") as file:
            known = read_po(file, locale=known.locale)
    fresh = Catalog(
        locale=known.locale,
        project="forewarn",
        version="1",
        msgid_bugs_address="-",
        last_translator="-",
        language_team="-",
        creation_date=known.creation_date,
        revision_date=known.creation_date,
        fuzzy=False,
        header_comment="",
    )
    missing = 0
    for message, keys in template().items():
        old = known.get(message if isinstance(message, str) else message[0])
        told = old.string if old is not None and old.id == message else None
        missing += not (all(told) if isinstance(told, tuple | list) else told)
        fresh.add(message, told, auto_comments=[", ".join(keys)])
    with atomic(path) as temporary, temporary.open("wb") as file:
        write_po(file, fresh, width=0, omit_header=False, sort_output=False)
    return missing


if __name__ == "__main__":
    for code in LANGUAGES:
        if code != "en":
            print(f"{code}: {update(code)} of {len(template())} sentences to translate")  # noqa: T201
