"""Accounts and people that were erased and must not come back, known by keyed digests alone.

The list lies in the workspace. It holds no id in clear: a random secret, and of each id its
HMAC-SHA256 under that secret. A landing reads it and leaves out what is on it; erasing the lake is
the same, done to tables that were landed before.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from data.column import Table
from data.engine import Engine, literal
from data.errors import BadInputError
from data.files import atomic
from data.workspace import Workspace

Kind = Literal["account", "contact"]
KINDS: tuple[Kind, ...] = ("account", "contact")
_FORMAT = 1
_SECRET_BYTES = 32
# What a person was and said belongs to the person; of other rows the id says whose they are, and
# words that may stand there.
_PERSONAL = ("contacts", "feedback")
_PARENT = "parent_account_id"


@dataclass(frozen=True)
class Suppressed:
    """The list: truthy once anything is on it."""

    secret: bytes = field(repr=False)
    digests: Mapping[Kind, frozenset[str]]

    def __bool__(self) -> bool:
        return any(self.digests.values())

    def digest(self, kind: Kind, name: str) -> str:
        """What stands for an id: the same for the same one, and without the secret no way back."""
        return hmac.digest(self.secret, f"{kind}:{name}".encode(), "sha256").hex()

    def holds(self, kind: Kind, name: str) -> bool:
        """Whether an id is on the list."""
        return self.digest(kind, name) in self.digests[kind]

    def plus(self, kind: Kind, name: str) -> Suppressed:
        """The list with an id more on it; `suppress` keeps it."""
        return replace(
            self,
            digests={**self.digests, kind: self.digests[kind] | {self.digest(kind, name)}},
        )

    def among(self, kind: Kind, names: Iterable[str]) -> list[str]:
        """Those of some ids that are on the list, in their order."""
        return [name for name in names if self.holds(kind, name)] if self.digests[kind] else []


def suppressed(workspace: Workspace) -> Suppressed:
    """The list of a workspace; an empty one with a new secret where nothing was ever erased.

    Raises:
        BadInputError: it cannot be read. To go on without it would bring back who was erased.
    """
    path = _path(workspace)
    if not path.exists():
        return Suppressed(secrets.token_bytes(_SECRET_BYTES), dict.fromkeys(KINDS, frozenset()))
    try:
        return _read(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        raise BadInputError(
            f"{path}: expected the list of what was erased; it is damaged or of another version; "
            "restore it from a copy, or else erase again: without it they would come back"
        ) from None


def suppress(workspace: Workspace, kind: Kind, name: str) -> Suppressed:
    """Put an id on the list, for good; the list as it is now. The caller holds the workspace.

    Raises:
        BadInputError: there is a list that cannot be read.
    """
    full = suppressed(workspace).plus(kind, name)
    content = {"format": _FORMAT, "secret": full.secret.hex()}
    text = json.dumps({**content, **{k: sorted(full.digests[k]) for k in KINDS}}, indent=1)
    with atomic(_path(workspace)) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(text + "\n", encoding="utf-8")
    return full


@dataclass(frozen=True, kw_only=True)
class Left:
    """What may stay of some rows, as SQL of a relation.

    `gone` rows are not among it, and `cleared` ones are without their reference to somebody.
    """

    rows: str
    gone: int = 0
    cleared: int = 0


def left(engine: Engine, table: Table, rows: str, known: Suppressed) -> Left:
    """What may stay of the rows of a contract table; `rows` is SQL of a relation.

    A row goes with its account and, if it is what a person was or said, with that person; of all
    other rows only the reference to the account or person goes, and with a person their words.
    """
    gone: list[str] = []
    cleared: dict[str, str] = {}
    for reference in _references(table) if known else ():
        named = f"SELECT DISTINCT {reference.column} FROM {rows} WHERE {reference.where}"
        found = known.among(
            reference.kind, (name for (name,) in engine.run(named) if name is not None)
        )
        if found:
            names = ", ".join(map(literal, found))
            test = f"coalesce({reference.column} IN ({names}) AND {reference.where}, false)"
            if reference.whole:
                gone.append(test)
            else:
                cleared |= dict.fromkeys((reference.column, *reference.words), test)
    if not gone and not cleared:
        return Left(rows=rows)
    parting = " OR ".join(gone) or "false"
    clearing = " OR ".join(cleared.values()) or "false"
    [(parted, without)] = engine.run(
        f"SELECT count(*) FILTER ({parting}), count(*) FILTER (NOT ({parting}) AND ({clearing})) "
        f"FROM {rows}"
    )
    changed = ", ".join(f"CASE WHEN {t} THEN NULL ELSE {c} END AS {c}" for c, t in cleared.items())
    columns = f"* REPLACE ({changed})" if changed else "*"
    kept = f"(SELECT {columns} FROM {rows} WHERE NOT ({parting}))"
    return Left(rows=kept, gone=int(parted), cleared=int(without))


@dataclass(frozen=True)
class _Reference:
    """A column that names an account or person; whether the whole row goes with them.

    Of a row that stays, the `words` go with the reference.
    """

    kind: Kind
    column: str
    whole: bool
    where: str = "true"
    words: tuple[str, ...] = ()


def _references(table: Table) -> Iterator[_Reference]:
    yield _Reference("account", "account_id", whole=True)
    if table.name == "accounts":
        yield _Reference("account", _PARENT, whole=False)
    if table.name == "account_changes":
        yield _Reference("account", "value", whole=True, where=f"field = {literal(_PARENT)}")
    if "contact_id" in table.names:
        words = tuple(column.name for column in table.columns if column.words)
        yield _Reference("contact", "contact_id", whole=table.name in _PERSONAL, words=words)


def _read(text: str) -> Suppressed:
    content = json.loads(text)
    if content["format"] != _FORMAT:
        raise ValueError(content["format"])
    digests = {kind: frozenset(map(str, content[kind])) for kind in KINDS}
    return Suppressed(bytes.fromhex(content["secret"]), digests)


def _path(workspace: Workspace) -> Path:
    return workspace.root / "suppressed.json"
