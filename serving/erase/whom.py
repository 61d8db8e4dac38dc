"""Who is to be erased, and by what else than the id the stored words may know a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine as Store
from sqlalchemy import select

from data.contract import BY_NAME
from data.engine import Engine, literal
from data.errors import MissingError
from data.suppress import Kind
from data.workspace import Workspace
from serving.database import transaction
from serving.erase import dossier
from serving.practice.quoted import sentences_of
from serving.tables import RISK
from serving.tables_practice import PRACTICE
from serving.tables_words import CORRECTION


@dataclass(frozen=True, kw_only=True)
class Whom:
    """An account or a person by id.

    Of a person also `names` that it goes by, `said` what it was quoted with, and `accounts` where
    it was met. A name is looked for only there: others may share it.
    """

    kind: Kind
    id: str
    names: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


def recognised(workspace: Workspace, store: Store | None, kind: Kind, name: str) -> Whom:
    """Who bears that id, by what the lake and the published batches tell of them."""
    if kind == "account":
        return Whom(kind=kind, id=name)
    names, said, accounts = _landed(workspace, name)
    if store is not None:
        for account, person in _published(store, name):
            accounts.add(account)
            names.add(person)
        for account, known in _dossiers(store, name):
            accounts.add(account)
            names |= set(dossier.names(known, name))
            said |= set(dossier.quotes(known, name))
        for account, words in _words(store, name):
            accounts.add(account)
            said |= set(sentences_of(words, name))
        for account, sentence in _corrected(store, name):
            accounts.add(account)
            said.add(sentence)
    return Whom(
        kind=kind,
        id=name,
        names=frozenset(names - {name, ""}),
        said=frozenset(said - {""}),
        accounts=frozenset(accounts),
    )


def mentions(name: str, *, key: str) -> str:
    """How a stored explanation names somebody: as the value of a key of its JSON."""
    return f'"{key}":{json.dumps(name, ensure_ascii=False)}'


def evidence(why: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every landed row that a stored explanation lists."""
    for driver in why.get("drivers", ()):
        yield from driver.get("evidence", ())
    yield from (why.get("change") or {}).get("events", ())


def called(item: dict[str, Any]) -> str:
    """What a row about a person calls the person; empty in all other rows."""
    return str(item.get("args", {}).get("person", ""))


def _landed(workspace: Workspace, name: str) -> tuple[set[str], set[str], set[str]]:
    names: set[str] = set()
    said: set[str] = set()
    accounts: set[str] = set()
    try:
        tables = workspace.manifest()["tables"]
    except MissingError:
        return names, said, accounts
    with Engine([workspace.lake], spill=workspace.spill) as engine:
        for table in tables:
            if "contact_id" not in BY_NAME[table].names:
                continue
            path = literal((workspace.lake / f"{table}.parquet").resolve())
            told = {"contacts": "name", "feedback": "text"}.get(table, "NULL")
            for account, words in engine.run(
                f"SELECT DISTINCT account_id, {told} FROM read_parquet({path}) "
                f"WHERE contact_id = {literal(name)}"
            ):
                accounts.add(account)
                (said if table == "feedback" else names).add(words or "")
    return names, said - {""}, accounts


def _published(store: Store, name: str) -> Iterator[tuple[str, str]]:
    """The account and the name of each row about a person that a published reason lists."""
    told = RISK.c.explanation.contains(mentions(name, key="row_id"), autoescape=True)
    query = select(RISK.c.account_id, RISK.c.explanation).where(told)
    with transaction(store) as connection:
        for row in connection.execute(query):
            for item in evidence(json.loads(row.explanation)):
                if item.get("row_id") == name and (person := called(item)):
                    yield row.account_id, person


def _dossiers(store: Store, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The account and the content of each published dossier that knows a person."""
    told = RISK.c.dossier.contains(mentions(name, key="contact_id"), autoescape=True)
    query = select(RISK.c.account_id, RISK.c.dossier).where(told)
    with transaction(store) as connection:
        for row in connection.execute(query):
            yield row.account_id, json.loads(row.dossier)


def _words(store: Store, name: str) -> Iterator[tuple[str, str]]:
    """The account and the words of each published account that quotes a person."""
    told = PRACTICE.c.words.contains(mentions(name, key="contact_id"), autoescape=True)
    with transaction(store) as connection:
        for row in connection.execute(select(PRACTICE.c.account_id, PRACTICE.c.words).where(told)):
            yield row.account_id, row.words


def _corrected(store: Store, name: str) -> Iterator[tuple[str, str]]:
    """The account and the sentence of each correction of what a person said."""
    query = select(CORRECTION.c.account_id, CORRECTION.c.sentence)
    with transaction(store) as connection:
        for row in connection.execute(query.where(CORRECTION.c.contact_id == name)):
            yield row.account_id, row.sentence
