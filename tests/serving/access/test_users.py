"""Users as they are stored, their passwords, and the commands that make and take them out."""

import getpass
import io
import json
import os
import pty
import re
import sys
from datetime import UTC, datetime

import pytest
from argon2 import extract_parameters
from sqlalchemy import select

from data.errors import BadInputError
from serving.access import keys, passwords, users
from serving.access.listening import listens, readable_on_the_way, require_somebody
from serving.access.sessions import begin
from serving.database import reading, transaction, writing
from serving.moments import now
from serving.tables import PAGE_USER

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
REAL = passwords.HASHER
GOOD = "seven green otters read"
pytestmark = pytest.mark.usefixtures("quick")


def add(store, name="Dana", **different):
    return users.create(store, name, **{"password": GOOD, "role": "csm", "at": NOON, **different})


def kept(store):
    with transaction(reading(store)) as connection:
        return [dict(row) for row in connection.execute(select(PAGE_USER)).mappings()]


def sign_in(store, user):
    with transaction(writing(store)) as connection:
        return begin(connection, user.user_id, now(), instead_of=None)


def test_of_a_password_only_what_argon2id_makes_of_it_is_stored(any_store):
    user = add(any_store)
    (row,) = kept(any_store)
    assert row["password"].startswith("$argon2id$")
    assert GOOD not in str(row)
    assert passwords.matches(row["password"], GOOD)
    assert not passwords.matches(row["password"], GOOD + " ")
    assert users.every(any_store) == [user]
    assert "argon2" not in str(user)


def test_a_hash_takes_what_rfc_9106_asks_for():
    made = extract_parameters(REAL.hash(GOOD))
    assert (made.type.name, made.time_cost, made.memory_cost) == ("ID", 3, 64 * 1024)
    assert (made.salt_len, made.hash_len) == (16, 32)


def test_without_a_user_no_password_is_right_not_even_the_one_that_is_compared():
    assert not passwords.matches(None, GOOD)
    assert not passwords.matches("not a hash", GOOD)


def test_a_name_is_one_however_it_is_typed(any_store):
    add(any_store, "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}")
    for same in ("ZOË", "zoe\N{COMBINING DIAERESIS}"):
        with pytest.raises(BadInputError, match="is there already"):
            add(any_store, same)
    assert users.remove(any_store, " zOë ", at=NOON).name == "Zoë"


@pytest.mark.parametrize(
    ("given", "csm", "sees"),
    [
        ({}, "Dana", "own"),
        ({"csm": "Dana Reyes"}, "Dana Reyes", "own"),
        ({"sees": "all"}, None, "all"),
        ({"csm": "Dana Reyes", "sees": "all"}, "Dana Reyes", "all"),
        ({"role": "manager"}, None, "all"),
        ({"role": "admin", "csm": "Dana Reyes"}, "Dana Reyes", "all"),
    ],
)
def test_a_csm_sees_their_own_unless_told_otherwise_and_others_see_all(store, given, csm, sees):
    user = add(store, **given)
    assert (user.csm, user.sees) == (csm, sees)


def test_whoever_is_taken_out_leaves_an_id_and_no_name_and_opens_nothing(any_store):
    user = add(any_store, csm="Dana Reyes")
    sign_in(any_store, user)
    assert users.remove(any_store, "dana", at=now()).sessions == 1
    assert users.every(any_store) == []
    (row,) = kept(any_store)
    assert row["user_id"] == user.user_id
    assert [row[n] for n in ("name", "folded", "csm", "password")] == [None] * 4
    assert users.were_any(reading(any_store))
    assert users.end_sessions(any_store, None) == 0
    again = add(any_store)
    assert again.user_id != user.user_id
    users.remove(any_store, "Dana", at=now())
    with pytest.raises(BadInputError, match="unknown user 'Dana'"):
        users.remove(any_store, "Dana", at=now())


def test_another_password_ends_all_sessions_of_its_user_and_of_nobody_else(any_store):
    dana, eli = add(any_store), add(any_store, "Eli")
    for user in (dana, dana, eli):
        sign_in(any_store, user)
    assert users.set_password(any_store, "dana", "another four words here", at=now()).sessions == 2
    assert [user.sessions for user in users.every(any_store)] == [0, 1]
    assert users.end_sessions(any_store, "Eli") == 1
    with pytest.raises(BadInputError, match="did you mean 'Dana'"):
        users.end_sessions(any_store, "dan")


@pytest.mark.parametrize(
    "easy",
    [
        "short",
        "elevenchars",
        "x" * 257,
        "aaaaaaaaaaaaaa",
        "Password1234!",
        "passwordpassword",
        "abcabcabcabc",
        "123456789012",
        "qwertyuiopas",
        "lkjhgfdsapoi",
        "Dana-dana-1234",
        "forewarn-2026",
        "1qaz2wsx3edc",
        "two\nlines of text",
        "a nul \0 is no letter",
    ],
)
def test_the_passwords_that_anybody_tries_first_are_refused(easy):
    with pytest.raises(BadInputError, match=r"^password: ") as refusal:
        passwords.fit(easy, "dana")
    assert easy not in str(refusal.value)


@pytest.mark.parametrize("good", [GOOD, "пять зелёных выдр", "7Hq!vv2_Lx0p", "x1" + GOOD * 10])
def test_other_passwords_are_taken_as_they_are(good):
    assert passwords.fit(good, "dana") == good


def test_a_password_is_the_same_from_every_keyboard():
    assert (
        passwords.fit("cafe\N{COMBINING ACUTE ACCENT} au lait noir", "dana") == "café au lait noir"
    )


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"name": " dana"}, "printable characters"),
        ({"name": "da\nna"}, "printable characters"),
        ({"name": "da\N{RIGHT-TO-LEFT OVERRIDE}na"}, "printable characters"),
        ({"name": "x" * 101}, "printable characters"),
        ({"csm": " "}, "--csm"),
        ({"csm": "a\0b"}, "--csm"),
        ({"role": "manager", "sees": "own"}, "a manager sees all accounts"),
        ({"password": "short"}, "12 to 256 characters; got 5"),
    ],
)
def test_what_cannot_be_a_user_is_refused_and_nothing_is_kept(store, different, said):
    with pytest.raises(BadInputError, match=said):
        add(store, **different)
    assert not users.were_any(writing(store))


def test_others_can_reach_the_service_when_somebody_can_sign_in(store):
    with pytest.raises(BadInputError, match="forewarn users add NAME"):
        require_somebody(store, "192.0.2.1")
    add(store)
    require_somebody(store, "192.0.2.1")
    users.remove(store, "dana", at=now())
    with pytest.raises(BadInputError, match="nobody can sign in"):
        require_somebody(store, "192.0.2.1")
    keys.create(store, "crm", role="reader", at=now())
    require_somebody(store, "192.0.2.1")


def test_behind_a_proxy_everybody_is_somebody_else(store, monkeypatch):
    require_somebody(store, "127.0.0.1")
    monkeypatch.setenv("FOREWARN_LISTENS", "loopback")
    assert listens() == "loopback"
    monkeypatch.setenv("FOREWARN_BEHIND_PROXY", "true")
    assert listens() == "anywhere"
    with pytest.raises(BadInputError, match="without a proxy in front"):
        require_somebody(store, "127.0.0.1")
    monkeypatch.setenv("FOREWARN_BEHIND_PROXY", "yes")
    with pytest.raises(BadInputError, match="expected true or false; got 'yes'"):
        require_somebody(store, "127.0.0.1")


def test_it_is_said_when_passwords_could_be_read_on_the_way(store, monkeypatch):
    assert not readable_on_the_way(store, "192.0.2.1")
    add(store)
    assert readable_on_the_way(store, "192.0.2.1")
    assert not readable_on_the_way(store, "127.0.0.1")
    monkeypatch.setenv("FOREWARN_BEHIND_PROXY", "true")
    assert not readable_on_the_way(store, "192.0.2.1")


def piped(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_users_are_added_listed_changed_and_taken_out_at_the_command_line(forewarn, monkeypatch):
    piped(monkeypatch, GOOD + "\n")
    code, out, err = forewarn("users", "add", "da[n]a", "--csm", "dana", "--password-stdin")
    assert (code, err) == (0, "")
    assert out == "da[n]a (csm) may sign in and sees the accounts of dana.\n"
    piped(monkeypatch, GOOD)
    told = json.loads(
        forewarn("users", "add", "eli", "--role", "manager", "--password-stdin", "--json")[1]
    )
    assert (told["role"], told["sees"], told["csm"]) == ("manager", "all", None)
    assert not any("password" in str(value) or "$" in str(value) for value in told.values())
    listed = forewarn("users", "list")[1]
    assert re.search(r"da\[n\]a +csm +dana +own +0\n", listed)
    piped(monkeypatch, "another four words here\r\n")
    assert forewarn("users", "password", "DA[N]A", "--password-stdin")[1] == (
        "da[n]a has another password; 0 sessions ended.\n"
    )
    assert forewarn("users", "end-sessions")[1] == "0 sessions ended\n"
    assert "stays as user_" in forewarn("users", "remove", "eli")[1]
    names = [user["name"] for user in json.loads(forewarn("users", "list", "--json")[1])["users"]]
    assert names == ["da[n]a"]


def test_a_password_is_asked_for_twice_and_both_must_be_alike(forewarn, monkeypatch):
    typed = iter([GOOD, GOOD, GOOD, GOOD + "x"])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(getpass, "getpass", lambda _prompt: next(typed))
    assert forewarn("users", "add", "dana")[0] == 0
    code, out, err = forewarn("users", "add", "eli")
    assert (code, out) == (2, "")
    assert "the two passwords differ; nothing was changed" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "dana"), "expected --password-stdin"),
        (("add", "dana", "--password-stdin"), "12 to 256 characters; got 0"),
        (("add", "dana", "--role", "root", "--password-stdin"), "manager"),
        (("remove", "dana"), "unknown user 'dana'"),
        (("end-sessions", "dana"), "unknown user 'dana'"),
    ],
)
def test_wrong_input_for_users_is_one_line_and_exit_2(forewarn, monkeypatch, arguments, said):
    piped(monkeypatch, "")
    code, out, err = forewarn("users", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_nobody_who_looks_at_the_terminal_sees_the_password(tmp_path):
    child, terminal = pty.fork()
    if child == 0:  # another process from here on
        command = "from serving.cli import main; main()"
        arguments = ["forewarn", "users", "add", "dana", "--workspace", str(tmp_path)]
        code = f"import sys; sys.argv = {arguments!r}; {command}"
        os.execv(sys.executable, [sys.executable, "-c", code])  # noqa: S606 - a shell would echo
    seen = b""
    for asked in (b"Password: ", b"Once more: "):
        while asked not in seen:
            seen += os.read(terminal, 1024)
        os.write(terminal, GOOD.encode() + b"\n")
    try:
        while more := os.read(terminal, 1024):
            seen += more
    except OSError:  # what Linux says when the other side is gone
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, seen
    assert b"dana (csm) may sign in" in seen
    assert GOOD.encode() not in seen
    assert [user.name for user in users.every(tmp_path / "store.db")] == ["dana"]
