"""What docs/store.md says to type saves a store and brings it back, on both databases."""

import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import psycopg
import pytest

from serving.database import reading, writing
from serving.records import AccountRisk, Batch
from serving.store import current_batch, publish

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
SAVE, BRING_BACK, BY_URL = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)


def publish_one(address: Path | str, day: int) -> None:
    row = AccountRisk(account_id="a", status="decided", coverage=1.0, summary="gone")
    batch = Batch(
        batch_id=f"b{day}",
        as_of=date(2026, 1, day),
        model_version="m1",
        method="rules",
        spec_hash="s",
        horizon_days=90,
        n=1,
    )
    publish(writing(address), batch, [row])


def typed(block: str, folder: Path, **variables: str) -> None:
    script = "\n".join(line.removeprefix("$ ") for line in block.splitlines())
    env = {**os.environ, **variables}
    # As in the environment that the page's reader has activated.
    env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    subprocess.run(["bash", "-euc", script], check=True, cwd=folder, env=env)


def test_a_file_is_saved_while_it_is_read_and_brought_back(tmp_path):
    path = tmp_path / ".forewarn" / "store.db"
    publish_one(path, 1)
    reader = reading(path)
    assert current_batch(reader).batch_id == "b1"  # a connection is open, and so is the log
    typed(SAVE, tmp_path)
    assert (tmp_path / "backup.db").stat().st_mode & 0o077 == 0
    publish_one(path, 2)
    assert current_batch(reader).batch_id == "b2"
    typed(BRING_BACK, tmp_path)
    assert current_batch(reader).batch_id == "b1"
    publish_one(path, 3)
    assert current_batch(reader).batch_id == "b3"


def test_a_database_is_saved_and_brought_back(postgres_server, tmp_path):
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE page")
    url = postgres_server.url.replace("/postgres?", "/page?")
    publish_one(url, 1)
    save, bring_back = BY_URL.splitlines()
    path = f"{postgres_server.binaries}:{os.environ['PATH']}"
    typed(save, tmp_path, FOREWARN_STORE=url, PATH=path)
    publish_one(url, 2)
    typed(bring_back, tmp_path, FOREWARN_STORE=url, PATH=path)
    assert current_batch(reading(url)).batch_id == "b1"
    publish_one(url, 3)
    with pytest.raises(subprocess.CalledProcessError):
        typed(bring_back, tmp_path, FOREWARN_STORE=url.replace("/page?", "/none?"), PATH=path)
    assert current_batch(reading(url)).batch_id == "b3"
