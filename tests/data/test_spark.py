"""SQL in DuckDB's dialect means the same in Spark; what Spark lacks is said in one line."""

from __future__ import annotations

import os

import pandas as pd
import pyarrow.parquet as pq
import pytest

from data.engine import Engine
from data.errors import MissingError
from data.spark import SparkEngine

SAME = (
    "SELECT date_diff('second', TIMESTAMP '2023-12-31 23:59:59.9', TIMESTAMP '2024-01-01')",
    "SELECT date_diff('day', TIMESTAMP '2024-01-01 23:00:00', TIMESTAMP '2024-01-02 01:00:00')",
    "SELECT date_diff('day', DATE '1970-01-01', CAST(TIMESTAMP '2024-03-31 02:30:00' AS DATE))",
    "SELECT TIMESTAMP '2024-03-31 12:00:00' - INTERVAL 365 DAY",
    "SELECT 7 / 2, greatest(NULL, 1), least(2, NULL), 'a' || NULL",
    "SELECT median(x) FROM (VALUES (1), (2), (4), (10), (NULL)) t(x)",
    "SELECT x, row_number() OVER (ORDER BY x) FROM (VALUES (2), (NULL), (1)) t(x) ORDER BY x",
    """
    SELECT min(x) OVER (ORDER BY y DESC RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS m
    FROM (VALUES (1, 1), (2, 2), (0, 2), (5, 3)) t(x, y) ORDER BY m, x""",
    "SELECT t.* EXCLUDE (x) FROM (SELECT 1 AS x, 2 AS y) t",
)


def test_a_missing_extra_or_java_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("data.spark.find_spec", lambda _name: None)
    with pytest.raises(MissingError, match=r"^engine spark: .*pip install 'forewarn\[spark\]'$"):
        SparkEngine(spill=tmp_path)
    monkeypatch.setattr("data.spark.find_spec", lambda _name: True)
    monkeypatch.setenv("PATH", "")
    for home, java in (("", "java"), ("/nowhere", "/nowhere/bin/java")):
        monkeypatch.setenv("JAVA_HOME", home)
        with pytest.raises(MissingError, match=f"^engine spark: .* got no `{java}`; install .*$"):
            SparkEngine(spill=tmp_path)


@pytest.mark.spark
@pytest.mark.usefixtures("spark")
class TestSpark:
    def test_the_same_text_gives_the_same_rows(self, tmp_path):
        with Engine([], spill=tmp_path) as here, SparkEngine(spill=tmp_path) as there:
            for sql in SAME:
                assert there.run(sql) == here.run(sql), sql

    def test_what_cannot_be_computed_fails_aloud(self, tmp_path):
        with SparkEngine(spill=tmp_path) as sql, pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
            sql.run("SELECT 1 / x FROM (VALUES (0)) t(x)")

    def test_tables_are_kept_beside_and_gone_with_the_engine(self, tmp_path):
        with SparkEngine(spill=tmp_path) as sql:
            moment = pd.Timestamp("2024-03-31 02:30:00.000001")
            sql.table("given", pd.DataFrame({"id": ["a", "b"], "at": [moment, pd.NaT]}))
            sql.run("CREATE TABLE made AS SELECT id, at FROM given WHERE id = 'a'")
            sql.run("CREATE OR REPLACE VIEW seen AS SELECT * FROM made")
            assert sql.run("SELECT * FROM seen") == [("a", moment.to_pydatetime())]
            assert sql.frame("SELECT * FROM seen")["at"].tolist() == [moment]
            inside = [p for p in tmp_path.rglob("*.parquet") if p.suffix]
            assert inside
            with SparkEngine(spill=tmp_path) as other, pytest.raises(Exception, match="NOT_FOUND"):
                other.run("SELECT * FROM made")
        assert not list(tmp_path.rglob("*.parquet"))

    def test_parts_are_sorted_files_below_a_folder_for_each_value(self, tmp_path):
        with SparkEngine(spill=tmp_path / "spill") as sql:
            sql.table("given", pd.DataFrame({"id": list("cabd"), "on": [1, 1, 2, 2]}))
            out = tmp_path / "out"
            sql.write_parts("SELECT * FROM given", out, by="on", order="id")
        assert sorted(p.name for p in out.iterdir()) == ["on=1", "on=2"]
        files = sorted((out / "on=1").glob("*.parquet"))
        assert [
            i for f in files for i in pq.read_table(f, partitioning=None)["id"].to_pylist()
        ] == [
            "a",
            "c",
        ]

    def test_it_listens_on_loopback_only(self, tmp_path):
        with SparkEngine(spill=tmp_path) as sql:
            settings = {k: sql.run(f"SET {k}")[0][1] for k in ("spark.driver.host",)}
        assert os.environ["SPARK_LOCAL_IP"] == "127.0.0.1"
        assert settings["spark.driver.host"] in ("localhost", "127.0.0.1")
