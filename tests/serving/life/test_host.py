"""What the service is not started without: one line, exit code 2, at once."""

import os
import shutil
import socket

import pytest

from data.errors import BadInputError
from data.workspace import Workspace
from serving.access import keys
from serving.host import check
from serving.moments import now


@pytest.fixture
def taken():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one.getsockname()[1]


def refused(workspace: Workspace, *, host: str = "127.0.0.1", port: int | None = None) -> str:
    with pytest.raises(BadInputError) as refusal:
        check(workspace, host=host, port=port or _free())
    assert refusal.value.exit_code == 2
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_what_has_everything_is_served(served):
    assert check(served, host="127.0.0.1", port=_free()).batch_id == "b1"


def test_a_store_is_needed(tmp_path):
    assert "nothing has been published" in refused(Workspace(tmp_path))


def test_a_damaged_store_is_named(served):
    served.store.write_bytes(b"not a database at all, but long enough to look at " * 40)
    assert str(served.store) in refused(served)


def test_the_model_behind_the_batch_is_needed(served):
    shutil.rmtree(served.models / "m1")
    assert refused(served).startswith(f"{served.models / 'm1'}: no model here")


def test_a_damaged_model_is_named_before_anything_reads_it(served):
    forest = served.models / "m1" / "forest_0.txt"
    forest.write_text("another tree")
    assert refused(served).startswith(f"{forest}: altered or cut")


def test_a_key_is_needed_where_others_can_ask(served):
    assert "forewarn keys create" in refused(served, host="0.0.0.0")  # noqa: S104 - refused
    keys.create(served.store, "crm", role="reader", at=now())
    assert check(served, host="0.0.0.0", port=_free()).batch_id == "b1"  # noqa: S104 - only asked


def test_a_port_that_is_taken_is_told_with_the_process_that_has_it(served, taken):
    told = refused(served, port=taken)
    assert f"127.0.0.1:{taken}" in told
    assert f"by process {os.getpid()} " in told
    assert "--port" in told


def test_a_name_is_no_address(served):
    assert "expected an IP address; got 'localhost'" in refused(served, host="localhost")


def test_a_wrong_setting_is_told_before_the_start(served, monkeypatch):
    monkeypatch.setenv("FOREWARN_DRAIN_SECONDS", "soon")
    assert "FOREWARN_DRAIN_SECONDS" in refused(served)
