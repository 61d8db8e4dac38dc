import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from data.engine import Engine, SqlError, identifier, literal, why_no_query
from data.errors import BadInputError, ResourceError


@pytest.fixture
def engine(tmp_path):
    (tmp_path / "in").mkdir()
    with Engine([tmp_path / "in"], spill=tmp_path / "spill") as opened:
        yield opened


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('{outside}/x.csv')",
        "COPY (SELECT 1) TO '{outside}/y.csv'",
        "ATTACH '{outside}/z.duckdb'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '99GB'",
    ],
)
def test_engine_reaches_nothing_outside_its_folders(engine, tmp_path, sql):
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(SqlError):
        engine.run(sql.format(outside=tmp_path))


def test_written_file_is_whole_or_absent(engine, tmp_path):
    path = tmp_path / "in" / "x.parquet"
    with pytest.raises(SqlError):
        engine.write("SELECT error('stop') FROM range(10)", path)
    assert not list(path.parent.iterdir())
    engine.write("SELECT 1 AS a", path)
    assert pd.read_parquet(path)["a"].tolist() == [1]


def test_stream_of_batches_is_written_as_a_query_sees_it(engine, tmp_path):
    batches = [pa.record_batch({"a": [1, 2]}), pa.record_batch({"a": [3]})]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    path = tmp_path / "in" / "x.parquet"
    engine.stream("SELECT a * 10 AS b FROM numbers", path, name="numbers", batches=reader)
    assert sorted(pd.read_parquet(path)["b"]) == [10, 20, 30]


def test_attached_file_is_readable_and_never_writable(tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE t AS SELECT 7 AS a")
    with Engine([], spill=tmp_path / "spill", attach=path) as engine:
        assert engine.run("SELECT a FROM source.t") == [(7,)]
        with pytest.raises(SqlError, match="read-only"):
            engine.run("INSERT INTO source.t VALUES (8)")


def test_what_does_not_fit_in_memory_goes_to_disk_and_is_said(tmp_path, caplog, monkeypatch):
    sums = (
        "SELECT sum(n) FROM (SELECT range % 1500000 AS k, count(*) AS n FROM range({}) GROUP BY 1)"
    )
    with Engine([], spill=tmp_path / "spill") as engine:
        assert engine.run(sums.format(3_000_000)) == [(3_000_000,)]
    assert caplog.messages == []
    monkeypatch.setenv("FOREWARN_MEMORY", "60MB")
    with Engine([], spill=tmp_path / "spill") as engine:
        assert engine.run(sums.format(3_000_000)) == [(3_000_000,)]
    assert caplog.messages == ["memory: 60MB was not enough; went on more slowly, on disk"]
    assert not list((tmp_path / "spill").iterdir())


def test_what_cannot_go_on_even_so_is_one_line(tmp_path):
    with Engine([], spill=tmp_path / "spill", memory="20MB") as engine:
        with pytest.raises(
            ResourceError, match=r"within 20MB .* set FOREWARN_MEMORY=8GB"
        ) as caught:
            engine.run("SELECT list(range) FROM range(100000000)")
        assert "\n" not in str(caught.value)
        assert engine.run("SELECT 1") == [(1,)]


def test_a_memory_that_is_no_size_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("FOREWARN_MEMORY", "much")
    with pytest.raises(BadInputError, match="FOREWARN_MEMORY: expected a size such as 8GB"):
        Engine([], spill=tmp_path)


def test_times_without_zone_are_utc(engine):
    assert engine.run(
        "SELECT timezone('UTC', '2025-01-01T05:00:00+05:30'::TIMESTAMPTZ)::VARCHAR"
    ) == [("2024-12-31 23:30:00",)]


def test_quotes_in_names_and_values_stay_inside(engine):
    engine.table("t", pd.DataFrame({'a"b': ["it's"]}))
    name, value = identifier('a"b'), literal("it's")
    rows = engine.run(f"SELECT {name} FROM t WHERE {name} = {value}")
    assert rows == [("it's",)]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT 1", None),
        ("WITH a AS (SELECT 1) SELECT * FROM a", None),
        ("SELECT 1; SELECT 2", "SELECT and SELECT"),
        ("DROP TABLE x", "DROP"),
        ("", "nothing"),
        ("SELECT FROM WHERE", "Parser Error"),
    ],
)
def test_only_one_select_is_a_query(sql, why):
    found = why_no_query(sql)
    assert found is None if why is None else why in str(found)
