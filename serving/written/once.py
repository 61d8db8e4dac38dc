"""Requests that may be repeated: the first answer is remembered, and written with what it tells.

A claim on the key, what is written, and the answer are one transaction. A crash leaves none of
them; a twin at the same moment waits for the first, and then finds its answer.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from serving import moments
from serving.access.access import DEADLINE_SECONDS
from serving.database import StoreError, transaction
from serving.tables import ANSWERED

KEPT = timedelta(days=7)
MAX_KEY = 255
# By then the caller has been told that there is no answer, and would send it again.
_PATIENCE_SECONDS = DEADLINE_SECONDS - 1
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-~][!-~]*")
# Both, in the words of the contract.
KEY_PATTERN = r'^([!#-~][!-~]*|"([ !#-\[\]-~]|\\["\\])+")$'


class DeclinedError(Exception):
    """Something was not written, and the caller is told why, under this HTTP status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One request to write: who makes it, what is done to what, with which content.

    `key` is the key that it may be repeated under, if it bears one; `key_id` is the caller's.
    """

    key_id: str
    target: tuple[str, ...]
    content: BaseModel
    key: str | None

    @property
    def fingerprint(self) -> str:
        """The same for the same content, however it was spelled or ordered."""
        text = "\0".join([*self.target, self.content.model_dump_json(exclude_none=True)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What the caller is answered about an account, and whether that was said before."""

    status: int
    account_id: str
    body: str
    replayed: bool = False


def once(engine: Engine, attempt: Attempt, write: Callable[[Connection], Answer]) -> Answer:
    """The answer of `write`, or that of the first time where the same was asked under this key.

    `write` gets the transaction that also remembers its answer. What it declines is not remembered,
    so that a corrected request may bear the same key.

    Raises:
        DeclinedError: the key was used for something else, or `write` declined.
        StoreError: the store is locked or away; nothing was written.
    """
    began = time.monotonic()
    with transaction(engine) as connection:
        answer = _answered(connection, attempt, write)
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise StoreError("the store was held too long by others; nothing was written")
    return answer


def parse_key(header: str) -> str:
    """The key in an `Idempotency-Key` header, quoted as the draft of the IETF has it, or bare.

    >>> parse_key('"a7e1"') == parse_key("a7e1")
    True

    Raises:
        DeclinedError: it is not 1 to 255 visible ASCII characters.
    """
    found = _QUOTED.fullmatch(header)
    key = re.sub(r"\\(.)", r"\1", found[1]) if found else header
    if not (found or _BARE.fullmatch(header)) or not 1 <= len(key) <= MAX_KEY:
        raise DeclinedError(
            400, f"Idempotency-Key: expected 1 to {MAX_KEY} visible ASCII characters"
        )
    return key


def _answered(
    connection: Connection, attempt: Attempt, write: Callable[[Connection], Answer]
) -> Answer:
    if attempt.key is None:
        return write(connection)
    _sweep(connection)
    if not _claim(connection, attempt):
        return _remembered(connection, attempt)
    answer = write(connection)
    told = {"status": answer.status, "account_id": answer.account_id, "body": answer.body}
    connection.execute(update(ANSWERED).where(*_of(attempt)).values(told))
    return answer


def _sweep(connection: Connection) -> None:
    old = moments.text(moments.now() - KEPT)
    connection.execute(delete(ANSWERED).where(ANSWERED.c.created_at < old))


def _claim(connection: Connection, attempt: Attempt) -> bool:
    row = {
        "key_id": attempt.key_id,
        "idempotency_key": attempt.key,
        "account_id": "",  # with its answer, so that it can be erased with the account
        "fingerprint": attempt.fingerprint,
        "status": 0,
        "body": "",
        "created_at": moments.text(moments.now()),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(ANSWERED).values(row))
    except IntegrityError:
        return False
    return True


def _remembered(connection: Connection, attempt: Attempt) -> Answer:
    row = connection.execute(select(ANSWERED).where(*_of(attempt))).mappings().one()
    if row["fingerprint"] != attempt.fingerprint:
        raise DeclinedError(
            422, "Idempotency-Key: it was used for another request; use a new key for a new one"
        )
    return Answer(row["status"], row["account_id"], row["body"], replayed=True)


def _of(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    return (
        ANSWERED.c.key_id == attempt.key_id,
        ANSWERED.c.idempotency_key == attempt.key,
    )
