from __future__ import annotations

import pytest

from data.workspace import Workspace
from training.decisions import FILE, Decided, decisions, note


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path)


def test_decisions_come_back_newest_first(workspace):
    first = Decided(outcome="promoted", sentence="why\nso", challenger="a")
    second = Decided(outcome="rolled_back", sentence="", challenger="b", champion="a")
    note(workspace, first)
    note(workspace, second)
    assert decisions(workspace.models) == [second, first]


def test_a_decision_knows_how_far_the_data_went(workspace):
    workspace.lake.mkdir()
    (workspace.lake / "manifest.json").write_text(
        '{"version": 2, "data_until": "2025-12-31T18:00"}'
    )
    note(workspace, Decided(outcome="promoted", sentence="", challenger="a"))
    assert decisions(workspace.models)[0].data_until == "2025-12-31"


def test_what_cannot_be_read_is_left_out(workspace):
    assert decisions(workspace.models) == []
    kept = Decided(outcome="promoted", sentence="", challenger="a")
    note(workspace, kept)
    path = workspace.models / FILE
    path.write_text(path.read_text() + '{"outcome": "promoted"}\n[1]\n{"outc', encoding="utf-8")
    assert decisions(workspace.models) == [kept]
    path.write_bytes(b"\xff\xfe")
    assert decisions(workspace.models) == []
