import pandas as pd
import psycopg
import pytest
from psycopg import sql

from data.errors import BadInputError
from data.land import land
from data.postgres import connected

SECRET = "s3cret-word"  # noqa: S105  # of a throw-away server


@pytest.fixture
def database(postgres_url, request):
    """A fresh database of the private server, its URL, and a connection to fill it."""
    name = f"t{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    url = postgres_url.replace("/postgres?", f"/{name}?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET TimeZone TO 'America/New_York'")
        connection.execute(
            "CREATE TABLE accounts (account_id text, created_at timestamptz, name text);"
            "INSERT INTO accounts VALUES ('007', '2024-01-01 00:00-05', E'two\\nlines, \"é\"');"
            "CREATE TABLE usage_events "
            "(account_id text, occurred_at timestamp, feature text, quantity float8, n_users int);"
            "INSERT INTO usage_events VALUES ('007', '2024-02-01', 'x', 0.1, 3),"
            "('007', 'infinity', 'x', 1, 3), ('007', '2024-02-01', 'x', 'NaN', NULL);"
            "CREATE SCHEMA crm; CREATE TABLE crm.calls (who text, day timestamptz);"
            "INSERT INTO crm.calls VALUES ('007', '2024-03-01 12:00+00')"
        )
        yield url, connection


def test_tables_of_the_contract_are_landed_as_they_are(database, workspace, quarantine):
    report = land(database[0], workspace, max_bad=1)
    assert [(t.name, t.read, t.kept, t.quarantined) for t in report.tables] == [
        ("accounts", 1, 1, 0),
        ("usage_events", 3, 1, 2),
    ]
    assert report.ignored == ("crm.calls",)
    assert {
        (column, value, reason)
        for _, column, value, reason in quarantine(workspace, "usage_events")
    } == {
        ("occurred_at", "infinity", "not between 1990-01-01 and 2100-01-01"),
        ("quantity", "NaN", "not a finite number"),
    }


def test_values_come_through_unchanged_and_times_in_utc(database, workspace):
    land(database[0], workspace, max_bad=1)
    account = pd.read_parquet(workspace.lake / "accounts.parquet").iloc[0]
    assert account["account_id"] == "007"
    assert account["name"] == 'two\nlines, "é"'
    assert str(account["created_at"]) == "2024-01-01 05:00:00"
    event = pd.read_parquet(workspace.lake / "usage_events.parquet").iloc[0]
    assert (event["quantity"], event["n_users"]) == (0.1, 3)


def test_mapping_reaches_tables_of_other_schemas(database, workspace, tmp_path):
    mapping = tmp_path / "mapping.yml"
    mapping.write_text("""
tables:
  accounts: {from: accounts, columns: {account_id: account_id, created_at: created_at}}
  usage_events:
    query: >
      SELECT who AS account_id, day AS occurred_at, 'call' AS feature FROM "crm.calls"
""")
    report = land(database[0], workspace, mapping=mapping)
    assert report.tables[1].kept == 1
    assert str(report.data_until) == "2024-03-01 12:00:00"


def test_password_is_neither_printed_nor_stored(database, workspace):
    said: list[str] = []
    report = land(database[0], workspace, max_bad=1, say=said.append)
    told = "\n".join([*said, *report.lines(), str(report.to_dict()), repr(report)])
    assert SECRET not in told
    stored = [p.read_bytes() for p in workspace.root.rglob("*") if p.is_file()]
    assert stored
    assert not any(SECRET.encode() in content for content in stored)
    assert report.source.startswith("postgresql://forewarn@")


@pytest.mark.parametrize(
    ("part", "other"),
    [(SECRET, "wrong-word"), ("host=/", "host=/nowhere/"), ("/t", "/none")],
)
def test_database_that_lets_nobody_in_is_said_without_the_password(
    database, workspace, part, other
):
    with pytest.raises(BadInputError, match="expected a PostgreSQL database") as caught:
        land(database[0].replace(part, other, 1), workspace)
    assert SECRET not in str(caught.value)
    assert "wrong-word" not in str(caught.value)


def test_url_that_is_none_is_said_without_its_content(workspace):
    with pytest.raises(BadInputError, match="cannot read") as caught:
        land("postgresql://me:hush@[nowhere", workspace)
    assert "hush" not in str(caught.value)


def test_transaction_sees_one_moment_and_cannot_write(database, tmp_path):
    url, other = database
    with connected(url) as found:
        found.export("accounts", tmp_path / "first.csv")
        other.execute("INSERT INTO usage_events VALUES ('007', '2024-02-02', 'late', 1, 1)")
        found.export("usage_events", tmp_path / "second.csv")
        assert "late" not in (tmp_path / "second.csv").read_text()
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            found.connection.execute("DELETE FROM accounts")


def test_table_that_may_not_be_read_is_named(database, workspace):
    url, connection = database
    connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
    with pytest.raises(BadInputError, match=r"cannot read table accounts; permission denied"):
        land(url.replace("forewarn:" + SECRET, "guest:guest"), workspace)
