"""The nets under the test session hold: who reaches out, and what is logged."""

import json
import logging
import os
import subprocess
import sys

import pytest

from serving.access import keys
from serving.moments import now
from tests.offline.sitecustomize import REACHED
from tests.unlogged import leaks

ASK = """
import socket, urllib.request
for name in ("127.0.0.1", "127.1", "::1", "localhost", socket.gethostname()):
    socket.getaddrinfo(name, 80)
for reach in (lambda: socket.create_connection(("192.0.2.1", 80), timeout=1),
              lambda: urllib.request.urlopen("http://example.com")):
    try:
        reach()
    except OSError as error:
        print(error)
"""


def test_a_process_that_reaches_out_is_stopped_and_written_down(tmp_path):
    reached = tmp_path / "reached"
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, REACHED: str(reached)},
    )
    assert done.stdout.count("tests stay on this machine") == 2
    first, second = reached.read_text().splitlines()
    assert first.startswith("socket.connect 192.0.2.1 by process ")
    assert second.startswith("socket.getaddrinfo example.com by process ")


def test_this_process_is_bound_as_well(tmp_path, monkeypatch):
    import socket

    monkeypatch.setenv(REACHED, str(tmp_path / "reached"))
    with pytest.raises(ConnectionRefusedError, match="tests stay on this machine"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_what_is_personal_is_found_in_a_log_as_it_is_and_as_json(tmp_path):
    (tmp_path / "accounts.csv").write_text('account_id,name\na,"Ant ""& Co"\nb,Bee Keepers\n')
    log = tmp_path / "deep" / "serve.log"
    log.parent.mkdir()
    log.write_text("nothing of interest about bees\n")
    assert leaks(tmp_path) == []
    secret = keys.create(tmp_path / "store.db", "crm", role="reader", at=now())[1]
    said = {"name": 'Ant "& Co'}
    log.write_text(f"{json.dumps(said)}\nBee Keepers left\nto ada@example.com with {secret}\n")
    found = [line.removeprefix(f"{log}: ") for line in leaks(tmp_path)]
    log.unlink()  # or else this session would end with a failure, as it should
    assert sorted(found) == sorted(
        map(repr, ('Ant "& Co', "Bee Keepers", "ada@example.com", secret))
    )


def test_records_of_this_process_are_among_what_is_looked_through(tmp_path_factory):
    logging.getLogger("forewarn").error("a record to be found")
    records = tmp_path_factory.getbasetemp() / "records.log"
    assert "a record to be found" in records.read_text()
