"""Which of our fields goes where in a CRM, under which name and in which shape: `fields.yml`."""

from __future__ import annotations

import re
import types
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from data.errors import BadInputError, unknown
from serving.answers import Account

KEY = "account_id"
Target = Literal["salesforce", "hubspot", "csv"]
TARGETS: tuple[Target, ...] = get_args(Target)
Kind = Literal["text", "long_text", "link", "choice", "number", "whole", "date", "moment"]
_OWN = Path(__file__).parent / "fields.yml"
# What a value of ours can be there.
_KINDS: dict[type, tuple[Kind, ...]] = {
    str: ("text", "long_text", "link", "choice"),
    float: ("number",),
    int: ("whole", "number"),
    date: ("date",),
    datetime: ("moment",),
}
_NAMES = {
    "salesforce": (
        re.compile(r"(?!.*___)[A-Za-z]\w{0,79}(\.[A-Za-z]\w{0,79})?", re.ASCII),
        "Risk__c",
    ),
    "hubspot": (re.compile(r"[a-z][a-z0-9_]{0,99}"), "forewarn_risk"),
    "csv": (re.compile(r"[^\W\d][^\x00-\x1f\x7f]{0,99}"), "risk"),
}


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Place(_Settings):
    """One target: which object of it, and whether what looks like a formula is disarmed."""

    object: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$")
    guard: bool


class Entry(_Settings):
    """One field of ours: what it is called in each target, and its shape there."""

    label: str = Field(min_length=1, max_length=40)
    about: str = Field(default="", max_length=255)
    type: Kind
    length: int | None = Field(default=None, ge=1, le=32_000)
    decimals: int | None = Field(default=None, ge=0, le=12)
    choices: tuple[Annotated[str, Field(min_length=1, max_length=255)], ...] = ()
    counts: Literal["always", "moved", "never"] = "always"
    existing: bool = False
    salesforce: str | None = None
    hubspot: str | None = None
    csv: str | None = None

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        needs = {"number": "decimals", "choice": "choices"}
        needs |= dict.fromkeys(("text", "long_text", "link"), "length")
        wanted = needs.get(self.type)
        for name in ("length", "decimals", "choices"):
            given = getattr(self, name) not in (None, ())
            if given != (name == wanted):
                told = f"`{name}`" if given else f"no `{name}`"
                raise ValueError(f"{wanted or 'nothing more'} with type {self.type}, got {told}")
        if self.type in ("text", "link") and (self.length or 0) > 255:
            raise ValueError("length at most 255, or type long_text")
        if self.counts == "moved" and self.type != "number":
            raise ValueError("`counts: moved` only with type number")
        return self


class _Document(_Settings):
    site: str = Field(default="", pattern=r"^(https?://[^\s]+)?$")
    salesforce: Place
    hubspot: Place
    csv: Place
    fields: dict[str, Entry]


@dataclass(frozen=True)
class Column:
    """A field of ours (`name`) as it stands in one target (`title`)."""

    name: str
    title: str
    entry: Entry

    @property
    def is_key(self) -> bool:
        """Whether it tells which account a record is of."""
        return self.name == KEY


@dataclass(frozen=True)
class Mapping:
    """A checked file of fields; `text` is the file as it was."""

    document: _Document
    text: str

    @property
    def site(self) -> str:
        """Where people open this service, without a slash at the end; empty when nobody said."""
        return self.document.site.rstrip("/")

    def place(self, target: Target) -> Place:
        """What is said of a target as a whole."""
        found: Place = getattr(self.document, target)
        return found

    def columns(self, target: Target) -> tuple[Column, ...]:
        """The fields that go to a target, in the order of the file."""
        named = (
            (name, getattr(entry, target), entry) for name, entry in self.document.fields.items()
        )
        return tuple(Column(name, title, entry) for name, title, entry in named if title)


def load_fields(path: Path | None = None) -> Mapping:
    """The mapping in `path`, or forewarn's own.

    Raises:
        BadInputError: no such file, not YAML, a field or setting that there is not, or a name that
            the target would refuse.
    """
    file = path or _OWN
    try:
        text = file.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except FileNotFoundError:
        raise BadInputError(
            f"{file}: no such file of fields; leave out --fields for ours"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise BadInputError(f"{file}: expected YAML; {' '.join(str(error).split())}") from None
    try:
        return Mapping(_checked(content), text)
    except BadInputError as error:
        raise BadInputError(f"{file}: {error}") from None


def flat_fields() -> dict[str, type]:
    """The fields of an account that are single values, with their types."""
    found = ((name, _plain(field.annotation)) for name, field in Account.model_fields.items())
    return {name: kind for name, kind in found if kind in _KINDS}


def _checked(content: object) -> _Document:
    known = flat_fields()
    fields = content.get("fields") if isinstance(content, dict) else None
    if not isinstance(fields, dict):
        raise BadInputError("expected `fields:` with a name on each line below")
    for name in fields:
        if name not in known:
            raise unknown("field", str(name), known)
    try:
        document = _Document.model_validate(content)
    except ValidationError as error:
        raise _first(error) from None
    for name, entry in document.fields.items():
        if entry.type not in _KINDS[known[name]]:
            expected = " or ".join(_KINDS[known[name]])
            raise BadInputError(f"fields.{name}.type: expected {expected}; got {entry.type}")
    for target in TARGETS:
        _check_names(document, target)
    return document


def _check_names(document: _Document, target: Target) -> None:
    pattern, example = _NAMES[target]
    named = {n: title for n, e in document.fields.items() if (title := getattr(e, target))}
    for name, title in named.items():
        if not pattern.fullmatch(title):
            raise BadInputError(
                f"fields.{name}.{target}: expected a name such as {example}; got {title!r:.60}"
            )
    title, often = Counter(named.values()).most_common(1)[0] if named else ("", 0)
    if often > 1:
        twice = [name for name in named if named[name] == title]
        raise BadInputError(f"fields {' and '.join(twice)}: both are {title!r} in {target}")
    if named and KEY not in named:
        raise BadInputError(f"fields.{KEY}.{target}: expected a name; it is the key of each record")


def _first(error: ValidationError) -> BadInputError:
    """The first thing that is wrong."""
    # A misspelt setting is also a missing one, and the misspelling is what helps.
    found = sorted(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    problem = found[0]
    *above, last = map(str, problem["loc"])
    if problem["type"] == "extra_forbidden":
        model = Entry if above[:1] == ["fields"] else Place if above else _Document
        where = f"setting of {'.'.join(above)}" if above else "setting"
        return unknown(where, last, model.model_fields)
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if problem["type"] == "missing":
        return BadInputError(f"{'.'.join([*above, last])}: expected a value; it is missing")
    got = "" if problem["type"] == "value_error" else f"; got {problem['input']!r:.60}"
    return BadInputError(f"{'.'.join([*above, last])}: expected {wanted}{got}")


def _plain(annotation: Any) -> Any:  # noqa: ANN401 - a type, or what typing makes of it
    """The type of a value that is not None; a list of something stays what it is."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [part for part in get_args(annotation) if part is not type(None)]
        return _plain(inner[0]) if len(inner) == 1 else annotation
    if get_origin(annotation) is Literal:
        return str
    return annotation
