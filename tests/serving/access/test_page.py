"""What docs/access.md shows is what happens."""

import getpass
import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from data.workspace import Workspace
from serving.access import (
    access,
    audit,
    browser,
    door,
    keys,
    limits,
    passwords,
    ring,
    sessions,
    viewer,
)
from serving.api import create_app
from serving.database import writing
from serving.records import AccountRisk
from serving.store import publish
from tests.serving.access.conftest import BATCH

PAGE = (Path(__file__).parents[3] / "docs" / "access.md").read_text()


def test_the_commands_of_the_page_print_what_it_shows(forewarn):
    block = re.search(r"```console\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    shown: dict[str, list[str]] = {}
    for line in block[1].splitlines():
        shown.setdefault(line, []) if line.startswith("$ ") else list(shown.values())[-1].append(
            line
        )
    key_id = "1f0c93ab"
    for command, lines in shown.items():
        words = command.replace("1f0c93ab", key_id).split()[2:]
        code, out, err = forewarn(*words)
        assert (code, err) == (0, "")
        if lines:
            secret = out.split()[0]
            key_id = secret.split("_")[1]
            expected = " ".join(lines).replace(lines[0], secret).replace("1f0c93ab", key_id)
            assert " ".join(out.split()) == expected
            assert len(secret) == len(lines[0])


@pytest.mark.usefixtures("quick")
def test_the_commands_for_users_print_what_the_page_shows(forewarn, workspace, monkeypatch):
    rows = [
        AccountRisk(account_id=f"d{n}", csm="Dana Reyes", status="decided", coverage=1, summary="x")
        for n in range(12)
    ]
    publish(writing(workspace.store), BATCH.model_copy(update={"n": 12}), rows)
    prompts = []

    def typed(prompt):
        prompts.append(prompt)
        return "four words nobody guesses"

    monkeypatch.setattr(getpass, "getpass", typed)
    block = re.search(r"```console\n(\$ forewarn users.*?)```", PAGE, re.DOTALL)
    assert block is not None
    for shown in block[1].split("$ ")[1:]:
        command, *lines = shown.splitlines()
        words, _, file = command.partition(" < ")
        monkeypatch.setattr(sys, "stdin", io.StringIO("another four words here" if file else ""))
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
        prompts.clear()
        code, out, err = forewarn(*shlex.split(words)[1:])
        assert (code, err) == (0, "")
        if lines:
            assert [*(prompt.strip() for prompt in prompts), " ".join(out.split())] == lines


def test_the_roles_of_the_page_are_those_there_are():
    rows = re.findall(r"^\| (\w+) \| ([\w, ]+) \| ", PAGE, re.MULTILINE)
    told = {role: scopes for role, scopes in rows if role in keys.ROLES}
    assert told == {role: ", ".join(sorted(scopes)) for role, scopes in keys.ROLES.items()}


def test_the_roles_of_users_are_those_there_are():
    assert re.findall(r"^\| `(\w+)` \| ", PAGE, re.MULTILINE) == list(viewer.SCOPES)


def test_the_limits_of_the_page_are_those_there_are():
    for told in (
        f"{keys.PER_MINUTE:,} a minute",
        f"requests at once | {access.MOST_AT_ONCE} |",
        f"begins | {access.DEADLINE_SECONDS:.0f} s |",
        f"body | {access.MOST_BYTES:,} bytes",
        f"within {ring.LATEST_SECONDS:.0f} s",
        f"{audit.ROOM:,} rows wait",
        f"has {passwords.SHORTEST} to {passwords.LONGEST} characters",
        f"{door.MOST_OF_A_NAME} failures of a name or {door.MOST_OF_AN_ADDRESS} of an address",
        f"within {door.WINDOW_SECONDS // 60} minutes",
        f"after {sessions.IDLE.total_seconds() / 3600:.0f} hours without",
        f"after {sessions.LONGEST.days} days in any case",
        browser.BEHIND_PROXY_VARIABLE,
    ):
        assert told in PAGE, told
    assert (door.AT_ONCE, door.MOST_WAITING) == (2, 8)
    assert (ring.GRACE_SECONDS, audit.FLUSH_SECONDS) == (5 * 60, 1)


def test_a_refusal_is_told_as_the_page_shows(store, client, make, monkeypatch):
    monkeypatch.setattr(limits.Bucket, "take", lambda *_: False)
    held = make(store)
    answer = client(create_app(Workspace(store.parent))).get("/v1/accounts", headers=held).json()
    block = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    shown = json.loads(block[1])
    differs = {"request_id": "", "retry_after_seconds": 0}
    assert {**answer, **differs} == {**shown, **differs}
    assert list(answer) == list(shown)
