"""What does a page of the service cost, beside one that says nothing?

    python benchmarks/pages.py [--quick] [--workspace DIR]

Over real HTTP, by somebody who is signed in, where 10,000 accounts are published and 52 weekly
batches lie in the store: the list of accounts as it opens, filtered, on another page, searched and
in another language, the page of an account, that of the model, and the frame of all of them with
nothing in it (the floor), which the same service shows to the same session. Of each:

- the CPU that the server spends on one, and how many times that of the floor it is;
- how long one reader waits for it, half of the time and 99 times in 100;
- how many bytes it is, with its scripts and styles.

All pages take turns in short rounds, so that a busy machine is the same to each. Accounts, filters
and words to search for are drawn anew every time. What a new batch costs whoever looks first is
told apart. Of the batch that is served everything is stored; of those before it what a page reads
of them: all but the explanations.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, islice
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine, insert, literal, null, select

# Run as a script, this file's own folder comes first, where it would pass for the package features.
HERE = Path(__file__).parent
sys.path[:] = [str(HERE.parent), *(entry for entry in sys.path if Path(entry) != HERE)]

from benchmarks.honesty_table import MISS, PASS
from benchmarks.load import Ask, Server, Told, arguments, request, run, sequence, server
from benchmarks.service import COMPANY, forewarn
from data.workspace import Workspace
from features.catalog import FAMILY_BY_NAME
from serving.access import users
from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.api import create_app
from serving.database import transaction, writing
from serving.life import logs
from serving.moments import now
from serving.portfolio import RENEWALS
from serving.records import AccountRisk, Batch
from serving.rows import head_row
from serving.store import current_batch, one_account, publish, ranked
from serving.tables import BATCH, RISK
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form

ACCOUNTS, BATCHES = 10_000, 52
ROUNDS, EACH, WEIGHED = 10, 20, 5
LIST_TIMES, ACCOUNT_TIMES, MOST_BYTES = 5.0, 8.0, 120_000
FLOOR_PATH = "/frame-and-nothing-else"
NAME, PASSWORD = "somebody", "four words nobody guesses"
_LOADED = re.compile(r'(?:src|href)="(/static/[^"]+)"')
_SINKING = ("risk", "risk_low", "risk_high", "arr_at_risk")


def fill(workspace: Workspace, accounts: int, batches: int) -> list[AccountRisk]:
    """Repeat the batch that is served under other names, and let there be earlier ones.

    The scored rows of the batch that is served then.
    """
    engine = writing(workspace.store)
    batch = current_batch(engine)
    ids = [row.account_id for row in ranked(engine, batch.batch_id, by="risk", limit=accounts)]
    rows = [row for row in (one_account(engine, batch.batch_id, one) for one in ids) if row]
    many = list(islice(_repeated(rows), accounts))
    more = {"batch_id": f"{batch.batch_id}-{accounts}", "n": accounts, "created_at": ""}
    batch = batch.model_copy(update=more)
    publish(engine, batch, many)
    for weeks in range(1, batches):
        _publish_before(engine, batch, weeks)
    return [row for row in many if row.status == "scored"]


def _repeated(rows: list[AccountRisk]) -> Iterator[AccountRisk]:
    for number in count():
        for row in rows:
            names = {"account_id": f"{row.account_id}-{number}", "name": f"{row.title} {number}"}
            yield row.model_copy(update=names)


def _publish_before(engine: Engine, served: Batch, weeks: int) -> None:
    """Put a batch into the store as it was so many weeks before the one that is served."""
    earlier = {"as_of": served.as_of - timedelta(weeks=weeks), "batch_id": f"before-{weeks}"}
    batch = served.model_copy(update=earlier)
    different = {
        "batch_id": literal(batch.batch_id),
        "explanation": null(),
        "dossier": null(),
        **{name: RISK.c[name] * (1 - weeks / 100) for name in _SINKING},
    }
    columns = [different.get(column.name, column) for column in RISK.c]
    rows = select(*columns).where(RISK.c.batch_id == served.batch_id)
    with transaction(engine) as connection:
        connection.execute(insert(BATCH).values(**head_row(batch)))
        connection.execute(insert(RISK).from_select([column.name for column in RISK.c], rows))


@dataclass
class Page:
    """A page, or many of one kind, by their addresses, and what came of asking for them.

    It is to cost at most `most` times the floor; None where nothing is aimed at.
    """

    name: str
    ask: Ask
    most: float | None = None
    told: Told = field(default_factory=Told)
    bytes: int = 0

    def times(self, floor: Page) -> float:
        """How many times the CPU of the floor it costs."""
        return self.told.cost / floor.told.cost

    def line(self, floor: Page) -> str:
        """A line of the table."""
        return (
            f"{self.name:<34}{1000 * self.told.cost:8.2f}{self.times(floor):9.1f}"
            f"{1000 * self.told.quantile(0.5):10.1f}{1000 * self.told.quantile(0.99):9.1f}"
            f"{self.bytes / 1000:10.1f}"
        )


HEADING = f"{'':<34}{'CPU ms':>8}{'x floor':>9}{'p50 ms':>10}{'p99 ms':>9}{'kB':>10}"


def pages(rows: list[AccountRisk], cookie: str) -> list[Page]:
    """The pages, of which the first is the floor."""

    def of(path: str, language: str = "en") -> bytes:
        return request(path, Cookie=cookie, Accept="text/html", Accept_Language=language)

    def drawn() -> AccountRisk:
        return random.choice(rows)  # noqa: S311

    def filtered() -> str:
        family, days = random.choice(list(FAMILY_BY_NAME)), random.choice(RENEWALS)  # noqa: S311
        return f"/?driver={family}&renewal={days}"

    return [
        Page("the frame alone (the floor)", lambda: of(FLOOR_PATH)),
        Page("the list", lambda: of("/"), LIST_TIMES),
        Page("the list, filtered", lambda: of(filtered()), LIST_TIMES),
        Page("the list, page 2", lambda: of("/?page=2"), LIST_TIMES),
        Page("the list, searched", lambda: of(f"/?q={quote(drawn().title)}"), LIST_TIMES),
        Page("the list, in Greek", lambda: of("/", "el"), LIST_TIMES),
        Page("an account", lambda: of(f"/accounts/{quote(drawn().account_id)}"), ACCOUNT_TIMES),
        Page("the model", lambda: of("/model")),
    ]


def lines(folder: Path, given: argparse.Namespace) -> Iterator[str]:
    """The table and what was aimed at, a line at a time."""
    workspace = _workspace(folder, given)
    accounts, batches = (300, 4) if given.quick else (ACCOUNTS, BATCHES)
    rows = fill(workspace, accounts, batches)
    users.create(workspace.store, NAME, password=PASSWORD, role="manager", at=now())
    command = (str(HERE / "pages.py"), "--serve", "--port", "PORT")
    place = ("--workspace", str(workspace.root))
    log = folder / "service.log"
    with server(*command, *place, log=log, FOREWARN_LISTENS="loopback") as at:
        asked = pages(rows, _signed_in(at))
        rounds, each = (2, 25) if given.quick else (ROUNDS, EACH)
        sequence(at, asked[1].ask, 1, first := Told())
        _weigh(asked, at)
        for _ in range(rounds):
            for page in asked:
                sequence(at, page.ask, each, page.told)
    yield f"{accounts:,} accounts, {batches} batches"
    yield HEADING
    for page in asked:
        if wrong := set(page.told.statuses) - {200}:
            raise SystemExit(f"{page.name}: expected 200; got {sorted(wrong)}")
        yield page.line(asked[0])
    yield f"the first look at the list of a new batch: {1000 * first.cost:,.0f} ms of CPU"
    yield from goals(asked)


def goals(asked: list[Page]) -> Iterator[str]:
    """What was aimed at, and whether it was reached."""
    floor, *rest = asked
    for page in rest:
        if page.most is not None:
            times = page.times(floor)
            yield (
                f"{_word(met=times <= page.most)} {page.name}: {times:.1f} times the CPU of the "
                f"floor; goal at most {page.most:.0f}"
            )
    largest = max(rest, key=lambda page: page.bytes)
    yield (
        f"{_word(met=largest.bytes < MOST_BYTES)} the largest is {largest.name}: "
        f"{largest.bytes / 1000:.0f} kB with scripts and styles; "
        f"goal under {MOST_BYTES // 1000} kB"
    )


def _word(*, met: bool) -> str:
    return PASS if met else MISS


def _weigh(asked: list[Page], at: Server) -> None:
    """Note how large pages are, the largest of some; and let the server get warm."""
    with httpx.Client(
        base_url=f"http://127.0.0.1:{at.port}", headers={"Accept-Encoding": ""}
    ) as to:
        weights: dict[str, int] = {}
        for page in asked:
            for _ in range(WEIGHED):
                head = page.ask().decode().splitlines()
                sent = dict(line.split(": ", 1) for line in head[2:] if line)
                answer = to.get(head[0].split()[1], headers=sent)
                loaded = set(_LOADED.findall(answer.text))
                for path in loaded - weights.keys():
                    weights[path] = len(to.get(path).content)
                whole = len(answer.content) + sum(weights[path] for path in loaded)
                page.bytes = max(page.bytes, whole)


def _signed_in(at: Server) -> str:
    """The cookie of a session that has just begun."""
    answer = httpx.post(
        f"http://127.0.0.1:{at.port}/sign-in",
        data={"name": NAME, "password": PASSWORD},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items())


def _workspace(folder: Path, given: argparse.Namespace) -> Workspace:
    """A company with a real model and a batch."""
    place = folder / "workspace"
    if given.workspace is not None:
        shutil.copytree(given.workspace, place, symlinks=True)
        return Workspace(place)
    forewarn("synth", str(folder / "company"), *COMPANY)
    forewarn("run", str(folder / "company"), "--workspace", str(place))
    return Workspace(place)


def serve(port: int, workspace: Path) -> None:
    """Be the service in this process, with a page that is the frame alone."""
    import uvicorn

    logs.set_up()
    application = create_app(Workspace(workspace))
    _add_floor(application)
    uvicorn.run(application, host="127.0.0.1", port=port, log_config=None, access_log=False)


def _add_floor(application: FastAPI) -> None:
    screen = Screen()

    @application.get(
        FLOOR_PATH,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )
    def floor(look: Looking) -> HTMLResponse:
        return screen.show("base.html", look)


def main() -> None:
    """Make a company, ask for its pages, and print what they cost."""
    run(arguments("What a page of the service costs.").parse_args(), serve, lines)


if __name__ == "__main__":
    main()
