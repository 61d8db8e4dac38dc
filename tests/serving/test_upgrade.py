"""A store of the first version gains what came later and keeps every batch, or stays as it was."""

import shutil
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from serving.database import StoreError, reading, writing
from serving.records import AccountRisk, Batch
from serving.store import current_batch, one_account, publish, ranked

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
INSERT INTO batch VALUES
    ('b0', '2025-10-31', 'm0', 'classifier', 's', 90, '2025-11-01 06:00:00', 1, '{}'),
    ('b1', '2025-11-30', 'm1', 'lightgbm', 's', 90, '2025-12-01 06:00:00', 2, '{}');
INSERT INTO risk (batch_id, account_id, status, risk, band, coverage, summary) VALUES
    ('b0', 'a', 'scored', 0.2, 'low', 1, 'quiet'),
    ('b1', 'a', 'scored', 0.3, 'high', 1, 'loud'),
    ('b1', 'c', 'decided', NULL, NULL, 1, 'gone');
INSERT INTO current VALUES (1, 'b1');
"""


@pytest.fixture
def first(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST)
    return path


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize("opener", [reading, writing])
def test_every_batch_of_the_first_version_is_kept_whoever_opens_it(first, opener):
    opener(first)
    opener(first)
    assert asked(first, "SELECT version FROM forewarn_schema") == [(4,)]
    served = current_batch(reading(first))
    assert (served.batch_id, served.n, served.created_at) == ("b1", 2, "2025-12-01 06:00:00")
    loud, gone = ranked(reading(first), "b1", by="risk", limit=9)
    assert (loud.account_id, loud.risk, loud.band, loud.method) == ("a", 0.3, "high", "lightgbm")
    assert (loud.risk_low, loud.risk_high, loud.risks) == (None, None, {})
    assert (gone.account_id, gone.status, gone.method) == ("c", "decided", None)
    (before,) = ranked(reading(first), "b0", by="risk", limit=9)
    assert before.method == "classifier"


def test_an_upgraded_store_takes_new_batches_and_refuses_what_a_new_one_refuses(first):
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
    publish(writing(first), batch, [row])
    assert one_account(reading(first), "b2", "a") == row
    wrong = row.model_copy(update={"risk_low": 0.45})
    with pytest.raises(StoreError, match="CHECK"):
        publish(writing(first), batch.model_copy(update={"batch_id": "b3"}), [wrong])


def test_an_upgraded_store_has_the_columns_of_a_new_one(first, tmp_path):
    writing(first)
    writing(tmp_path / "new.db")
    columns = "SELECT name, type, \"notnull\" FROM pragma_table_info('risk')"
    assert asked(first, columns) == asked(tmp_path / "new.db", columns)


def test_a_store_of_the_second_version_gains_what_came_after_it(first):
    with closing(sqlite3.connect(first)) as connection:
        for column in ("risk_low REAL", "risk_high REAL", "risks TEXT", "method TEXT"):
            connection.execute(f"ALTER TABLE risk ADD COLUMN {column}")
        connection.execute("UPDATE risk SET method = 'blend', risks = '{\"90\": 0.3}'")
        connection.execute("UPDATE forewarn_schema SET version = 2")
        connection.commit()
    (loud, _) = ranked(reading(first), "b1", by="risk", limit=9)
    assert (loud.method, loud.risks, loud.causes) == ("blend", {90: 0.3}, {})
    assert asked(first, "SELECT version FROM forewarn_schema") == [(4,)]


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(first, monkeypatch):
    def fail(*_: object) -> None:
        raise RuntimeError("no power")

    before = shutil.copy(first, first.with_suffix(".copy"))
    monkeypatch.setattr("serving.upgrade.update", fail)
    with pytest.raises(RuntimeError, match="no power"):
        reading(first)
    for query in ("SELECT * FROM risk", "SELECT * FROM forewarn_schema"):
        assert asked(first, query) == asked(before, query)
