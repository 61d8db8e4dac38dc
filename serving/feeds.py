"""How the tables behind a batch fare, so that nobody takes a gap in the data for a customer."""

from __future__ import annotations

from typing import Any

from data.engine import Sql
from features.catalog import BY_NAME
from features.feeds import feeds, feeds_of
from training.model import Model

_COUNTS = ("rows", "duplicate", "quarantined")
Told = list[dict[str, Any]]


def feeds_told(engine: Sql, manifest: dict[str, Any], model: Model) -> dict[str, Told]:
    """What a batch tells of its data, by the names in its metadata; at the engine's moment.

    - `dead_feeds`: the tables that the model reads and that say nothing, by name, each
      with `table`, `state` (missing: not landed; absent: no row yet; stale: it stopped) and
      `since`, the day of its newest row, None unless stale.
    - `tables`: the landed ones by name, each with `table`, its counts as it was landed, `odd`, how
      many of its rows were noted as odd or repaired, and `newest`, the day of its newest row at
      `moment`; None where a table is no stream of events.
    """
    states = feeds(engine, manifest["tables"])
    days = states["newest"].dt.strftime("%Y-%m-%d").astype(object)
    known = list(zip(states["table"], states["state"], days, strict=True))
    return {
        "dead_feeds": _dead(model, manifest, known),
        "tables": _tables(manifest, {name: day for name, state, day in known if state != "absent"}),
    }


def _dead(model: Model, manifest: dict[str, Any], known: list[tuple[str, str, str]]) -> Told:
    read = {feed for name in model.features if name in BY_NAME for feed in feeds_of(BY_NAME[name])}
    missing = read - set(manifest["tables"])
    dead: Told = [{"table": name, "state": "missing", "since": None} for name in missing]
    for name, state, day in known:
        if name in read and state != "live":
            since = day if state == "stale" else None
            dead.append({"table": name, "state": state, "since": since})
    return sorted(dead, key=lambda feed: str(feed["table"]))


def _tables(manifest: dict[str, Any], newest: dict[str, str]) -> Told:
    odd: dict[str, int] = {}
    for found in manifest.get("quality", ()):
        odd[found["table"]] = odd.get(found["table"], 0) + found["rows"]
    return [
        {
            "table": name,
            **{count: told.get(count) for count in _COUNTS},
            "odd": odd.get(name, 0),
            "newest": newest.get(name),
        }
        for name, told in sorted(manifest["tables"].items())
    ]
