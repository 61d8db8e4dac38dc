"""Past accounts that the same things moved, and what became of them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from serving.database import reading
from serving.score import score
from serving.store import current_batch, one_account
from training.config import Config


def test_past_accounts_like_it_are_named_with_what_became_of_them(workspace, crown, forewarn):
    past = pd.DataFrame(
        [
            ("fox", 20.0, 0.36, 0.02),
            ("yak", np.nan, 0.30, 0.00),
            ("bee", 10.0, 0.38, 0.02),
            ("owl", np.nan, -0.20, 0.00),
        ],
        columns=["account_id", "left_after", "silence", "engagement"],
    )
    past.insert(1, "as_of", pd.Timestamp("2024-12-11"))
    crown(twins=past)
    score(workspace, Config(), as_of=date(2025, 7, 1))
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, "bee")
    assert row is not None
    assert row.explanation is not None
    fox, yak = row.explanation.twins
    assert (fox.account_id, fox.name, fox.left_on) == ("fox", "Fox", date(2024, 12, 31))
    assert fox.families == ("silence",)
    assert fox.sentence == (
        "Fox (fox) on 2024-12-11 was like it in silence, and left on 2024-12-31."
    )
    assert (yak.name, yak.left_on) == (None, None)
    assert (
        yak.sentence
    ) == "yak on 2024-12-11 was like it in silence, and was still a customer 90 days later."
    assert fox.sentence in " ".join(forewarn("explain", "bee")[1].split())


def test_a_model_without_a_past_has_no_twins(workspace, crown):
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, "bee")
    assert row is not None
    assert row.explanation is not None
    assert row.explanation.twins == ()
