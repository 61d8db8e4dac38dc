"""A store of an earlier schema gains what came later and keeps every batch, or stays as it was."""

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from features.words.sentences import digest
from serving import migrations
from serving.database import StoreError, reading, transaction, writing
from serving.engines import writer
from serving.records import AccountRisk, Batch
from serving.store import current_batch, one_account, publish, ranked, served_account
from serving.tables import METADATA, REVISION, REVISIONS
from serving.words.corrections import Corrections, correction_id

# As the first version wrote it.
FIRST = """
PRAGMA journal_mode = wal;
CREATE TABLE forewarn_schema (version INTEGER NOT NULL) STRICT;
CREATE TABLE batch (
    batch_id TEXT NOT NULL, as_of TEXT NOT NULL, model_version TEXT NOT NULL, method TEXT NOT NULL,
    spec_hash TEXT NOT NULL, horizon_days INTEGER NOT NULL,
    created_at TEXT DEFAULT CURRENT_TIMESTAMP NOT NULL, n INTEGER NOT NULL, metadata TEXT NOT NULL,
    PRIMARY KEY (batch_id)
) STRICT;
CREATE INDEX ix_batch_as_of ON batch (as_of);
CREATE TABLE risk (
    batch_id TEXT NOT NULL, account_id TEXT NOT NULL, status TEXT NOT NULL, risk REAL, band TEXT,
    arr REAL, arr_at_risk REAL, name TEXT, segment TEXT, csm TEXT, renewal_at TEXT,
    coverage REAL NOT NULL, summary TEXT NOT NULL, explanation TEXT,
    PRIMARY KEY (batch_id, account_id),
    CONSTRAINT risk_is_a_probability CHECK (risk >= 0 AND risk <= 1),
    CONSTRAINT risk_if_scored CHECK ((status = 'scored') = (risk IS NOT NULL)),
    CONSTRAINT coverage_is_a_share CHECK (coverage >= 0 AND coverage <= 1),
    CONSTRAINT status_is_known CHECK (status IN ('scored', 'decided', 'insufficient_history')),
    FOREIGN KEY(batch_id) REFERENCES batch (batch_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX ix_risk_account_id ON risk (account_id);
CREATE TABLE current (
    one INTEGER NOT NULL CHECK (one = 1), batch_id TEXT NOT NULL, PRIMARY KEY (one),
    FOREIGN KEY(batch_id) REFERENCES batch (batch_id)
) STRICT;
INSERT INTO forewarn_schema VALUES (1);
"""
ROWS = """
INSERT INTO batch VALUES
    ('b0', '2025-10-31', 'm0', 'classifier', 's', 90, '2025-11-01 06:00:00', 1, '{}'),
    ('b1', '2025-11-30', 'm1', 'lightgbm', 's', 90, '2025-12-01 06:00:00', 2, '{}');
INSERT INTO risk (batch_id, account_id, status, risk, band, coverage, summary) VALUES
    ('b0', 'a', 'scored', 0.2, 'low', 1, 'quiet'),
    ('b1', 'a', 'scored', 0.3, 'high', 1, 'loud'),
    ('b1', 'c', 'decided', NULL, NULL, 1, 'gone');
INSERT INTO current VALUES (1, 'b1');
"""


ENDPOINT_INTO = "INSERT INTO webhook_endpoint (endpoint_id, url, secret, events, created_at) VALUES"

_CORRECTION = "SELECT correction_id, source, whole FROM correction"

# What each version of the table that held the number gained over the one before.
GAINED = {
    2: ("risk_low REAL", "risk_high REAL", "risks TEXT", "method TEXT"),
    3: ("causes TEXT",),
    4: ("notice_at TEXT", "previous_risk REAL", "driver TEXT"),
}


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """A file as the first version left it."""
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST + ROWS)
    return path


@pytest.fixture
def old(address, request) -> Path | str:
    """A store of the first schema, on either database."""
    if isinstance(address, Path):
        path: Path = request.getfixturevalue("first")
        return path
    with transaction(writer(address)) as connection:
        migrations.upgrade(connection, None, to="0001")
        for statement in ROWS.split(";")[:-1]:
            connection.execute(text(statement))
    return str(address)


def asked(address: Path | str, query: str) -> list[tuple[Any, ...]]:
    """The answer of a store of whatever schema."""
    with transaction(writer(address)) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def tables(address: Path | str) -> set[str]:
    with transaction(writer(address)) as connection:
        return set(inspect(connection).get_table_names())


@pytest.mark.parametrize("opener", [reading, writing])
def test_every_batch_of_the_first_schema_is_kept_whoever_opens_it(old, opener):
    opener(old)
    opener(old)
    assert asked(old, "SELECT version_num FROM alembic_version") == [(REVISION,)]
    assert "forewarn_schema" not in tables(old)
    served = current_batch(reading(old))
    assert (served.batch_id, served.n, served.created_at) == ("b1", 2, "2025-12-01 06:00:00")
    loud, gone = ranked(reading(old), "b1", by="risk", limit=9)
    assert (loud.account_id, loud.risk, loud.band, loud.method) == ("a", 0.3, "high", "lightgbm")
    assert (loud.risk_low, loud.risk_high, loud.risks) == (None, None, {})
    assert (gone.account_id, gone.status, gone.method) == ("c", "decided", None)
    (before,) = ranked(reading(old), "b0", by="risk", limit=9)
    assert before.method == "classifier"
    assert served_account(reading(old), "a")[1] == loud


def test_an_upgraded_store_takes_new_batches_and_refuses_what_a_new_one_refuses(old):
    batch = Batch(
        batch_id="b2",
        as_of=date(2025, 12, 31),
        model_version="m2",
        method="hazard",
        spec_hash="s",
        horizon_days=90,
        n=1,
    )
    row = AccountRisk(
        account_id="a",
        status="scored",
        risk=0.4,
        risk_low=0.3,
        risk_high=0.5,
        risks={30: 0.1, 90: 0.4},
        causes={"voluntary": 0.3, "involuntary": 0.1},
        method="hazard",
        coverage=1.0,
        summary="louder",
    )
    publish(writing(old), batch, [row])
    assert one_account(reading(old), "b2", "a") == row
    wrong = row.model_copy(update={"risk_low": 0.45})
    with pytest.raises(StoreError, match=r"(?i)check"):
        publish(writing(old), batch.model_copy(update={"batch_id": "b3"}), [wrong])


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_file_of_each_version_gains_what_came_after_it(first, version):
    with closing(sqlite3.connect(first)) as connection:
        for column in (column for v in range(2, version + 1) for column in GAINED[v]):
            connection.execute(f"ALTER TABLE risk ADD COLUMN {column}")
        connection.execute("UPDATE risk SET method = 'blend', risks = '{\"90\": 0.3}'")
        connection.execute(f"UPDATE forewarn_schema SET version = {version}")
        connection.commit()
    first.chmod(0o644)
    (loud, _) = ranked(reading(first), "b1", by="risk", limit=9)
    assert (loud.method, loud.risks, loud.causes) == ("blend", {90: 0.3}, {})
    assert asked(first, "SELECT version_num FROM alembic_version") == [(REVISION,)]
    assert first.stat().st_mode & 0o777 == 0o600, "from here on it holds secrets"


def test_of_endpoints_of_one_url_the_first_stays_and_no_other_comes(address):
    told = [("b", "u", "2025-01-02"), ("c", "u", "2025-01-01"), ("a", "u", "2025-01-02")]
    if isinstance(address, Path):
        address.touch(mode=0o600)
    with transaction(writer(address)) as connection:
        migrations.upgrade(connection, None, to="0010")
        for endpoint, url, at in [*told, ("d", "v", "2025-01-03")]:
            row = f"('{endpoint}', '{url}', 's', '*', '{at}')"
            connection.execute(text(f"{ENDPOINT_INTO} {row}"))
    writing(address)
    kept = "SELECT endpoint_id FROM webhook_endpoint ORDER BY 1"
    assert asked(address, kept) == [("c",), ("d",)]
    with pytest.raises(StoreError), transaction(writing(address)) as connection:
        connection.execute(text(f"{ENDPOINT_INTO} ('e', 'u', 's', '*', '2025-01-04')"))
    assert asked(address, kept) == [("c",), ("d",)]


def test_corrections_of_before_stand_for_the_same_sentences(address):
    if isinstance(address, Path):
        address.touch(mode=0o600)
    row = "'a', 'f1', NULL, 'It is dear.', 'pricing_perception', 'risk', NULL, '2025-01-01', 'k'"
    with transaction(writer(address)) as connection:
        migrations.upgrade(connection, None, to="0012")
        connection.execute(text(f"INSERT INTO correction VALUES ('co_old', {row})"))
    reading(address)
    [(found, source, whole)] = asked(address, _CORRECTION)
    assert (source, whole) == ("quote", None)
    assert found == correction_id("a", "quote", "f1", digest("It is dear."))
    assert [one.sentence for one in Corrections(address).of(["a"])["a"]] == ["It is dear."]
    with pytest.raises(StoreError), transaction(writing(address)) as connection:
        connection.execute(text("UPDATE correction SET source = 'diary'"))


def described(connection: Connection) -> dict[str, Any]:
    """Everything that the database itself knows of each table."""
    seen = inspect(connection)

    def plain(found: Any) -> Any:
        return sorted(found, key=repr)

    def columns(name: str) -> Any:
        return [{**column, "type": str(column["type"])} for column in seen.get_columns(name)]

    return {
        name: (
            plain(columns(name)),
            seen.get_pk_constraint(name),
            plain(seen.get_foreign_keys(name)),
            plain(seen.get_unique_constraints(name)),
            plain(seen.get_indexes(name)),
            plain(c["sqltext"] for c in seen.get_check_constraints(name)),
            seen.get_table_options(name).get("sqlite_strict"),
        )
        for name in seen.get_table_names()
    }


def test_a_migrated_store_is_the_same_as_a_new_one(old, tmp_path):
    migrated = writing(old)
    new = tmp_path / "new.db"
    if isinstance(old, str):
        with transaction(migrated) as connection:
            connection.execute(text("CREATE SCHEMA new_" + old.rpartition("_")[2]))
        new = old.replace("search_path%3Dtest_", "search_path%3Dnew_")
    with transaction(migrated) as one, transaction(writing(new)) as other:
        assert described(one) == described(other)
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(one, opts=options), METADATA) == []


def test_the_store_knows_every_revision_that_there_is():
    folder = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert tuple(r.revision for r in reversed(list(folder.walk_revisions()))) == REVISIONS


_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from serving.database import reading

@event.listens_for(Engine, "before_cursor_execute")
def kill(connection, cursor, statement, *_):
    if "CREATE TABLE scoring_run" in statement:
        os.kill(os.getpid(), signal.SIGKILL)

reading(sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1]))
"""


def test_an_upgrade_that_is_killed_leaves_the_store_as_it_was(old):
    before = tables(old), asked(old, "SELECT * FROM risk"), asked(old, "SELECT * FROM batch")
    command = [sys.executable, "-c", _KILLED, str(old)]
    killed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    after = tables(old), asked(old, "SELECT * FROM risk"), asked(old, "SELECT * FROM batch")
    assert after == before
    assert current_batch(reading(old)).batch_id == "b1"


def test_an_old_store_may_be_opened_by_several_at_once(old):
    start, opened = threading.Barrier(3), []

    def run() -> None:
        start.wait()
        opened.append(current_batch(reading(old)).batch_id)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert opened == ["b1"] * 3


def test_a_store_of_today_is_opened_without_the_tool_for_migrations(tmp_path):
    code = (
        "import sys; from pathlib import Path; from serving.database import reading, writing;"
        "path = Path(sys.argv[1]); writing(path); reading(path);"
        "print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "store.db")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
