"""Take out of the lake who must not be in it, as if the source had never told of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from data.contract import BY_NAME
from data.engine import Engine, identifier, literal
from data.files import atomic, sha256, write_json
from data.lake import fingerprint, month_fingerprints, whole
from data.quality import DATED
from data.suppress import Left, Suppressed, left
from data.workspace import Workspace

USAGE = "usage_events"
_ROW = "file_row_number"


def traces(workspace: Workspace, known: Suppressed) -> dict[str, Left]:
    """What of the lake would go by a list, per table that holds anything of it.

    Raises:
        MissingError: nothing was landed, or by another version.
    """
    tables = workspace.manifest()["tables"]
    with Engine([workspace.root], spill=workspace.spill) as engine:
        return dict(_touched(engine, workspace, tables, known))


def expunge(workspace: Workspace, known: Suppressed) -> dict[str, Left]:
    """Write the lake anew without whoever is on a list; what went, per table. All others stay.

    The lake is replaced as a whole or not at all. Rows keep their order, and tables without a trace
    keep their file. The caller holds the workspace.

    Raises:
        MissingError: nothing was landed, or by another version.
    """
    manifest = workspace.manifest()
    tables: dict[str, dict[str, Any]] = manifest["tables"]
    with Engine([workspace.root], spill=workspace.spill) as engine:
        found = dict(_touched(engine, workspace, tables, known))
        if not found:
            return {}
        before = _newest(engine, workspace.lake, tables)
        with atomic(workspace.lake) as lake:
            lake.mkdir()
            for name, told in tables.items():
                path = lake / f"{name}.parquet"
                if name not in found:
                    os.link(_path(workspace.lake, name), path)
                    continue
                columns = ", ".join(map(identifier, BY_NAME[name].names))
                engine.write(f"SELECT {columns} FROM {found[name].rows} ORDER BY {_ROW}", path)
                told |= {"rows": told["rows"] - found[name].gone, "sha256": sha256(path)}
                if name == USAGE:
                    told["months"] = month_fingerprints(
                        engine, f"read_parquet({literal(path.resolve())})"
                    )
            manifest["fingerprint"] = fingerprint({n: t["sha256"] for n, t in tables.items()})
            after = _newest(engine, lake, tables)
            # A mapping may say until when the data are complete; then rows do not.
            if after is not None and manifest["data_until"] == _told(before):
                manifest["data_until"] = _told(after)
            write_json(lake / "manifest.json", manifest)
    return found


def _touched(
    engine: Engine, workspace: Workspace, tables: Mapping[str, Any], known: Suppressed
) -> Iterator[tuple[str, Left]]:
    for name in tables:
        path = _path(workspace.lake, name)
        file, table = f"read_parquet({literal(path.resolve())}, {_ROW} = true)", BY_NAME[name]
        found = left(engine, table, f"({whole(path, table, file)})", known)
        if found.gone or found.cleared:
            yield name, found


def _newest(engine: Engine, lake: Path, tables: Mapping[str, Any]) -> datetime | None:
    """The newest time over the dated tables of a lake."""
    times = [
        engine.run(
            f"SELECT max({BY_NAME[name].time}) "
            f"FROM read_parquet({literal(_path(lake, name).resolve())})"
        )[0][0]
        for name in DATED
        if name in tables
    ]
    return max((moment for moment in times if moment is not None), default=None)


def _told(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds")


def _path(lake: Path, name: str) -> Path:
    return lake / f"{name}.parquet"
