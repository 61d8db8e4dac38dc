from pathlib import Path

import pytest

from data.churn import ChurnRule
from data.errors import BadInputError
from data.mapping import load_mapping

TABLES = """
tables:
  accounts:
    query: SELECT who AS account_id, min(day) AS created_at FROM log GROUP BY who
  usage_events:
    from: log.csv
    where: what <> 'noise'
    columns:
      account_id: who
      occurred_at: {sql: "CAST(day AS DATE) + 1"}
      feature: what
      quantity: {value: 2}
"""
LOG = "who,day,what\na1,2024-02-01,x\na1,2024-02-02,noise\na2,2024-02-03,y\n"


def load(tmp_path, text):
    path = tmp_path / "mapping.yml"
    path.write_text(text)
    return load_mapping(path)


def test_tables_are_filled_by_column_constant_expression_where_and_query(landing):
    landed = landing({"log.csv": LOG}, mapping=TABLES)
    assert landed.column("accounts", "account_id") == ["a1", "a2"]
    assert landed.column("usage_events", "account_id") == ["a1", "a2"]
    assert landed.column("usage_events", "occurred_at") == [
        "2024-02-02 00:00:00",
        "2024-02-04 00:00:00",
    ]
    assert landed.column("usage_events", "quantity") == ["2.0", "2.0"]
    assert landed.counts("usage_events") == (2, 2, 0, 0)


def test_lines_of_a_mapped_file_are_those_of_the_file(landing):
    landed = landing({"log.csv": LOG + "a2,2024-02-04,\n"}, mapping=TABLES)
    assert landed.bad("usage_events") == [(5, "feature", "", "missing")]


def test_broken_records_of_a_file_count_wherever_the_file_is_used(landing):
    landed = landing({"log.csv": LOG + "a2,2024-02-04\n"}, mapping=TABLES)
    reason = "log.csv: expected 3 fields, got 2"
    assert landed.bad("accounts") == [(5, "", "a2,2024-02-04", reason)]
    assert landed.bad("usage_events") == [(5, "", "a2,2024-02-04", reason)]
    assert landed.counts("accounts") == (3, 2, 0, 1)


def test_churn_and_last_day_of_data_are_declared(landing):
    head = "churn: {kind: silence, of: usage_events, days: 90}\ndata_until: 2024-03-01\n"
    manifest = landing({"log.csv": LOG}, mapping=head + TABLES).workspace.manifest()
    assert manifest["data_until"] == "2024-03-01T00:00:00"
    assert manifest["churn"] == {
        "kind": "silence",
        "of": "usage_events",
        "days": 90,
        "min_events": 1,
        "active_days": 180,
    }


def test_absent_settings_take_their_defaults(tmp_path):
    mapping = load(tmp_path, TABLES)
    assert (mapping.churn, mapping.data_until, mapping.timezone) == (None, None, "UTC")
    assert load(tmp_path, "churn: {kind: contract}\n" + TABLES).churn == ChurnRule()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("tables:", "table:", r"unknown key in mapping.yml 'table'; did you mean 'tables'\?"),
        ("  accounts:", "  acounts:", r"unknown table .*'acounts'; did you mean 'accounts'\?"),
        ("quantity:", "quantty:", r"column of usage_events 'quantty'; did you mean 'quantity'\?"),
        ("from:", "form:", r"unknown key of table usage_events 'form'; did you mean 'from'\?"),
        ("value: 2", "valeu: 2", r"'valeu'; did you mean 'value'\?"),
        ("feature: what", "feature: [what]", r"usage_events.feature: expected a source column"),
        ("what <> 'noise'", "what <>", r"usage_events.where: expected a DuckDB expression"),
        ("what <> 'noise'", "1) ; DROP TABLE x; SELECT (1", r"expected a DuckDB expression"),
        ("CAST(day AS DATE) + 1", "CAST(day", r"usage_events.occurred_at: expected a DuckDB"),
        ("SELECT who", "DELETE who", r"accounts.query: expected one SELECT statement"),
        (
            "GROUP BY who",
            "GROUP BY who; SELECT 1",
            r"accounts.query: expected one SELECT statement",
        ),
        (
            "GROUP BY who\n",
            "GROUP BY who\n    where: 1 = 1\n",
            r"expected `query:` alone; got also \['wh",
        ),
        ("    from: log.csv\n", "", r"usage_events: expected `from:`"),
        ("tables:", "data_until: soon\ntables:", r"data_until: expected a date; got 'soon'"),
        ("tables:", "data_until: 5\ntables:", r"data_until: expected a date; got 5"),
        ("tables:", "churn: yes\ntables:", r"expected churn to be keys with values; got True"),
        ("tables:", "churn: {kind: no}\ntables:", r"churn.kind: expected contract or silence"),
        ("tables:", "tables: [", r"expected a YAML mapping file"),
    ],
)
def test_slips_are_named(tmp_path, before, after, message):
    assert before in TABLES
    with pytest.raises(BadInputError, match=message):
        load(tmp_path, TABLES.replace(before, after, 1))


@pytest.mark.parametrize("text", ["", "tables: {}", "- a"])
def test_mapping_that_maps_nothing_is_refused(tmp_path, text):
    with pytest.raises(BadInputError, match=r"mapping.yml: expected"):
        load(tmp_path, text)


def test_missing_mapping_file_is_said(tmp_path):
    with pytest.raises(BadInputError, match="no mapping file"):
        load_mapping(tmp_path / "none.yml")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("log.csv", "logs.csv", r"unknown table of .* 'logs'; did you mean 'log'\?"),
        ("feature: what", "feature: waht", r"column of log.csv 'waht'; did you mean 'what'\?"),
        ("what <> 'noise'", "waht <> 'noise'", r"usage_events: cannot be read; .*waht"),
        ("AS account_id", "AS acount_id", r"'acount_id'; did you mean 'account_id'\?"),
        ("who AS account_id", "who AS name", r"the query of accounts: .*missing account_id"),
        ("FROM log ", "FROM logg ", r"accounts: cannot be read; .*logg"),
        ("CAST(day AS DATE) + 1", "CAST(what AS DATE)", r"usage_events: cannot be read; "),
        ("tables:", "timezone: Mars/Base\ntables:", r"timezone: expected a name such as Europe/"),
        ("tables:", "churn: {kind: contract}\ntables:", r"missing subscriptions"),
        ("tables:", "churn: {kind: silence, of: tickets}\ntables:", r"missing tickets"),
    ],
)
def test_slips_that_only_the_source_shows_are_named(landing, before, after, message):
    assert before in TABLES
    with pytest.raises(BadInputError, match=message):
        landing({"log.csv": LOG}, mapping=TABLES.replace(before, after, 1))


@pytest.mark.parametrize("query", ["read_text('/etc/hostname')", "read_csv('{outside}')"])
def test_sql_of_a_mapping_reaches_nothing_outside(landing, tmp_path, query):
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    text = TABLES.replace("FROM log ", f"FROM log, {query.format(outside=outside)} ")
    with pytest.raises(BadInputError, match="disabled by configuration"):
        landing({"log.csv": LOG}, mapping=text)


def test_every_shipped_mapping_is_valid():
    shipped = Path(__file__).parents[2] / "data" / "mappings"
    found = [load_mapping(path) for path in shipped.glob("*.yml")]
    assert len(found) >= 3
    assert all(mapping.churn for mapping in found)
