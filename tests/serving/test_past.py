from __future__ import annotations

from datetime import date

import psycopg
import pytest

from data.workspace import Workspace
from serving.database import writing
from serving.past import Past
from serving.records import AccountRisk
from serving.store import publish
from tests.published import a_batch


def account(account_id: str, csm: str | None) -> AccountRisk:
    return AccountRisk(
        account_id=account_id, status="decided", csm=csm, name=None, coverage=1, summary=""
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def past(request, tmp_path) -> Past:
    """Two lists of one day and one of the week before it, on both databases."""
    workspace = Workspace(tmp_path)
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS past WITH (FORCE)")
            connection.execute("CREATE DATABASE past")
        workspace = Workspace(tmp_path, store_url=server.replace("/postgres?", "/past?"))
    store = writing(workspace.store)
    publish(store, a_batch("b1", date(2026, 1, 5), 2), [account("a", "dana"), account("gone", "x")])
    publish(store, a_batch("b2", date(2026, 1, 12), 1), [account("a", "eli")])
    publish(store, a_batch("b3", date(2026, 1, 12), 2), [account("a", "fay"), account("'b", None)])
    return Past(workspace.store)


def test_lists_are_the_last_of_each_day_newest_first(past):
    newest = past.lists(limit=9)
    assert [one.as_of.day for one in newest] == [12, 5]
    assert newest[0].batch_id in ("b2", "b3")  # both may bear the same moment of writing
    assert [one.as_of.day for one in past.lists(limit=1)] == [12]


def test_an_account_is_as_the_newest_list_that_held_it_has_it(past):
    found = past.last_seen(["a", "gone", "'b", "never", "nul\0"])
    assert set(found) == {"a", "gone", "'b"}
    assert (found["gone"].csm, found["gone"].batch_id) == ("x", "b1")
    assert found["a"].csm in ("eli", "fay")
    assert found["'b"].csm is None
    assert past.last_seen([]) == {}
