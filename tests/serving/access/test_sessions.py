"""Sessions begin, are found by their token, and end: by themselves, or when told to."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from serving.access import users
from serving.access.keys import digest_of
from serving.access.sessions import IDLE, LONGEST, Sessions, begin, end
from serving.database import reading, transaction, writing
from serving.moments import text
from serving.tables import PAGE_SESSION

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
GOOD = "seven green otters"
TICK = timedelta(milliseconds=1)
pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def user(any_store):
    return users.create(any_store, "Dana", password=GOOD, role="csm", at=NOON, csm="Dana Reyes")


def begun(store, user, at=NOON, instead_of=None):
    with transaction(writing(store)) as connection:
        return begin(connection, user.user_id, at, instead_of=instead_of)


def rows(store):
    with transaction(reading(store)) as connection:
        return list(connection.execute(select(PAGE_SESSION)).mappings())


def see(store, token, at):
    with transaction(writing(store)) as connection:
        change = PAGE_SESSION.update().where(
            PAGE_SESSION.c.digest == digest_of(token.encode()).hex()
        )
        connection.execute(change.values(seen_at=text(at)))


def test_a_token_finds_its_user_and_only_its_digest_is_stored(any_store, user):
    token = begun(any_store, user)
    (row,) = rows(any_store)
    assert token not in str(row)
    assert len(token) == 43
    found = Sessions(any_store).find(token, NOON)
    assert found is not None
    assert (found.user_id, found.digest, found.noted) == (user.user_id, row["digest"], True)
    viewer = found.viewer
    assert (viewer.by, viewer.name, viewer.role) == ("user", "Dana", "csm")
    assert (viewer.csm, viewer.manages) == ("Dana Reyes", "Dana Reyes")
    assert viewer.form_token not in (token, row["digest"])
    assert viewer.form_token not in repr(viewer)


@pytest.mark.parametrize(
    "wrong", [None, "", "x" * 43, "x" * 42, "é" * 43, "a\0" + "x" * 41, "x" * 9999]
)
def test_any_other_token_finds_nobody(any_store, user, wrong):
    token = begun(any_store, user)
    sessions = Sessions(any_store)
    assert sessions.find(wrong, NOON) is None
    assert sessions.find(token[:-1] + ("A" if token[-1] != "A" else "B"), NOON) is None
    assert sessions.find(rows(any_store)[0]["digest"][:43], NOON) is None


def test_without_a_store_nobody_is_signed_in(tmp_path):
    assert Sessions(tmp_path / "store.db").find("x" * 43, NOON) is None


def test_a_session_ends_when_it_is_idle_and_after_a_week_however_busy(any_store, user):
    token, sessions = begun(any_store, user), Sessions(any_store)
    assert sessions.find(token, NOON + IDLE - TICK) is not None
    assert sessions.find(token, NOON + IDLE) is None
    see(any_store, token, NOON + LONGEST - TICK)
    assert sessions.find(token, NOON + LONGEST - TICK) is not None
    assert sessions.find(token, NOON + LONGEST) is None


def test_its_use_is_noted_again_after_a_minute(any_store, user):
    token, sessions = begun(any_store, user), Sessions(any_store)
    found = sessions.find(token, NOON + timedelta(minutes=1))
    assert found is not None
    assert not found.noted


def test_what_is_over_is_swept_when_another_begins(any_store, user):
    old, awake = begun(any_store, user), begun(any_store, user)
    see(any_store, awake, NOON + timedelta(hours=6))
    new = begun(any_store, user, NOON + IDLE)
    sessions = Sessions(any_store)
    assert len(rows(any_store)) == 2
    found = [sessions.find(token, NOON + IDLE) is not None for token in (old, awake, new)]
    assert found == [False, True, True]


def test_a_session_takes_the_place_of_the_one_that_the_browser_had(any_store, user):
    before, other = begun(any_store, user), begun(any_store, user)
    after = begun(any_store, user, instead_of=before)
    sessions = Sessions(any_store)
    assert sessions.find(before, NOON) is None
    assert sessions.find(after, NOON) is not None
    assert sessions.find(other, NOON) is not None
    with transaction(writing(any_store)) as connection:
        end(connection, after)
    assert sessions.find(after, NOON) is None


def test_no_two_tokens_are_alike(any_store, user):
    assert len({begun(any_store, user) for _ in range(20)}) == 20


def test_a_session_says_what_its_user_sees_now(any_store, user):
    token, sessions = begun(any_store, user), Sessions(any_store)
    users.remove(any_store, "dana", at=NOON)
    assert sessions.find(token, NOON) is None
    boss = users.create(
        any_store,
        "Dana",
        password=GOOD,
        role="csm",
        at=NOON,
        sees="all",
        csm="Dana Reyes",
    )
    found = sessions.find(begun(any_store, boss), NOON)
    assert found is not None
    assert (found.viewer.csm, found.viewer.manages) == (None, "Dana Reyes")
