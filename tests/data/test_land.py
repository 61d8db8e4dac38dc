import json
import os

import duckdb
import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from data.column import SQL_TYPES
from data.contract import ACTIVITY, BY_NAME
from data.errors import BadInputError, ForewarnError
from data.files import sha256
from data.land import land
from data.workspace import Workspace

ACCOUNTS = "account_id,created_at\na1,2024-01-01\n"


def test_landed_table_has_every_contract_column_in_its_type(landing):
    landed = landing()
    table = BY_NAME["usage_events"]
    path = landed.workspace.lake / "usage_events.parquet"
    found = duckdb.connect().execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()
    assert [(name, kind) for name, kind, *_ in found] == [
        (column.name, SQL_TYPES[column.kind]) for column in table.columns
    ]


def test_known_at_is_the_time_of_the_row_where_the_source_has_none(landing):
    files = {
        "tickets.csv": "ticket_id,account_id,opened_at,known_at\n"
        "t1,a1,2024-02-01,2024-02-03\nt2,a1,2024-02-02,\n"
    }
    landed = landing(files)
    assert landed.column("tickets", "known_at") == ["2024-02-03 00:00:00", "2024-02-02 00:00:00"]
    assert landed.column("usage_events", "known_at") == ["2024-02-01 00:00:00"]
    manifest = landed.workspace.manifest()
    assert manifest["tables"]["tickets"]["known_at"] == "source"
    assert manifest["tables"]["usage_events"]["known_at"] == "occurred_at"


def test_manifest_describes_the_lake(landing):
    landed = landing()
    manifest = landed.workspace.manifest()
    assert manifest["version"] == 4
    assert manifest["churn"] is None
    assert manifest["data_until"] == "2024-02-01T00:00:00"
    assert manifest["tables"]["accounts"] == {
        "rows": 2,
        "duplicate": 0,
        "quarantined": 0,
        "provided": ["account_id", "created_at"],
        "known_at": "created_at",
        "sha256": sha256(landed.workspace.lake / "accounts.parquet"),
    }


def test_same_source_gives_the_same_files(landing):
    rows = "".join(f"a{1 + i % 2},2024-02-{1 + i % 28:02d},f{i}\n" for i in range(5000))
    files = {"usage_events.csv": "account_id,occurred_at,feature\n" + rows}
    first = landing(files).workspace.manifest()
    assert landing(files).workspace.manifest() == first


def test_report_names_what_is_missing_ignored_and_absent(landing):
    landed = landing({"accounts.csv": ACCOUNTS.replace("\n", ",x\n"), "notes.csv": "a,b\n"})
    accounts = landed.report.tables[0]
    assert accounts.ignored == ("x",)
    assert accounts.missing == BY_NAME["accounts"].names[2:]
    assert "subscriptions" in landed.report.absent
    assert landed.report.ignored == ("notes",)
    text = "\n".join(landed.report.lines())
    assert "accounts: read 1 = kept 1 + duplicate 0 + quarantined 0" in text
    assert "usage_events: known_at not given, taken as occurred_at" in text
    assert json.loads(json.dumps(landed.report.to_dict()))["tables"][0]["read"] == 1


def test_progress_is_told(write, workspace):
    said: list[str] = []
    land(str(write()), workspace, say=said.append)
    assert said == ["reading accounts", "reading usage_events", "writing the lake"]


def test_too_many_bad_rows_leave_the_lake_alone_and_show_the_quarantine(
    landing, workspace, quarantine
):
    landing()
    before = workspace.manifest()
    with pytest.raises(BadInputError, match=r"usage_events: expected at most 1.0% bad rows; got 1"):
        landing({"usage_events.csv": "account_id,occurred_at,feature\na1,never,x\n"}, max_bad=0.01)
    assert workspace.manifest() == before
    assert quarantine(workspace, "usage_events") == [(2, "occurred_at", "never", "not a time")]


def test_bad_rows_up_to_the_limit_are_let_through(landing):
    lines = "a1,2024-02-01,x\n" * 99 + "a1,never,x\n"
    files = {"usage_events.csv": "account_id,occurred_at,feature\n" + lines}
    assert landing(files, max_bad=0.01).counts("usage_events") == (100, 99, 0, 1)


def test_a_later_load_replaces_lake_and_quarantine(landing, workspace, quarantine):
    landing({"tickets.csv": "ticket_id,account_id,opened_at\nt1,a1,never\n"})
    assert quarantine(workspace, "tickets")
    landing({"tickets.csv": "ticket_id,account_id,opened_at\nt1,a1,2024-02-01\n"})
    assert not quarantine(workspace, "tickets")
    assert not list(workspace.root.glob("*.tmp"))


def test_folder_without_known_tables_names_what_it_holds(tmp_path, workspace):
    (tmp_path / "customers.csv").write_text("id\n1\n")
    with pytest.raises(BadInputError, match=r"missing accounts; got customers; rename"):
        land(str(tmp_path), workspace)


def test_at_least_one_activity_table_is_required(tmp_path, workspace):
    (tmp_path / "accounts.csv").write_text(ACCOUNTS)
    with pytest.raises(BadInputError, match=f"missing one of {', '.join(ACTIVITY)}"):
        land(str(tmp_path), workspace)


def test_nothing_there_is_said(tmp_path, workspace):
    with pytest.raises(BadInputError, match="got nothing there"):
        land(str(tmp_path / "no"), workspace)


def test_one_table_in_two_files_is_refused(landing):
    with pytest.raises(BadInputError, match=r"accounts.csv and accounts.parquet"):
        landing({"accounts.parquet": b"x"})


def test_parquet_rows_are_numbered_and_checked_like_text(tmp_path, workspace, quarantine):
    pd.DataFrame(
        {"account_id": [1.0, 2.0], "created_at": pd.to_datetime(["2024-01-01"] * 2)}
    ).to_parquet(tmp_path / "accounts.parquet")
    pd.DataFrame(
        {
            "account_id": [1, 2, 1],
            "occurred_at": pd.to_datetime(["2024-02-01"] * 3).tz_localize("America/New_York"),
            "feature": ["x", "y", "nul\0"],
            "quantity": [1.5, float("inf"), 1.0],
            "n_users": [1.0, 2.0, 2.5],
        }
    ).to_parquet(tmp_path / "usage_events.parquet")
    report = land(str(tmp_path), workspace, max_bad=1)
    assert [(t.read, t.kept, t.quarantined) for t in report.tables] == [(2, 2, 0), (3, 1, 2)]
    assert quarantine(workspace, "usage_events") == [
        (2, "quantity", "inf", "not a finite number"),
        (3, "feature", "nul\0", "NUL byte"),
        (3, "n_users", "2.5", "not a whole number"),
    ]
    landed = pd.read_parquet(workspace.lake / "usage_events.parquet")
    assert list(landed.iloc[0][["account_id", "quantity"]]) == ["1", 1.5]
    assert landed["occurred_at"].astype(str).tolist() == ["2024-02-01 05:00:00"]


def test_duckdb_file_is_read_and_never_written(tmp_path, workspace):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE accounts AS SELECT 'a1' AS account_id, DATE '2024-01-01' AS created_at"
        )
        connection.execute("CREATE TABLE logins AS SELECT 'a1' AS who, DATE '2024-02-01' AS day")
        connection.execute(
            "CREATE VIEW usage_events AS "
            "SELECT who AS account_id, day AS occurred_at, 'x' AS feature FROM logins"
        )
    before = path.read_bytes()
    report = land(str(path), workspace)
    assert [(t.name, t.kept) for t in report.tables] == [("accounts", 1), ("usage_events", 1)]
    assert report.ignored == ("logins",)
    assert path.read_bytes() == before


def test_file_that_is_no_database_is_refused(tmp_path, workspace):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(BadInputError, match=r"notes.txt: expected a folder .* or a DuckDB file"):
        land(str(tmp_path / "notes.txt"), workspace)


def test_a_second_run_waits_its_turn(write, workspace):
    folder = str(write())
    with workspace.locked(), pytest.raises(ForewarnError, match=f"in use by process {os.getpid()}"):
        land(folder, workspace)


def test_events_of_unknown_accounts_alone_are_no_data(landing):
    with pytest.raises(BadInputError, match="1 rows of unknown accounts"):
        landing({"usage_events.csv": "account_id,occurred_at,feature\nzz,2024-02-01,x\n"})


CELLS = st.sampled_from(
    [
        "a1",
        "a2",
        "zz",
        "",
        "2024-02-01",
        "never",
        "1",
        "-1",
        "5.7",
        "inf",
        "é",
        'q"',
        '"x"',
        '"a\nb"',
        '"',
        '""',
        "\r",
        "\0",
        "x,y",
    ]
)
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=6).map(",".join), max_size=12)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=ROWS, tickets=ROWS)
def test_counts_add_up_whatever_the_rows(tmp_path_factory, quarantine, events, tickets):
    folder = tmp_path_factory.mktemp("dirty")
    workspace = Workspace(folder / "workspace")
    good = "a1,2024-02-01,x,1,1"
    (folder / "accounts.csv").write_text("account_id,created_at\na1,2024-01-01\na2,2024-01-01\n")
    (folder / "usage_events.csv").write_text(
        "\n".join(["account_id,occurred_at,feature,quantity,n_users", good, *events]), newline=""
    )
    (folder / "tickets.csv").write_text(
        "\n".join(["account_id,opened_at,ticket_id,csat", *tickets]), newline=""
    )
    report = land(str(folder), workspace, max_bad=1)
    for table in report.tables:
        assert table.read == table.kept + table.duplicate + table.quarantined
        assert len(pd.read_parquet(workspace.lake / f"{table.name}.parquet")) == table.kept
        lines = {line for line, *_ in quarantine(workspace, table.name)}
        assert len(lines) == table.quarantined
