"""What the routes of one account read: no explanation or dossier where none is told."""

from __future__ import annotations

import pytest

from data.workspace import Workspace
from serving.published import Published
from tests.serving.health.conftest import publish_healths
from tests.serving.written.conftest import Client


@pytest.mark.parametrize("what", ["words", "health"])
def test_a_part_of_an_account_is_answered_without_all_that_is_known_of_it(
    what, tmp_path, monkeypatch
):
    def whole(*_: object) -> None:
        raise AssertionError("the whole account was read")

    monkeypatch.setattr(Published, "account", whole)
    publish_healths(tmp_path / "store.db")
    client = Client(Workspace(tmp_path))
    assert client.get(f"/v1/accounts/ant/{what}").status_code == 200
    for account_id, day in (("nobody", {}), ("ant", {"as_of": "2020-01-01"})):
        assert client.get(f"/v1/accounts/{account_id}/{what}", params=day).status_code == 404
