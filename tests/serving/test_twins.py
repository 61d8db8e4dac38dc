"""Past accounts that the same things moved, and what became of them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from data.land import land
from data.workspace import Workspace
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
        "Fox (fox) on Dec 11, 2024 was like it in silence, and left on Dec 31, 2024."
    )
    assert (yak.name, yak.left_on) == (None, None)
    assert (
        yak.sentence
    ) == "yak on Dec 11, 2024 was like it in silence, and was still a customer 90 days later."
    assert fox.sentence in " ".join(forewarn("explain", "bee")[1].split())


def test_a_model_without_a_past_has_no_twins(workspace, crown):
    crown()
    score(workspace, Config(), as_of=date(2025, 7, 1))
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, "bee")
    assert row is not None
    assert row.explanation is not None
    assert row.explanation.twins == ()


def told_of(workspace, account: str = "bee"):
    store = reading(workspace.store)
    row = one_account(store, current_batch(store).batch_id, account)
    assert row is not None
    assert row.explanation is not None
    return row.explanation.twins


def past_of(*rows: tuple[str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["account_id", "as_of", "left_after"])
    return table.assign(as_of=pd.to_datetime(table["as_of"]), silence=0.36, engagement=0.0)


def test_nothing_is_told_that_was_not_known_at_the_moment(workspace, crown):
    """A window of 90 days and 30 of grace closes by the first of July only for the first."""
    crown(twins=past_of(("fox", "2025-03-01", 20), ("yak", "2025-03-05", np.nan)))
    score(workspace, Config(), as_of=date(2025, 7, 1))
    assert [twin.account_id for twin in told_of(workspace)] == ["fox"]


def test_who_left_and_is_a_customer_again_is_said_to_be_back(workspace, crown):
    crown(twins=past_of(("elk", "2023-11-01", 60)))
    score(workspace, Config(), as_of=date(2025, 7, 1))
    (twin,) = told_of(workspace)
    assert (twin.became, twin.left_on) == ("back", date(2023, 12, 31))
    assert twin.sentence.endswith("left on Dec 31, 2023, and has come back since.")


def test_a_name_is_the_one_known_at_the_moment(company, tmp_path, crown):
    folder = company(tmp_path / "company")
    with (folder / "account_changes.csv").open("a") as file:
        file.write("fox,name,Vixen,2025-06-01\nfox,name,Later,2025-08-01\n")
    workspace = Workspace(tmp_path / "workspace")
    land(str(folder), workspace)
    crown(twins=past_of(("fox", "2024-12-11", 20)))
    score(workspace, Config(), as_of=date(2025, 7, 1))
    assert told_of(workspace)[0].name == "Vixen"
