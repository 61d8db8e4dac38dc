"""What was decided about models, kept beside them: which were let into use, and which were not."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.errors import MissingError
from data.files import atomic
from data.workspace import Workspace

FILE = "decisions.jsonl"


@dataclass(frozen=True, kw_only=True)
class Decided:
    """One decision: what it fell on, and why.

    `outcome` is promoted, keep_champion, not_enough_evidence, or rolled_back; `champion` the model
    in use before, None if there was none; `data_until` how far the data went then.
    """

    outcome: str
    sentence: str
    challenger: str
    champion: str | None = None
    further_events: int | None = None
    data_until: str | None = None


def note(workspace: Workspace, decided: Decided) -> None:
    """Keep a decision, with how far the data go now; the caller holds the workspace."""
    path = workspace.models / FILE
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    line = json.dumps({**asdict(decided), "data_until": _until(workspace)})
    with atomic(path) as temporary:
        temporary.write_text(f"{before}{line}\n", encoding="utf-8")


def decisions(models: Path) -> list[Decided]:
    """What was decided about the models of a folder, newest first.

    Empty where nothing was, or where that cannot be read; a line of another forewarn is left out.
    """
    try:
        lines = (models / FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    return [found for line in reversed(lines) if (found := _read(line)) is not None]


def _read(line: str) -> Decided | None:
    try:
        told: dict[str, Any] = json.loads(line)
        return Decided(**told)
    except (TypeError, ValueError):
        return None


def _until(workspace: Workspace) -> str | None:
    try:
        return str(workspace.manifest()["data_until"])[:10]
    except MissingError:
        return None
