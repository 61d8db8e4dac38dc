"""The plays of a team, read from `plays.yml`: the firm's own, or those that come with forewarn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from data.errors import BadInputError, unknown
from serving.language import PLAYS, Language
from serving.plays.playbook import Alerts, Condition, HoldOut, Play, Playbook, Work

OWN_FILE = "plays.yml"
# Which lines a part of the file may hold; `*` stands for an id or a number.
_PARTS: Mapping[tuple[str, ...], type[BaseModel]] = {
    (): Playbook,
    ("work",): Work,
    ("work", "hold_out"): HoldOut,
    ("work", "alerts"): Alerts,
    ("plays", "*"): Play,
    ("plays", "*", "when", "*"): Condition,
}


def playbook(workspace: Path) -> Playbook:
    """The plays of the firm, in the folder of its workspace, else those that come with forewarn.

    Raises:
        BadInputError: the firm's file cannot be read, or something in it is unknown or wrong.
    """
    own = workspace / OWN_FILE
    try:
        changed = own.stat().st_mtime_ns
    except FileNotFoundError:
        return shipped()
    return _own(own, changed)


@lru_cache(maxsize=2)
def _own(path: Path, _changed: int) -> Playbook:
    return load(path)


@cache
def shipped() -> Playbook:
    """The plays that come with forewarn."""
    return load(PLAYS)


def load(path: Path) -> Playbook:
    """The checked plays of a file.

    Raises:
        BadInputError: it cannot be read, or something in it is unknown or wrong; one line.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{path}: expected YAML text; {reason}") from None
    if not isinstance(content, dict):
        raise BadInputError(f"{path}: expected `work:` and `plays:`; got {content!r:.60}")
    try:
        return Playbook.model_validate(content)
    except ValidationError as error:
        raise BadInputError(f"{path}: {_first(error)}") from None


@cache
def plays() -> Mapping[str, str]:
    """The play for each family of reasons, in English, of those that come with forewarn."""
    book = shipped()
    return {family: book.plays[play].name for family, play in book.for_families.items()}


def play_told(play: str, language: Language) -> str:
    """A play, or any other text of the file, in the reader's language; of a firm's own as it is."""
    return language.translated(play)


def _first(error: ValidationError) -> str:
    """One line on the first thing that is wrong."""
    problem: Any = error.errors(include_url=False)[0]
    place = tuple(map(str, problem["loc"]))
    where = ".".join(place) or "the file"
    if problem["type"] == "extra_forbidden":
        return f"{where}: {unknown('line', place[-1], _lines(place[:-1]))}"
    if problem["type"] == "missing":
        return f"{where}: expected a line for it; there is none"
    said = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if said.startswith("unknown "):
        return f"{where}: {said}"
    wanted = said.replace("a valid integer", "a whole number").replace("valid ", "")
    return f"{where}: expected {wanted}; got {problem['input']!r:.60}"


def _lines(place: tuple[str, ...]) -> list[str]:
    for part, kind in _PARTS.items():
        if len(part) == len(place) and all(
            p in ("*", at) for p, at in zip(part, place, strict=True)
        ):
            return list(kind.model_fields)
    return []
