"""Which tables the model reads that no longer arrive, so that nobody takes a gap for a customer."""

from __future__ import annotations

from typing import Any

import pandas as pd

from data.workspace import Workspace
from features.build import feeds_at
from features.catalog import BY_NAME
from features.feeds import feeds_of
from training.model import Model


def dead_feeds(workspace: Workspace, model: Model, moment: pd.Timestamp) -> list[dict[str, Any]]:
    """The tables that the model reads and that say nothing at `moment`, by name.

    Each has `table`, `state` (missing: not landed; absent: no row yet; stale: it stopped) and
    `since`, the day of its newest row, None unless stale.
    """
    read = {feed for name in model.features if name in BY_NAME for feed in feeds_of(BY_NAME[name])}
    landed = set(workspace.manifest()["tables"])
    dead = [{"table": name, "state": "missing", "since": None} for name in read - landed]
    states = feeds_at(workspace, moment)
    known = states[states["table"].isin(read) & (states["state"] != "live")]
    days = known["newest"].dt.strftime("%Y-%m-%d").astype(object)
    for name, state, day in zip(known["table"], known["state"], days, strict=True):
        dead.append({"table": name, "state": state, "since": day if state == "stale" else None})
    return sorted(dead, key=lambda feed: str(feed["table"]))
