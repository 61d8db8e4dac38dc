"""The table for people holds every piece of the build, in one file."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from features.build import pieces
from serving.feature_table import write_features
from training.config import Config

AS_OF = date(2025, 7, 1)


def test_a_table_built_in_pieces_is_the_same_file(workspace, monkeypatch):
    whole = write_features(workspace, Config(), AS_OF)
    frame = pd.read_parquet(whole.path)

    def two(*arguments, **keywords):
        (table,) = pieces(*arguments, **keywords)
        return [table.iloc[:2], table.iloc[2:]]

    monkeypatch.setattr("serving.feature_table.pieces", two)
    parted = write_features(workspace, Config(), AS_OF)
    pd.testing.assert_frame_equal(pd.read_parquet(parted.path), frame)
    assert (parted.rows, parted.snapshots) == (whole.rows, 1) == (len(frame), 1)
    assert parted.coverage == pytest.approx(frame["coverage"].mean())
