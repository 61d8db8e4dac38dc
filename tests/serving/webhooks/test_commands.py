"""`forewarn webhooks` from the outside: what it prints, and how it fails."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from standardwebhooks import Webhook

from serving.database import writing
from serving.webhooks.outbox import announce

FAILED = {"run_id": "r1", "step": "land", "outcome": "failed", "exit_code": 2}


@pytest.fixture
def asked(forewarn):
    """What `forewarn webhooks ... --json` answers."""

    def run(*arguments: str, code: int = 0) -> dict[str, Any]:
        got, out, err = forewarn("webhooks", *arguments, "--json")
        assert got == code, err
        return json.loads(out)

    return run


def test_an_endpoint_lives_from_the_first_message_to_its_removal(asked, workspace, receiver):
    added = asked("add", receiver.url("/key-4711"))
    name, secret = added["endpoint_id"], added["secret"]
    assert asked("test", name) == {"endpoint_id": name, "accepted": True, "answer": "204"}
    assert Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)

    receiver.answers = [(500, {})]
    announce(writing(workspace.store), "scoring_run.failed", FAILED)
    assert asked("deliver") == {"delivered": 0, "failed": 1, "disabled": 0}
    (endpoint,) = asked("list")["endpoints"]
    (waiting,) = endpoint["deliveries"]
    assert (waiting["state"], waiting["attempts"], waiting["answer"]) == ("waiting", 1, "500")

    assert asked("resend", "--failed", "--since", "2099-01-01") == {"due": 0}
    assert asked("resend", "--failed") == {"due": 1}
    assert asked("deliver") == {"delivered": 1, "failed": 0, "disabled": 0}
    fresh = asked("rotate", name)
    assert fresh["secret"] != secret
    assert asked("resend", waiting["message_id"]) == {"due": 1}
    assert asked("deliver") == {"delivered": 1, "failed": 0, "disabled": 0}
    last = receiver.requests[-1]
    for either in (secret, fresh["secret"]):
        assert Webhook(either).verify(last.body, last.headers)

    receiver.answers = [(410, {})]
    announce(writing(workspace.store), "scoring_run.failed", FAILED)
    assert asked("deliver") == {"delivered": 0, "failed": 1, "disabled": 1}
    assert asked("list")["endpoints"][0]["disabled_why"] == "it answered 410 Gone"
    assert asked("enable", name)["disabled_at"] is None
    assert asked("remove", name) == {"endpoint_id": name, "removed": True}
    assert asked("list") == {"endpoints": []}


def test_a_secret_is_shown_once_and_the_path_of_a_url_never(forewarn, receiver):
    code, out, err = forewarn("webhooks", "add", receiver.url("/key-4711"))
    assert (code, err) == (0, "")
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/]{43}=", out)
    (name,) = set(re.findall(r"ep_[0-9a-f]{12}", out))
    _, listed, _ = forewarn("webhooks", "list")
    assert name in listed
    assert f"http://127.0.0.1:{receiver.port}/…" in listed
    assert secret not in listed
    assert "4711" not in out + listed


def test_a_test_that_is_not_accepted_is_an_error_in_one_line(forewarn, asked, receiver):
    name = asked("add", receiver.url())["endpoint_id"]
    receiver.answers = [(302, {})]
    code, out, err = forewarn("webhooks", "test", name)
    assert (code, out) == (1, "")
    assert err == (f"forewarn: endpoint {name}: expected an answer from 200 to 299; got: 302\n")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (("add", "http://8.8.8.8/key-4711"), "expected a URL that begins with https"),
        (("add", "https://10.0.0.1/key-4711"), "expected public addresses only"),
        (("add", "http://127.0.0.1:9/", "--event", "account.champion"), "did you mean"),
        (("remove", "ep_none"), "no endpoint 'ep_none'; `forewarn webhooks list`"),
        (("rotate", "ep_none"), "no endpoint 'ep_none'"),
        (("enable", "ep_none"), "no endpoint 'ep_none'"),
        (("resend",), "expected a MESSAGE_ID, or --failed"),
        (("resend", "msg_1", "--failed"), "expected a MESSAGE_ID, or --failed"),
        (("resend", "--since", "2026-01-01"), "expected a MESSAGE_ID, or --failed"),
        (("resend", "msg_1"), "no message 'msg_1' went to an endpoint that is enabled"),
        (("resend", "--failed", "--since", "May"), "expected a date such as"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(forewarn, arguments, wanted):
    code, out, err = forewarn("webhooks", *arguments)
    assert (code, out) == (2, "")
    assert re.search(wanted, err)
    assert len(err.splitlines()) == 1
    assert "4711" not in err


def test_a_url_is_an_endpoint_once(forewarn, asked, receiver):
    name = asked("add", receiver.url("/key-4711"))["endpoint_id"]
    code, _, err = forewarn("webhooks", "add", receiver.url("/key-4711"))
    assert code == 2
    assert f"this URL is endpoint {name} already" in err


def test_every_command_of_the_group_shows_an_example(forewarn):
    names = ("add", "list", "remove", "rotate", "enable", "test", "resend", "deliver")
    for name in names:
        code, out, _ = forewarn("webhooks", name, "--help")
        assert code == 0
        assert f"forewarn webhooks {name}" in " ".join(out.split())
