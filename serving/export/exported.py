"""An export: a folder of files that a CRM takes in, and a manifest that says what they hold."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from data.errors import BadInputError, MissingError
from data.files import atomic
from data.workspace import Workspace
from serving.database import reading
from serving.export.cells import cell_of
from serving.export.changes import Since, records
from serving.export.fields import Column, Mapping, Target, load_fields
from serving.export.parts import (
    MAX_BYTES,
    MAX_ROWS,
    Parts,
    Shape,
    csv_shape,
    hubspot_shape,
    private,
)
from serving.health.live import Healths
from serving.published import Published
from serving.records import Batch
from serving.store import batch_at, current_batch, find_batch
from serving.written.desk import Desk

MANIFEST = "manifest.json"
MIN_CHANGE = 0.01
LAST = "last"
_MADE_BY = "forewarn export"


@dataclass(frozen=True)
class Exported:
    """Where an export lies, and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    def lines(self) -> list[str]:
        """What a person reads of it."""
        told = self.manifest
        files = len(told["files"])
        shown = [f"{told['rows']:,} records in {files} {'file' if files == 1 else 'files'}"]
        if told["since"]:
            counts = ", ".join(f"{number:,} {what}" for what, number in told["accounts"].items())
            shown.append(f"since batch {told['since']['batch_id']}: {counts}")
        if told["left_out"]:
            shown.append(
                f"{told['left_out']:,} accounts are left out: their ids are too long for the key, "
                "or a spreadsheet would run them as formulas (`guard` in fields.yml)"
            )
        return [*shown, str(self.folder)]

    def to_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"folder": str(self.folder), **self.manifest}


@dataclass(frozen=True)
class _Plan:
    """What is exported where to."""

    target: Target
    mapping: Mapping
    batch: Batch
    since: Since | None
    limit_rows: int | None
    healths: Healths

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.mapping.columns(self.target)

    @property
    def shape(self) -> Shape:
        if self.target == "hubspot":
            return hubspot_shape(self.columns, self.batch.batch_id)
        return csv_shape(self.columns)


def export(  # noqa: PLR0913 - one argument for each thing that a user can say
    workspace: Workspace,
    target: Target,
    *,
    since: str | None = None,
    min_change: float = MIN_CHANGE,
    fields: Path | None = None,
    limit_rows: int | None = None,
    to: Path | None = None,
) -> Exported:
    """Write the served batch for a target, or what changed in it since another batch.

    `since` is the id of a batch, or a day: the newest batch of that day or before, or "last": that
    of the newest export for the target in the workspace, all accounts where there is none. The
    folder is `exports/BATCH.TARGET` in the workspace, or `to`; it appears whole or not at all, and
    the same export again is the same byte for byte, unless a written pulse has moved a health.

    Raises:
        BadInputError: the file of fields, `since`, `to` or `limit_rows` cannot be used.
        MissingError: nothing has been published yet.
    """
    mapping = load_fields(fields)
    if not mapping.columns(target):
        raise BadInputError(f"no field has a name in {target}; give some of them one")
    engine = reading(workspace.store)
    batch = current_batch(engine)
    exports = workspace.root / "exports"
    before = _last(engine, exports, batch, target) if since == LAST else _batch_of(engine, since)
    then = None if before is None else Since(before, min_change)
    healths = Healths(Published(workspace.store), Desk(workspace.store))
    plan = _Plan(target, mapping, batch, then, _rows(target, limit_rows), healths)
    folder = to or exports / f"{batch.batch_id}.{target}"
    return _written(folder.absolute(), engine, plan)


def _written(folder: Path, engine: Engine, plan: _Plan) -> Exported:
    _check_free(folder)
    with atomic(folder) as temporary:
        temporary.mkdir(mode=0o700)
        parts = Parts(
            temporary, "accounts", plan.shape, plan.limit_rows, MAX_BYTES.get(plan.target)
        )
        counts, left_out = _write(parts, engine, plan)
        manifest = _manifest(plan, parts.written, counts, left_out)
        with private(temporary / MANIFEST) as stream:
            stream.write(json.dumps(manifest, indent=1).encode() + b"\n")
    return Exported(folder, manifest)


def _write(parts: Parts, engine: Engine, plan: _Plan) -> tuple[Counter[str], int]:
    columns = [(c, cell_of(c, plan.target, plan.mapping)) for c in plan.columns]
    counts, left_out, number = Counter[str](), 0, 0
    for kind, values in records(engine, plan.batch, plan.since, columns, live=plan.healths):
        counts[kind] += 1
        if kind == "same":
            continue
        cells = [cell(values[column.name]) for column, cell in columns]
        if None in cells:
            left_out += 1
            continue
        number += 1
        parts.add(number, [cell for cell in cells if cell is not None])
    parts.close()
    return counts, left_out


def _manifest(
    plan: _Plan, files: list[dict[str, Any]], counts: Counter[str], left_out: int
) -> dict[str, Any]:
    """What an export holds. It has no time in it, so that the same export is the same again."""
    batch, since = plan.batch, plan.since
    kinds = ("new", "changed", "removed", "same") if since else ("all",)
    key = next(column.title for column in plan.columns if column.is_key)
    told: dict[str, Any] = {
        "made_by": _MADE_BY,
        "target": plan.target,
        "object": plan.mapping.place(plan.target).object,
        "key": key,
        "batch_id": batch.batch_id,
        "as_of": batch.as_of.isoformat(),
        "model_version": batch.model_version,
        "since": since and {"batch_id": since.batch.batch_id, "as_of": str(since.batch.as_of)},
        "min_change": since and since.min_change,
        "accounts": {kind: counts[kind] for kind in kinds},
        "left_out": left_out,
        "rows": sum(file["rows"] for file in files),
        "files": files,
    }
    if plan.target == "salesforce":
        told["job"] = {
            "object": told["object"],
            "operation": "upsert",
            "externalIdFieldName": key,
            "contentType": "CSV",
            "columnDelimiter": "COMMA",
            "lineEnding": "LF",
        }
    return told


def _last(engine: Engine, exports: Path, batch: Batch, target: Target) -> Batch | None:
    """The newest other batch of which an export for the target lies there."""
    ids = (folder.name.removesuffix(f".{target}") for folder in exports.glob(f"*.{target}"))
    found = [find_batch(engine, batch_id) for batch_id in sorted(ids) if batch_id != batch.batch_id]
    known = [one for one in found if one is not None and one.as_of <= batch.as_of]
    return max(known, key=lambda one: (one.as_of, one.created_at), default=None)


def _batch_of(engine: Engine, since: str | None) -> Batch | None:
    if since is None:
        return None
    if (found := find_batch(engine, since)) is not None:
        return found
    try:
        day = date.fromisoformat(since)
    except ValueError:
        raise BadInputError(
            f"--since: expected the id of a batch, or a date such as 2025-12-31; got {since!r:.60}"
        ) from None
    if (found := batch_at(engine, day)) is None:
        raise MissingError(f"--since: no batch of {day} or before; leave it out to export all")
    return found


def _rows(target: Target, limit: int | None) -> int | None:
    most = MAX_ROWS.get(target)
    if limit is not None and most is not None and limit > most:
        raise BadInputError(f"--limit-rows: expected at most {most} for {target}; got {limit}")
    return limit or most


def _check_free(folder: Path) -> None:
    """Only an earlier export is ever replaced: what else is there may be all that somebody has."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        own = told["made_by"] == _MADE_BY
    except (OSError, ValueError, KeyError, TypeError):
        own = False
    if not own:
        raise BadInputError(
            f"{folder}: expected a new folder, or one that `forewarn export` made; it holds "
            "something else, which would be replaced"
        )
