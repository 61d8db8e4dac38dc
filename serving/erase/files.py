"""The files of the workspace: the lake, all that was made of it, models, quarantine and exports."""

from __future__ import annotations

import csv
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.errors import BadInputError, MissingError
from data.expunge import expunge, traces
from data.files import atomic
from data.suppress import Suppressed
from data.workspace import Workspace
from features.build import BY_MOMENT
from serving.erase.trace import Trace
from serving.erase.whom import Whom
from training.artefact import DESCRIPTION
from training.forget import forget, named
from training.words.own import load


@dataclass(frozen=True)
class Search:
    """Where to look for whom; `known` is the list that they are on. Nothing goes if it is `dry`."""

    workspace: Workspace
    whom: Whom
    known: Suppressed
    dry: bool


def in_files(search: Search) -> list[Trace]:
    """Take somebody out of all files but the store; what there was."""
    places = (_sorter, _lake, _cells, _features, _evaluation, _models, _quarantine, _exports)
    return [trace for place in places for trace in place(search) if trace.count]


def _sorter(search: Search) -> Iterator[Trace]:
    """What corrections taught holds letters of what they said; the next lesson makes it again.

    It goes as a whole, and first: the lake still tells where a person was met.
    """
    path, whom = search.workspace.sorter, search.whom
    theirs = [(whom.kind, whom.id), *(("account", one) for one in whom.accounts)]
    try:
        own = load(path)
        held = own is not None and any(own.learnt_from(*one) for one in theirs)
        if not held:
            return
    except BadInputError:  # nobody can tell whose words are in it
        held = False
    yield Trace("sorter", "files that `forewarn words learn` makes again", 1, held)
    if not search.dry:
        path.unlink(missing_ok=True)


def _lake(search: Search) -> Iterator[Trace]:
    look = traces if search.dry else expunge
    try:
        found = look(search.workspace, search.known)
    except MissingError:
        # Of another version: nobody can read it, and it has to be landed anew.
        yield from _removed(
            search, "lake", "files that have to be landed anew", search.workspace.lake
        )
        return
    yield Trace("lake", "rows", sum(left.gone for left in found.values()))
    yield Trace("lake", "rows that named it", sum(left.cleared for left in found.values()))


def _cells(search: Search) -> Iterator[Trace]:
    """Sums of usage: they are made again of the lake when they are next needed."""
    codes = search.workspace.cells / "codes.parquet"
    held = codes.exists() and _coded(codes, search.whom)
    yield from _removed(search, "cells", "files of daily sums", search.workspace.cells, named=held)


def _features(search: Search) -> Iterator[Trace]:
    folder = search.workspace.features
    for part in ("replay", BY_MOMENT):
        yield from _removed(search, "features", "files that are made again", folder / part)
    yield from _of_account(search, "features", sorted(folder.glob("*.parquet")))


def _evaluation(search: Search) -> Iterator[Trace]:
    path = search.workspace.evaluation
    yield from _of_account(search, "evaluation", [path] if path.exists() else [])


def _models(search: Search) -> Iterator[Trace]:
    """Models in use, those before them, and their copies among the artifacts of MLflow."""
    if search.whom.kind == "account":
        look = named if search.dry else forget
        for description in sorted(search.workspace.models.rglob(DESCRIPTION)):
            yield Trace("models", "rows", look(description.parent, search.whom.id))


def _quarantine(search: Search) -> Iterator[Trace]:
    """Bad values of the last load do not say whose they are, save where the id is the value."""
    folder = search.workspace.quarantine
    held = any(_is_bad_value(path, search.whom) for path in _below(folder))
    yield from _removed(search, "quarantine", "files of bad rows", folder, named=held)


def _exports(search: Search) -> Iterator[Trace]:
    """An export that names them goes as a whole; it can be written again."""
    for folder in sorted((search.workspace.root / "exports").glob("*")):
        if any(_mentions(path, search.whom) for path in _below(folder)):
            yield from _removed(search, "exports", "files", folder)


def _of_account(search: Search, place: str, paths: list[Path]) -> Iterator[Trace]:
    if search.whom.kind != "account":
        return
    for path in paths:
        count = _rows(path, "account_id", search.whom.id)
        yield Trace(place, "rows", count)
        if count and not search.dry:
            _filter(path, search.whom.id)


def _removed(
    search: Search, place: str, what: str, folder: Path, *, named: bool = False
) -> Iterator[Trace]:
    yield Trace(place, what, len(_below(folder)), named)
    if folder.exists() and not search.dry:
        shutil.rmtree(folder)


def _rows(path: Path, column: str, name: str) -> int:
    with pq.ParquetFile(path) as file:
        groups = range(file.num_row_groups)
        found = (file.read_row_group(i, columns=[column])[column] for i in groups)
        return sum(pc.sum(pc.equal(part, name)).as_py() or 0 for part in found)


def _coded(codes: Path, whom: Whom) -> bool:
    rows = pq.read_table(codes, columns=["kind", "id"], filters=[("kind", "=", whom.kind)])
    return bool(pc.any(pc.equal(rows["id"], whom.id)).as_py())


def _is_bad_value(path: Path, whom: Whom) -> bool:
    with path.open(encoding="utf-8", newline="") as stream:
        bad = (whom.id, f"'{whom.id}")  # led by an apostrophe where it could be a formula
        return any(
            row["column"] == f"{whom.kind}_id" and row["value"] in bad
            for row in csv.DictReader(stream)
        )


def _filter(path: Path, account: str) -> None:
    with (
        atomic(path) as temporary,
        pq.ParquetFile(path) as file,
        pq.ParquetWriter(temporary, file.schema_arrow, compression="zstd") as writer,
    ):
        for group in range(file.num_row_groups):
            rows = file.read_row_group(group)
            theirs = pc.fill_null(pc.equal(rows["account_id"], account), fill_value=False)
            writer.write_table(rows.filter(pc.invert(theirs)))


def _below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _mentions(path: Path, whom: Whom) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    forms = {f for word in (whom.id, *whom.names) for f in (word, json.dumps(word)[1:-1])}
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in forms)
