"""The benchmarks compare like with like: every rival gives the same features as forewarn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.pandas_loop import pandas_loop
from benchmarks.range_join import range_join
from benchmarks.stated import NAMES, ZERO
from data.churn import ChurnRule
from data.land import land
from data.synth.company import simulate, write
from data.workspace import Workspace
from features.build import build

FOLDER = Path(__file__).parent.parent / "benchmarks"
AS_OF = [pd.Timestamp(d) for d in ("2025-08-01", "2025-09-01", "2025-12-01")]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    write(folder / "company", simulate(accounts=60, seed=2, years=2.0))
    workspace = Workspace(folder / "workspace")
    land(str(folder / "company"), workspace)
    return workspace


@pytest.mark.parametrize("rival", [range_join, pandas_loop])
def test_a_rival_computes_the_same_values(workspace, rival):
    assert len(set(NAMES)) >= 40
    ours = build(workspace, AS_OF, rule=ChurnRule()).set_index(["account_id", "as_of"])
    theirs = rival(workspace, AS_OF).reindex(ours.index)
    for name in NAMES:
        got, want = ours[name], theirs[name]
        if name in ZERO:
            # A rival counts nothing where forewarn knows nothing of the account at all.
            got, want = got.fillna(0), want.fillna(0)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.slow
def test_the_feature_benchmark_runs_and_prints_its_table():
    done = subprocess.run(
        [sys.executable, str(FOLDER / "features.py"), "--events", "60000"],
        capture_output=True,
        text=True,
        check=True,
    )
    features, ratios = done.stdout.count(" features"), done.stdout.count("CPU of ")
    assert "60,000 usage events, 24 monthly snapshots" in done.stdout
    assert features >= 1
    assert ratios == 5
