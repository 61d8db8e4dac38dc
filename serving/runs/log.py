"""The log of runs in the store: which step each is in, and how it ended."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select, update

from data.errors import BadInputError, ForewarnError, MissingError, RefusedError, full_disk
from data.postgres import without_password
from data.workspace import Workspace, quiet
from serving.console import INTERRUPTED, complain
from serving.database import reading, transaction, writing
from serving.moments import now, text
from serving.runs.lock import under_way
from serving.tables import RUN
from serving.webhooks.courier import deliver
from serving.webhooks.messages import RUN_FAILED
from serving.webhooks.outbox import announce

KILLED = "the process ended without a word: killed, or the machine stopped"
# What an engine or a library quotes may be a value of somebody's row.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_LONGEST = 500


@dataclass
class Entry:
    """The row of a run that is under way; `batch_id` once there is one."""

    store: Engine
    run_id: str
    step: str = "start"
    batch_id: str | None = None

    def at(self, step: str) -> None:
        """The run has come to a step."""
        self.step = step
        self._write(step=step)

    def done(self, detail: str) -> None:
        """All steps went well."""
        self._end("done", 0, detail)

    def ended_badly(self, error: BaseException) -> dict[str, Any]:
        """The run ends with an error; what is to be told of it to others."""
        refused = isinstance(error, RefusedError)
        outcome = "refused" if refused else "failed"
        code = _exit_code(error)
        self._end(outcome, code, _detail(error))
        told = {"run_id": self.run_id, "step": self.step, "batch_id": self.batch_id}
        return {**told, "outcome": outcome, "exit_code": code}

    def _end(self, outcome: str, exit_code: int, detail: str) -> None:
        self._write(
            outcome=outcome,
            exit_code=exit_code,
            detail=detail,
            batch_id=self.batch_id,
            finished_at=text(now()),
        )

    def _write(self, **values: Any) -> None:  # noqa: ANN401 - values of columns
        with transaction(self.store) as connection:
            connection.execute(update(RUN).where(RUN.c.run_id == self.run_id).values(values))


def begin(store: Engine, source: str) -> Entry:
    """A new row. Rows of runs that never ended are closed: who calls holds the lock of runs.

    Raises:
        StoreError: the store cannot be written.
    """
    at = text(now())
    run_id = f"{at.translate(_NO_MARKS)}-{secrets.token_hex(3)}"
    killed = {"outcome": "failed", "finished_at": at, "detail": KILLED}
    row = {"run_id": run_id, "source": _shown(source), "started_at": at, "step": "start"}
    with transaction(store) as connection:
        connection.execute(update(RUN).where(RUN.c.outcome.is_(None)).values(killed))
        connection.execute(insert(RUN).values(row))
    return Entry(store, run_id)


@contextmanager
def logged(workspace: Workspace, source: str) -> Iterator[Entry]:
    """The row of a run; if the block ends with an error, that is logged and told by webhook.

    Neither may stand in the way of the error itself: what cannot be logged is said on stderr.
    """
    store = writing(workspace.store)
    entry = begin(store, source)
    try:
        yield entry
    except BaseException as error:
        try:
            announce(store, RUN_FAILED, entry.ended_badly(error))
            if isinstance(error, Exception):  # whoever stops it wants it to stop
                deliver(workspace, quiet)
        except Exception as second:  # noqa: BLE001 - the first error is the one to be known
            complain(f"run {entry.run_id}: its end could not be logged or told; {second}")
        raise


def last_runs(workspace: Workspace, *, limit: int) -> list[dict[str, Any]]:
    """The newest runs, newest first, as rows of their table; empty without a store.

    The outcome of a run that has not ended is None while its process lives, and then failed.
    """
    query = select(RUN).order_by(RUN.c.started_at.desc(), RUN.c.run_id.desc()).limit(limit)
    try:
        store = reading(workspace.store)
    except MissingError:
        return []
    with transaction(store) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    for row in found:
        if row["outcome"] is None and not under_way(workspace):
            row |= {"outcome": "failed", "detail": KILLED}
    return found


_NO_MARKS = str.maketrans("", "", "-:.")


def _shown(source: str) -> str:
    if not source.startswith(("postgresql://", "postgres://")):
        return source
    try:
        return without_password(source)[0]
    except BadInputError:
        return "a PostgreSQL URL that cannot be read"


def _exit_code(error: BaseException) -> int:
    if isinstance(error, ForewarnError):
        return error.exit_code
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def _detail(error: BaseException) -> str:
    error = full_disk(error) or error
    if isinstance(error, ForewarnError):
        told = _QUOTED.sub("'…'", " ".join(str(error).split()))
        return told if len(told) <= _LONGEST else f"{told[: _LONGEST - 1]}…"
    if isinstance(error, KeyboardInterrupt):
        return "stopped"
    return f"internal error: {type(error).__name__}"
