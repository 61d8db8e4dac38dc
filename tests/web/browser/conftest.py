"""The demo company as a service with nineteen weeks behind it, and a browser that looks at it.

A page that says anything on its console, or asks anybody else for anything, fails its test.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from data.workspace import Workspace
from serving.access import users
from serving.api import create_app
from serving.database import writing
from serving.moments import now
from serving.practice.store import read_scorecards, read_segments
from serving.records import AccountRisk, Batch, Change, Explanation, Move
from serving.store import current_batch, one_account, publish, ranked
from tests.conftest import FOREWARN, absent

WEEKS = 18
PASSWORD = "four words nobody guesses"  # noqa: S105 - of a store that is thrown away
CSM, MANAGER = "dana", "mona"
HOSTILE = (
    '<script>document.title = "taken"</script>',
    '"><img src=/nowhere onerror=alert(1)>',
    '=HYPERLINK("http://evil.invalid","click")',
    "txt.\u202egnp.exe",
    "\U0001f3e2 Zoë \U0001f469\u200d\U0001f680 {{ 7 * 7 }}",
    "W" * 300,
)
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# A browser that speaks to nobody but the page.
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
# What Chromium says itself of a page that came with such a status.
_LOAD_FAILED = re.compile(r"Failed to load resource: .*status of (\d+)")


@contextmanager
def serving(workspace: Workspace) -> Iterator[str]:
    """The address of a service over a workspace while the block runs, in a thread."""
    config = uvicorn.Config(create_app(workspace), log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the service did not start"
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A service; `rows` are the accounts of the batch that it serves, the most urgent first."""

    base: str
    workspace: Workspace
    batch: Batch = field(repr=False)
    rows: list[AccountRisk] = field(repr=False)

    @cached_property
    def worst(self) -> AccountRisk:
        """The account that stands first; its manager signs in as `CSM`."""
        return self.rows[0]

    def of(self, status: str) -> AccountRisk:
        """An account of that status."""
        return next(row for row in self.rows if row.status == status)

    def publish(self, rows: list[AccountRisk] | None = None, **different: Any) -> Batch:
        """Publish another batch of some accounts, with something different about it."""
        rows = self.rows if rows is None else rows
        batch = self.batch.model_copy(update={"n": len(rows), **different})
        publish(writing(self.workspace.store), batch, rows)
        return batch


@pytest.fixture(scope="session")
def company(arrived, tmp_path_factory) -> tuple[Workspace, Batch, list[AccountRisk]]:
    """The demo company with 18 batches before the one that is served; nobody can sign in yet."""
    root, _ = arrived
    place = tmp_path_factory.mktemp("pages") / "workspace"
    shutil.copytree(root / "workspace", place, symlinks=True)
    workspace = Workspace(place)
    engine = writing(workspace.store)
    batch = current_batch(engine)
    listed = ranked(engine, batch.batch_id, by="arr_at_risk", limit=batch.n)
    rows = [row for one in listed if (row := one_account(engine, batch.batch_id, one.account_id))]
    known = read_scorecards(engine, batch.batch_id, read_segments(engine, batch.batch_id))
    cards = {segment: json.dumps(card) for segment, card in known.items()}
    for weeks in range(WEEKS, 0, -1):
        as_of = batch.as_of - timedelta(weeks=weeks)
        before = batch.model_copy(update={"batch_id": f"{as_of}-past", "as_of": as_of})
        publish(engine, before, [_before(row, weeks) for row in rows], cards)
    rows = [_since(row, batch) for row in rows]
    mine = [number for number, row in enumerate(rows) if row.csm == rows[0].csm and row.risk]
    for number, name in zip(mine[2:], HOSTILE, strict=False):
        rows[number] = rows[number].model_copy(update={"name": name})
    assert len(mine) > len(HOSTILE) + 2
    batch = batch.model_copy(update={"batch_id": f"{batch.batch_id}-today"})
    publish(engine, batch, rows, cards)
    return workspace, batch, rows


def _before(row: AccountRisk, weeks: int) -> AccountRisk:
    """An account as it was: what is at risk now was so less and less."""
    share = 1 - 0.05 * weeks if row.band == "high" else 1 - 0.01 * (weeks % 3)
    sinking = ("risk", "risk_low", "risk_high", "arr_at_risk")
    values = {name: getattr(row, name) for name in sinking}
    less = {name: value * share for name, value in values.items() if value is not None}
    return row.model_copy(update={**less, "risks": {}, "explanation": None, "dossier_json": None})


def _since(row: AccountRisk, batch: Batch) -> AccountRisk:
    """An account with what changed in the last week; its strongest reason did it."""
    why = row.explanation
    if row.risk is None or why is None or not why.drivers:
        return row
    before = row.risk * (0.95 if row.band == "high" else 0.99)
    moved, shown = row.risk - before, why.risk_shown - round(100 * before)
    first = why.drivers[0]
    names = ("family", "label", "context", "says", "claim", "feature", "unit", "value")
    move = Move(points=moved, shown=shown, **{name: getattr(first, name) for name in names})
    change = Change(
        since=batch.as_of - timedelta(weeks=1),
        batch_id="before",
        model_version=batch.model_version,
        before=before,
        before_shown=why.risk_shown - shown,
        after_shown=why.risk_shown,
        account=moved,
        account_shown=shown,
        data=0,
        data_shown=0,
        model=0,
        model_shown=0,
        moves=(move,),
        sentence="told",
    )
    told: Explanation = why.model_copy(update={"change": change})
    return row.model_copy(update={"explanation": told, "previous_risk": before})


@pytest.fixture(scope="session")
def open_site(company) -> Iterator[Site]:
    """The demo company, open to whoever sits at this machine."""
    workspace, batch, rows = company
    with serving(workspace) as base:
        yield Site(base=base, workspace=workspace, batch=batch, rows=rows)


@pytest.fixture(scope="session")
def site(company, tmp_path_factory) -> Iterator[Site]:
    """The demo company, where a CSM and a manager can sign in."""
    (source, batch, rows), place = company, tmp_path_factory.mktemp("signed") / "workspace"
    shutil.copytree(source.root, place, symlinks=True)
    workspace = Workspace(place)
    # As somebody would who sets it up; the manager is as good, and quicker made.
    command = [FOREWARN, "users", "add", CSM, "--csm", str(rows[0].csm), "--password-stdin"]
    said = subprocess.run(
        [*command, "--workspace", str(place)],
        input=PASSWORD,
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    assert f"sees the accounts of {rows[0].csm}" in said
    users.create(workspace.store, MANAGER, password=PASSWORD, role="manager", at=now())
    with serving(workspace) as base:
        yield Site(base=base, workspace=workspace, batch=batch, rows=rows)


@pytest.fixture
def other_site(company, tmp_path) -> Iterator[Callable[..., Site]]:
    """Other services, open: over nothing, or over a few accounts of the company."""
    source, batch, _ = company
    with ExitStack() as running:

        def make(*few: AccountRisk, **different: Any) -> Site:
            workspace = Workspace(tmp_path / f"other-{time.monotonic_ns()}")
            workspace.root.mkdir()
            (workspace.root / "models").symlink_to(source.models)
            base = running.enter_context(serving(workspace))
            made = Site(base=base, workspace=workspace, batch=batch, rows=list(few))
            if few:
                made.publish(**different)
            return made

        yield make


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for longer: while it runs, tests elsewhere can run no event loop of theirs."""
    if (path := shutil.which("chromium")) is None:
        absent("chromium")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=list(QUIET))
        yield found
        found.close()


@pytest.fixture(scope="session")
def axe() -> Axe:
    return Axe()


@dataclass
class Browsing:
    """Opens pages, and notes what they say and whom they ask.

    A page may say nothing but that it came with one of the statuses that were expected.
    """

    browser: Browser
    axe: Axe
    said: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self, site: Site, path: str = "/", *, user: str = "", status: int = 200, **how: Any
    ) -> Page:
        """A page of a service in a browser of its own, at a desk unless told, signed in if told."""
        how = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **how}
        context = self.browser.new_context(base_url=site.base, **how)
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda asked: self._ask(asked.url, site.base))
        if user:
            page.goto("/sign-in")
            sign_in(page, user)
        self.go(page, path, status=status)
        return page

    def go(self, page: Page, path: str, *, status: int = 200) -> None:
        """Go to a page, which comes with that status."""
        self.expect(status)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"

    def expect(self, status: int) -> None:
        """From here on pages may come with that status."""
        self.expected.add(str(status))

    def violations(self, page: Page, *rules: str) -> list[str]:
        """What of accessibility a page violates: rule and place; of all rules unless told."""
        only = {"type": "rule", "values": list(rules)} if rules else list(RULES)
        found = self.axe.run(page, options={"runOnly": only, "resultTypes": ["violations"]})
        return [
            f"{broken['id']}: {node['target']} {node.get('failureSummary', '')}"
            for broken in found.response["violations"]
            for node in broken["nodes"]
        ]

    def _note(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        failed = _LOAD_FAILED.search(message.text)
        if failed is None or failed[1] not in self.expected:
            self.said.append(message.text)

    def _ask(self, url: str, base: str) -> None:
        if not url.startswith((f"{base}/", "data:")):
            self.foreign.append(url)


@pytest.fixture
def browsing(browser, axe) -> Iterator[Browsing]:
    """Look at pages; at the end nothing may have been said on a console or asked of others."""
    found = Browsing(browser, axe)
    yield found
    for context in found.contexts:
        context.close()
    assert found.said == []
    assert found.foreign == []


def sign_in(page: Page, name: str) -> None:
    """Sign in as somebody would, at the door."""
    page.locator("[name=name]").fill(name)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form.sign-in button").click()


def sideways(page: Page) -> int:
    """By how many pixels the page can be scrolled sideways."""
    wide: int = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide


def shown(page: Page) -> str:
    """All text that a page shows."""
    return page.locator("body").inner_text()
