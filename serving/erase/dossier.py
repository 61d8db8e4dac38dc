"""A person in stored dossiers: found by the id that people and rows bear there, and taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def names(known: dict[str, Any], contact_id: str) -> Iterator[str]:
    """What a dossier calls a person."""
    for person in known.get("people") or ():
        if person["contact_id"] == contact_id and person.get("name"):
            yield str(person["name"])
    for item in _theirs(known, contact_id):
        if "person" in item["args"]:
            yield str(item["args"]["person"])


def quotes(known: dict[str, Any], contact_id: str) -> Iterator[str]:
    """What a dossier quotes a person with."""
    for item in _theirs(known, contact_id):
        if "text" in item["args"]:
            yield str(item["args"]["text"])


def take_out(known: dict[str, Any], contact_id: str, word: str) -> None:
    """Leave of a person that somebody was there, and when, with a word in the person's place."""
    for person in known.get("people") or ():
        if person["contact_id"] == contact_id:
            person |= {"contact_id": word, "name": None}
    for item in list(_theirs(known, contact_id)):
        del item["args"]["contact_id"]
        item["args"] |= {name: word for name in ("person", "text") if name in item["args"]}
        if item["row_id"] == contact_id:
            item["row_id"] = None


def _theirs(known: dict[str, Any], contact_id: str) -> Iterator[dict[str, Any]]:
    for item in known.get("timeline", ()):
        if item["args"].get("contact_id") == contact_id:
            yield item
