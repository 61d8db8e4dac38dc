"""Scoring by Spark publishes what scoring by DuckDB publishes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from data.workspace import Workspace
from features.parts import write_parts
from serving.database import reading
from serving.score import score
from serving.store import ranked
from training.config import Config

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]
AS_OF = date(2025, 7, 1)


def _own(root, landed) -> Workspace:
    root.mkdir()
    (root / "lake").symlink_to(landed.lake)
    return Workspace(root)


def test_both_engines_publish_the_same_batch(landed, tmp_path, crown, monkeypatch):
    crown()
    read = []

    def two_at_a_time(*arguments):
        read.append(replace(write_parts(*arguments), accounts=2))
        return read[-1]

    monkeypatch.setattr("features.build.write_parts", two_at_a_time)
    published = []
    for engine in ("duckdb", "spark"):
        workspace = _own(tmp_path / engine, landed)
        batch = score(workspace, Config(engine=engine), as_of=AS_OF)
        rows = ranked(reading(workspace.store), batch.batch_id, by="risk", limit=100)
        published.append((batch, rows))
    (here, ours), (there, theirs) = published
    assert [len(list(table)) for table in read] == [3]
    assert len(ours) == here.n == 6
    assert theirs == ours
    assert there == here
