"""An erasure from beginning to end: who, what there is, the list, every place, the note."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine

from data.errors import BadInputError, MissingError
from data.suppress import Kind, suppress, suppressed
from data.workspace import Workspace, quiet
from serving.database import reading, writing
from serving.erase import store as stored
from serving.erase.files import Search, in_files
from serving.erase.trace import Trace
from serving.erase.whom import recognised
from serving.runs.lock import alone


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """What there was of somebody, and is no more unless `dry`; `digest` stands for them now."""

    kind: Kind
    digest: str
    dry: bool
    traces: tuple[Trace, ...]

    def places(self) -> dict[str, dict[str, int]]:
        """How many of what, by place."""
        found: dict[str, dict[str, int]] = {}
        for trace in self.traces:
            place = found.setdefault(trace.place, {})
            place[trace.what] = place.get(trace.what, 0) + trace.count
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain values that name nobody."""
        told = {"kind": self.kind, "dry_run": self.dry, "digest": self.digest}
        return {**told, "places": self.places()}


def erase(
    workspace: Workspace,
    kind: Kind,
    name: str,
    *,
    dry: bool = False,
    unseen: bool = False,
    say: Callable[[str], None] = quiet,
) -> Erasure:
    """Take an account or a person out of all that a workspace holds, and keep them out.

    First they are put on the list of who is never landed, so that a process that dies on the way
    brings nobody back; running again goes on with the rest. With `dry` nothing is changed.

    Raises:
        BadInputError: there is nothing of them, and nobody asked to keep out the `unseen`.
        ForewarnError: a run, a training or a landing is under way.
        StoreError: the store cannot be written just now.
    """
    with alone(workspace), workspace.locked():
        listed = suppressed(workspace)
        known = listed.plus(kind, name)
        store = _store(workspace)
        whom = recognised(workspace, store, kind, name)
        say("looking where it is")
        found = _everywhere(store, Search(workspace, whom, known, dry=True))
        erasure = Erasure(kind=kind, digest=known.digest(kind, name), dry=dry, traces=tuple(found))
        if not any(trace.named for trace in found) and not listed.holds(kind, name) and not unseen:
            raise BadInputError(
                f"{kind} {name!r}: expected one that {workspace.root} holds something of; got "
                "none; check the id, or give --unseen to keep it out of later loads"
            )
        if not dry:
            say("erasing")
            suppress(workspace, kind, name)
            _everywhere(store, Search(workspace, whom, known, dry=False))
            stored.sign(store or writing(workspace.store), kind, name, erasure.digest)
    return erasure


def _store(workspace: Workspace) -> Engine | None:
    """The store, to be written; None where nothing was ever published."""
    try:
        reading(workspace.store)
    except MissingError:
        return None
    return writing(workspace.store)


def _everywhere(store: Engine | None, search: Search) -> list[Trace]:
    # The store first: from then on nobody can read of them and leave a note of that.
    found = [] if store is None else stored.forget(store, search.whom, dry=search.dry)
    return [*found, *in_files(search)]
