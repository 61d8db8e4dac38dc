"""A table that was parted by moment comes back whole, a few accounts at a time."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.parts import Parts

SCHEMA = pa.schema([("account_id", pa.string()), ("as_of", pa.date32()), ("uses", pa.float64())])


def _written(folder, rows):
    for i, (account_id, as_of, uses) in enumerate(rows):
        part = folder / f"as_of={as_of}"
        part.mkdir(parents=True, exist_ok=True)
        table = pa.table({"account_id": [account_id], "uses": pa.array([uses], pa.float64())})
        pq.write_table(table, part / f"part-{i}.parquet")
    return folder


def test_pieces_hold_whole_accounts_in_order_and_can_be_read_again(tmp_path):
    rows = [
        *(("c", "2024-02-01", 6.0), ("a", "2024-01-01", 1.0), ("b", "2024-02-01", None)),
        *(("é", "2024-01-01", 7.0), ("a", "2024-02-01", 2.0), ("c", "2024-01-01", 5.0)),
    ]
    table = Parts(_written(tmp_path, rows), SCHEMA, accounts=2)
    for _ in range(2):
        first, second = table
        assert list(first["account_id"]) == ["a", "a", "b"]
        assert list(second["account_id"]) == ["c", "c", "é"]
        assert list(first["as_of"]) == [
            pd.Timestamp(d) for d in ("2024-01-01", "2024-02-01", "2024-02-01")
        ]
        assert second["uses"].tolist() == [5.0, 6.0, 7.0]
        assert first["uses"].isna().tolist() == [False, False, True]


def test_a_table_without_rows_is_one_empty_piece_with_its_columns(tmp_path):
    (empty,) = Parts(tmp_path, SCHEMA)
    assert list(empty) == ["account_id", "as_of", "uses"]
    assert empty.empty
    assert empty["as_of"].dtype == "datetime64[us]"
