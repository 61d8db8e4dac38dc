"""The rows of an account: where they are wrong, and which of them count."""

from __future__ import annotations

from typing import Any

import pytest

from data.contract import BY_NAME
from serving.ondemand.reading import MOST_MISFITS, Misfit, read

TERM = {"subscription_id": "s1", "started_at": "2025-01-01", "mrr": 100}
ANT: dict[str, Any] = {"account_id": "ant", "created_at": "2023-01-01"}


def places(sent: dict[str, Any]) -> dict[str, str]:
    account = read({**ANT, **sent})
    assert not account.misfits or not account.rows
    return {misfit.place: misfit.expected for misfit in account.misfits}


@pytest.mark.parametrize(
    ("sent", "place", "expected"),
    [
        ({"created_at": None}, "created_at", "a value"),
        ({"created_at": "soon"}, "created_at", "a time such as"),
        ({"vip": True}, "other", "no columns but account_id, created_at"),
        ({"subscriptions": TERM}, "subscriptions", "a list of rows"),
        ({"subscriptions": [TERM, 5]}, "subscriptions.1", "an object"),
        ({"subscriptions": [{**TERM, "mrr": "a lot"}]}, "subscriptions.0.mrr", "a number"),
        ({"subscriptions": [{**TERM, "mrr": -1}]}, "subscriptions.0.mrr", "at least 0"),
        ({"subscriptions": [{**TERM, "age": 1}]}, "subscriptions.0.other", "no columns but"),
        (
            {"subscriptions": [{**TERM, "account_id": "bee"}]},
            "subscriptions.0.account_id",
            "the id",
        ),
        (
            {"subscriptions": [TERM, {**TERM, "ended_at": "2024-12-31"}]},
            "subscriptions.1.ended_at",
            "no time before started_at",
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_place(sent, place, expected):
    found = places(sent)
    assert list(found) == [place]
    assert found[place].startswith(f"expected {expected}")


def test_every_place_is_named_up_to_a_number():
    found = places({"subscriptions": [{"mrr": "x"}, {"started_at": 1}], "contacts": [{}]})
    assert {"subscriptions.0.mrr", "subscriptions.0.started_at", "subscriptions.1.mrr"} < set(found)
    assert "contacts.0.contact_id" in found
    many = read({**ANT, "subscriptions": [{}] * 100})
    assert len(many.misfits) == MOST_MISFITS
    assert many.misfits[0] == Misfit("subscriptions.0.subscription_id", "expected a value")


def test_rows_stand_in_the_order_of_the_contract_with_the_id_of_their_account():
    table = BY_NAME["subscriptions"]
    (row,) = read({**ANT, "subscriptions": [TERM], "contacts": None}).rows["subscriptions"]
    values = dict(zip(table.names, row, strict=True))
    assert values["account_id"] == "ant"
    assert values["mrr"] == 100.0
    assert values["ended_at"] is None
    assert len(row) == len(table.names)


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([{"mrr": 1}, {"mrr": 2}], [2]),
        ([{"mrr": 1, "known_at": "2025-03-01"}, {"mrr": 2, "known_at": "2025-02-01"}], [1]),
        ([{"mrr": 1, "known_at": "2025-03-01"}, {"mrr": 2}], [1]),
        ([{"mrr": 1}, {"mrr": 2, "subscription_id": "s2"}], [1, 2]),
        ([{"mrr": 1}, {"mrr": 1}], [1]),
    ],
)
def test_of_rows_with_one_key_the_newest_counts(rows, kept):
    place = BY_NAME["subscriptions"].names.index("mrr")
    found = read({**ANT, "subscriptions": [{**TERM, **row} for row in rows]})
    assert [row[place] for row in found.rows["subscriptions"]] == kept


def test_events_have_no_key_and_each_counts():
    event = {"occurred_at": "2025-01-01", "feature": "export"}
    assert len(read({**ANT, "usage_events": [event] * 3}).rows["usage_events"]) == 3
