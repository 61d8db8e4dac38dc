"""What was decided about models, kept beside them: which were let into use, and which were not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from data.errors import MissingError
from data.files import atomic
from data.workspace import Workspace

FILE = "decisions.jsonl"


OUTCOMES = ("promoted", "keep_champion", "not_enough_evidence", "rolled_back")


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One decision: what it fell on, and why.

    `outcome` is one of `OUTCOMES`; `champion` the model in use before, None if there was none;
    `data_until` the day until which there were data then.
    """

    outcome: str
    sentence: str
    challenger: str
    champion: str | None = None
    further_events: int | None = None
    data_until: str | None = None


class Decisions(NamedTuple):
    """What was decided, newest first, and the numbers of the lines that cannot be read, from 1."""

    known: list[Decided]
    unread: list[int]


def note(workspace: Workspace, decided: Decided) -> None:
    """Keep a decision, with how far the data go now; the caller holds the workspace."""
    path = workspace.models / FILE
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    line = json.dumps({**asdict(decided), "data_until": _until(workspace)})
    with atomic(path) as temporary:
        temporary.write_text(f"{before}{line}\n", encoding="utf-8")


def decisions(models: Path) -> Decisions:
    """What was decided about the models of a folder; nothing where nobody wrote anything down.

    Lines that were damaged, or of a forewarn that knows other outcomes, are those that are unread.
    """
    try:
        lines = (models / FILE).read_bytes().splitlines()
    except OSError:
        return Decisions([], [])
    told = {number: _read(line) for number, line in enumerate(lines, start=1)}
    known = [decided for decided in told.values() if decided is not None]
    return Decisions(known[::-1], [number for number, decided in told.items() if decided is None])


def _read(line: bytes) -> Decided | None:
    try:
        told: dict[str, Any] = json.loads(line)
        decided = Decided(**told)
        if decided.data_until is not None:
            date.fromisoformat(decided.data_until)
    except (TypeError, ValueError, RecursionError):
        return None
    texts = (decided.sentence, decided.challenger, decided.champion or "")
    known = decided.outcome in OUTCOMES and all(isinstance(text, str) for text in texts)
    return decided if known and isinstance(decided.further_events, int | None) else None


def _until(workspace: Workspace) -> str | None:
    try:
        return str(workspace.manifest()["data_until"])[:10]
    except MissingError:
        return None
