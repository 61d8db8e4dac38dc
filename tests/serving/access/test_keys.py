"""Keys as they are stored, and the commands that make and take them back."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from data.errors import BadInputError
from serving.access import keys
from serving.access.listening import is_own_name, require_somebody
from serving.access.ring import Ring
from serving.moments import now, text

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def holder(store, secret):
    found = Ring(keys.every(store)).holder(secret.encode())
    return None if found is None else found.caller.key_id


def test_of_a_secret_only_a_digest_is_stored(any_store):
    key, secret = keys.create(any_store, "crm", role="writer", at=NOON)
    assert re.fullmatch(r"fw_[0-9a-f]{8}_[0-9A-Za-z]{43}", secret)
    assert secret.startswith(f"fw_{key.key_id}_")
    assert keys.every(any_store) == [key]
    assert secret.rpartition("_")[2] not in str(vars(key))
    assert key.digest not in repr(key)
    assert sorted(key.scopes) == ["read", "write"]
    assert (key.role, key.state(NOON)) == ("writer", "valid")
    assert holder(any_store, secret) == key.key_id


def test_no_two_secrets_are_alike(store):
    made = {keys.create(store, "crm", role="reader", at=NOON)[1] for _ in range(20)}
    assert len(made) == len({secret[12:] for secret in made}) == 20


def test_a_rotated_key_keeps_its_id_and_both_secrets_work_for_the_overlap(any_store):
    key, old = keys.create(any_store, "crm", role="reader", at=now())
    again, new = keys.rotate(any_store, key.key_id, at=now())
    assert again.key_id == key.key_id
    assert holder(any_store, old) == holder(any_store, new) == key.key_id
    newest = keys.rotate(any_store, key.key_id, at=now(), overlap=timedelta(0))[1]
    assert holder(any_store, newest) == key.key_id
    assert (holder(any_store, old), holder(any_store, new)) == (None, None)


def test_an_overlap_does_not_outlive_the_key(store):
    key, old = keys.create(store, "crm", role="reader", at=NOON, expires_at=now())
    keys.rotate(store, key.key_id, at=NOON, overlap=timedelta(days=10_000))
    assert holder(store, old) is None


def test_a_revoked_key_works_no_more_with_any_secret_and_stays_revoked(any_store):
    key, old = keys.create(any_store, "crm", role="reader", at=NOON)
    new = keys.rotate(any_store, key.key_id, at=NOON, overlap=timedelta(days=10_000))[1]
    assert keys.revoke(any_store, key.key_id, at=NOON).state(NOON) == "revoked"
    assert (holder(any_store, old), holder(any_store, new)) == (None, None)
    later = keys.revoke(any_store, key.key_id, at=now())
    assert later.revoked_at == text(NOON)
    with pytest.raises(BadInputError, match="is revoked; make a new one"):
        keys.rotate(any_store, key.key_id, at=now())


def test_a_key_works_until_it_expires(any_store):
    until = NOON + timedelta(hours=1)
    key, secret = keys.create(any_store, "crm", role="reader", at=NOON, expires_at=until)
    assert (key.state(NOON), key.state(until)) == ("valid", "expired")
    assert holder(any_store, secret) is None  # that hour is long gone


def test_others_can_ask_only_with_a_key_that_works(store):
    for host in ("127.0.0.1", "::1"):
        require_somebody(store, host)
    for host in ("192.0.2.1", "2001:db8::1"):
        with pytest.raises(BadInputError, match="forewarn keys create NAME"):
            require_somebody(store, host)
    key, _ = keys.create(store, "crm", role="reader", at=now())
    require_somebody(store, "192.0.2.1")
    keys.revoke(store, key.key_id, at=now())
    with pytest.raises(BadInputError, match="no key works"):
        require_somebody(store, "192.0.2.1")


@pytest.mark.parametrize(
    ("host", "own"),
    [
        (b"localhost", True),
        (b"LOCALHOST:3000", True),
        (b"127.0.0.1:3000", True),
        (b"127.9.9.9", True),
        (b"[::1]", True),
        (b"localhost.evil.example", False),
        (b"127.0.0.1.evil.example:3000", False),
        (b"[::1].evil.example", True),  # no browser sends it: no such name can be looked up
        (b"192.0.2.1", False),
        (b"", False),
        (b"\xff\xfe", False),
    ],
)
def test_a_host_header_is_this_machines_own_or_not(host, own):
    assert is_own_name(host) is own


def test_a_key_is_made_shown_once_listed_rotated_and_revoked_at_the_command_line(forewarn):
    code, out, _ = forewarn("keys", "create", "sales[force]", "--role", "writer")
    assert code == 0
    secret = out.splitlines()[0]
    key_id = secret.split("_")[1]
    assert "shown this once" in out
    code, out, _ = forewarn("keys", "list")
    assert code == 0
    assert secret not in out
    assert out.split()[-5:] == [key_id, "sales[force]", "writer", "1200", "valid"]
    rotated = json.loads(forewarn("keys", "rotate", key_id, "--overlap-days", "2", "--json")[1])
    assert rotated["key_id"] == key_id
    assert rotated["secret"] != secret
    assert "within 5 s" in forewarn("keys", "revoke", key_id)[1]
    listed = json.loads(forewarn("keys", "list", "--json")[1])["keys"]
    assert [(key["state"], "secret" in key, "digest" in key) for key in listed] == [
        ("revoked", False, False)
    ]


def test_without_a_key_the_list_says_who_may_ask_and_what_to_do(forewarn):
    code, out, _ = forewarn("keys", "list")
    assert code == 0
    assert "forewarn keys create NAME" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", " "), "printable characters"),
        (("create", "a\nb"), "printable characters"),
        (("create", "crm", "--expires", "2020-01-01"), "expected a day to come; got 2020-01-01"),
        (("create", "crm", "--role", "root"), "reader"),
        (("create", "crm", "--per-minute", "0"), "--per-minute"),
        (("revoke", "0000"), "unknown key '0000'"),
        (("rotate", "0000"), "unknown key '0000'"),
    ],
)
def test_wrong_input_for_keys_is_one_line_and_exit_2(forewarn, arguments, said):
    code, out, err = forewarn("keys", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
