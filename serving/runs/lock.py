"""One run of a workspace at a time, and nothing is erased meanwhile."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from data.locks import held, holder_lives
from data.workspace import Workspace


def alone(workspace: Workspace) -> AbstractContextManager[None]:
    """Hold the workspace for all steps of a run; each step takes it for itself as well.

    Entering it raises a ForewarnError, with the process, while another run is under way.
    """
    busy = f"workspace {workspace.root} is already being run, or erased from, by"
    return held(_path(workspace), busy)


def under_way(workspace: Workspace) -> bool:
    """Whether a run, or whatever took its turn last, still goes on."""
    return holder_lives(_path(workspace))


def _path(workspace: Workspace) -> Path:
    return workspace.root / "run.lock"
