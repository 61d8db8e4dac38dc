"""Revenue at risk is added up in the store: no row of an account is read for it."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Engine, event, update

from data.workspace import Workspace
from serving import portfolio
from serving.database import reading, transaction, writing
from serving.indicators.stored import Group, group_text
from serving.published import Published
from serving.records import AccountRisk, Band
from serving.store import publish
from serving.tables_practice import SCORECARD
from tests.published import a_batch
from tests.serving.written.conftest import Client

AS_OF = date(2025, 12, 31)
# Segment, band and yearly revenue; those without a band have given notice.
ROWS: dict[str, tuple[str | None, Band | None, float | None]] = {
    "ant": ("small", "high", 100.1),
    "bee": ("small", "low", 300.2),
    "cat": (None, "high", 1000.0),
    "dog": ("small", "high", None),
    "elk": ("small", None, 500.0),
}


@pytest.fixture
def store(address):
    rows = [
        AccountRisk(
            account_id=name,
            status="decided" if band is None else "scored",
            risk=None if band is None else 0.5,
            band=band,
            segment=segment,
            arr=arr,
            coverage=1,
        )
        for name, (segment, band, arr) in ROWS.items()
    ]
    nothing = group_text(Group(figures=(), levels={}, fewest=3))
    cards = {"": nothing, "small": nothing}
    publish(writing(address), a_batch("b1", AS_OF, len(rows)), rows, cards)
    return address


@pytest.mark.parametrize(
    ("segment", "high", "arr", "accounts"),
    [(None, 1100.1, 1400.3, 3), ("small", 100.1, 400.3, 2), ("huge", 0, 0, 0)],
)
def test_who_has_a_risk_and_a_known_revenue_counts(store, segment, high, arr, accounts):
    assert portfolio.at_risk(reading(store), "b1", segment) == (high, arr, accounts)


def test_a_scorecard_reads_no_accounts(store, tmp_path, monkeypatch):
    def every(*_: object) -> None:
        raise AssertionError("all accounts of the batch were read")

    monkeypatch.setattr(Published, "every", every)
    client = Client(Workspace(tmp_path, store_url=store if isinstance(store, str) else None))
    asked: list[str] = []

    def noted(_connection: object, _cursor: object, words: str, *_: object) -> None:
        asked.append(words.lower())

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        for path in ("/v1/scorecard", "/v1/scorecard?segment=small", "/scorecard"):
            assert client.get(path).status_code == 200
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    of_risks = [words for words in asked if "from risk" in words]
    assert len(of_risks) == 3
    assert all("sum(" in words for words in of_risks)  # one row each


def test_a_scorecard_of_one_segment_reads_that_of_no_other(store, tmp_path):
    with transaction(writing(store)) as connection:
        others = SCORECARD.c.segment != "small"
        connection.execute(update(SCORECARD).where(others).values(body="{"))  # no JSON
    client = Client(Workspace(tmp_path, store_url=store if isinstance(store, str) else None))
    for path in ("/v1/scorecard?segment=small", "/scorecard?segment=small"):
        assert client.get(path).status_code == 200
    assert client.get("/v1/scorecard?segment=none%00").status_code in (404, 422)
