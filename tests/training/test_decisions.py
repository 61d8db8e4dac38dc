from __future__ import annotations

import json
from typing import Any

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
    assert decisions(workspace.models) == ([second, first], [])


def test_a_decision_knows_how_far_the_data_went(workspace):
    workspace.lake.mkdir()
    (workspace.lake / "manifest.json").write_text(
        '{"version": 3, "data_until": "2025-12-31T18:00"}'
    )
    note(workspace, Decided(outcome="promoted", sentence="", challenger="a"))
    assert decisions(workspace.models).known[0].data_until == "2025-12-31"


def test_what_cannot_be_read_is_named_by_its_line(workspace):
    assert decisions(workspace.models) == ([], [])
    kept = Decided(outcome="promoted", sentence="", challenger="a", further_events=3)
    note(workspace, kept)
    good: dict[str, Any] = {"outcome": "promoted", "sentence": "why", "challenger": "b"}
    odd = [
        {"outcome": "promoted"},
        {**good, "outcome": "hired"},
        {**good, "outcome": ["promoted"]},
        {**good, "data_until": "the 3rd"},
        {**good, "data_until": 20250103},
        {**good, "champion": 7},
        {**good, "further_events": "many"},
        [1],
    ]
    path = workspace.models / FILE
    lines = [path.read_bytes(), *(json.dumps(line).encode() + b"\n" for line in odd)]
    lines += [b"\xff\xfe\n", b"[" * 100_000 + b"\n", json.dumps(good).encode() + b"\n", b'{"outc']
    path.write_bytes(b"".join(lines))
    assert decisions(workspace.models) == ([Decided(**good), kept], [*range(2, 12), 13])
