"""What sets an account apart from healthy accounts like it."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from serving.database import reading
from serving.score import score
from serving.store import current_batch, one_account
from training.config import Config


def peers_of(workspace, account: str):
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, account)
    assert row is not None
    assert row.explanation is not None
    return row, row.explanation.peers


def test_the_gaps_add_up_from_the_peers_risk(workspace, crown, forewarn):
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    row, peers = peers_of(workspace, "bee")
    # Sixty small accounts, heard five days ago: .1 + .01, less .02 for being heard so lately.
    assert (peers.n, peers.traits) == (60, ("segment",))
    assert peers.risk == pytest.approx(0.09)
    assert peers.risk + sum(gap.points for gap in peers.gaps) == pytest.approx(row.risk, abs=1e-9)
    assert peers.risk_shown + sum(gap.shown for gap in peers.gaps) == 49
    assert [(gap.family, gap.shown) for gap in peers.gaps if gap.shown] == [("silence", 40)]
    assert (
        peers.sentence
        == "60 healthy accounts like it stand at 9%; what sets it apart: silence +40."
    )
    assert peers.sentence in " ".join(forewarn("explain", "bee")[1].split())


def test_accounts_whose_result_was_not_known_by_then_are_no_peers(workspace, crown):
    """The windows of the pool close 120 days after the first of June 2024."""
    crown()
    score(workspace, Config(), as_of=date(2024, 9, 28))
    assert peers_of(workspace, "bee")[1] is None
    score(workspace, Config(), as_of=date(2024, 9, 29))
    assert peers_of(workspace, "bee")[1] is not None


def test_without_known_healthy_accounts_nothing_is_compared(workspace, crown):
    crown(peers=pd.DataFrame())
    score(workspace, Config(), as_of=date(2025, 7, 1))
    row, peers = peers_of(workspace, "bee")
    assert peers is None
    assert all(driver.healthy is None for driver in row.explanation.drivers)
