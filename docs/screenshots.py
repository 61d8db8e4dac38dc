"""Takes the pictures of the README: the demo company as its success managers see it.

    python docs/screenshots.py [--workspace DIR] [--to docs/pictures]

The company is made, landed and learnt from in a folder that is thrown away, and scored at nineteen
weekly moments, unless DIR has been through all that already; it is left as it is. Then it is the
Monday after the last of them: the service shows its pages to a browser, in light and dark.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from pydantic import BaseModel

from serving import moments

# What is frozen before anything else asks it for the time; see `at`.
_clock = [datetime.now(UTC)]
moments.now = lambda: _clock[0]

from data.workspace import Workspace
from serving.access import users
from serving.api import create_app
from serving.database import reading
from serving.plays.catalogue import plays
from serving.plays.work import planned
from serving.records import AccountRisk
from serving.store import current_batch, ranked
from serving.written.contents import Closing, NewFeedback, NewIntervention, NewPulse
from serving.written.desk import INTERVENTION_KIND, Desk
from serving.written.once import Attempt
from training.config import Config

HERE = Path(__file__).parent
COMMAND = str(Path(sys.executable).with_name("forewarn"))
WEEKS = 18
NAME, PASSWORD = "Dana Reyes", "four words nobody guesses"
WIDE, PHONE = 1440, {"width": 390, "height": 844}
# As much of each page as tells what it is for.
HEIGHTS = {"list": 1025, "account": 1390, "model": 1390}
MOST_BYTES = 250_000
# Where Inter is installed the pages are seen in it; else in whatever this machine has.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <match target="pattern">
    <edit name="family" mode="prepend" binding="strong"><string>Inter</string></edit>
  </match>
</fontconfig>
"""
COLOURS = 255


def at(moment: datetime) -> None:
    """Let it be that moment, for everything in this process."""
    _clock[0] = moment


def make(workspace: Path, company: Path) -> None:
    """The demo company, its model, and a batch for each of the last weeks."""
    place = ("--workspace", str(workspace))
    forewarn("synth", str(company))
    forewarn("land", str(company), *place)
    forewarn("train", *place)
    manifest = json.loads((Workspace(workspace).lake / "manifest.json").read_text())
    last = datetime.fromisoformat(manifest["data_until"]).date()
    for weeks in range(WEEKS, -1, -1):
        forewarn("score", *place, "--as-of", f"{last - timedelta(weeks=weeks)}")


def forewarn(*words: str) -> None:
    """Run a command, and show what it says of how far it is."""
    subprocess.run([COMMAND, *words], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


def story(workspace: Workspace) -> AccountRisk:
    """The first account at high risk, of which much is written in the weeks before the Monday."""
    engine = reading(workspace.store)
    batch = current_batch(engine)
    rows = ranked(engine, batch.batch_id, by="arr_at_risk", limit=50)
    row = next(row for row in rows if row.band == "high")
    desk = Desk(workspace.store)
    day = datetime.combine(batch.as_of, datetime.min.time(), UTC) + timedelta(hours=9)
    at(day - timedelta(weeks=9))
    begun = NewIntervention(
        play=plays()["silence"], assigned_by=NAME, owner=NAME, due_at=day - timedelta(weeks=7)
    )
    desk.intervention(row.account_id, begun, _once(begun))
    at(day - timedelta(weeks=6))
    (play,) = desk.listed(INTERVENTION_KIND, row.account_id, limit=1, before=None)
    desk.close(play.intervention_id, closing := Closing(outcome="no_reply"), _once(closing))
    at(day - timedelta(days=2))
    verdict = NewFeedback(
        verdict="agree",
        reason_code="told_by_customer",
        note="Their new head of operations compares us with two others.",
        author=NAME,
    )
    desk.feedback(row.account_id, verdict, _once(verdict))
    begun = NewIntervention(
        play="Call their sponsor",
        assigned_by=NAME,
        owner=NAME,
        due_at=day + timedelta(days=9),
        note="She brought us in; ask what has changed for her.",
    )
    desk.intervention(row.account_id, begun, _once(begun))
    for place, value in enumerate((4, 2, 5, 3)):
        judged = rows[2 + 3 * place]
        pulse = NewPulse(pulse=value, csm=judged.csm)
        desk.pulse(judged.account_id, pulse, _once(pulse))
    monday = timedelta(days=7 - batch.as_of.weekday())
    at(day + monday)
    planned(workspace, Config())
    return row


def _once(said: BaseModel) -> Attempt:
    return Attempt(key_id="pictures", target=(), content=said, key=None)


@contextmanager
def serving(workspace: Workspace) -> Iterator[str]:
    """The address of the service while the block runs."""
    config = uvicorn.Config(create_app(workspace), log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        running = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        running.start()
        while not server.started:
            time.sleep(0.05)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            running.join()


def pictures(browser: Browser, base: str, row: AccountRisk, to: Path) -> Iterator[Path]:
    """Every picture, as soon as it is there."""
    paths = {"list": "/?csm=", "account": f"/accounts/{row.account_id}", "model": "/model"}
    for scheme in ("light", "dark"):
        page = _signed_in(browser, base, color_scheme=scheme)
        for name, path in paths.items():
            page.set_viewport_size({"width": WIDE, "height": HEIGHTS[name]})
            page.goto(path)
            yield _kept(page, to / f"{name}-{scheme}.png")
        page.context.close()
    page = _signed_in(browser, base, viewport=PHONE, color_scheme="light", device_scale_factor=2)
    page.goto(paths["account"])
    yield _kept(page, to / "phone.png")
    page.context.close()


def _let_in(workspace: Workspace, csm: str | None) -> None:
    """Let somebody sign in who manages some of the accounts and sees all."""
    users.create(
        workspace.store,
        NAME,
        password=PASSWORD,
        role="csm",
        at=moments.now(),
        csm=csm,
        sees="all",
    )


def _launched(driver: Playwright, fonts: Path) -> Browser:
    fonts.write_text(FONTS)
    return driver.chromium.launch(
        executable_path=shutil.which("chromium"),
        args=["--no-sandbox"],
        env={**os.environ, "FONTCONFIG_FILE": str(fonts)},
    )


def _signed_in(browser: Browser, base: str, **how: Any) -> Page:  # noqa: ANN401
    page = browser.new_context(base_url=base, locale="en-GB", **how).new_page()
    page.goto("/sign-in")
    page.locator("[name=name]").fill(NAME)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form.sign-in button").click()
    page.wait_for_url(f"{base}/")
    return page


def _kept(page: Page, path: Path) -> Path:
    """What a page shows, in as few colours as do, without what needs not be in a picture."""
    page.evaluate("document.activeElement.blur()")
    taken = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    small = taken.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise SystemExit(f"{path}: {size:,} bytes; at most {MOST_BYTES:,}")
    return path


def main() -> None:
    """Make the company unless it is there, show its pages, and keep what they look like."""
    parser = argparse.ArgumentParser(description="Take the pictures of the README.")
    parser.add_argument("--workspace", type=Path, help="one that is scored, which is left alone")
    parser.add_argument("--to", type=Path, default=HERE / "pictures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "workspace"
        if given.workspace is None:
            make(place, Path(name) / "company")
        else:
            shutil.copytree(given.workspace, place, symlinks=True)
        workspace = Workspace(place)
        row = story(workspace)
        _let_in(workspace, row.csm)
        given.to.mkdir(parents=True, exist_ok=True)
        with serving(workspace) as base, sync_playwright() as driver:
            browser = _launched(driver, Path(name) / "fonts.conf")
            for picture in pictures(browser, base, row, given.to):
                print(f"{picture} ({picture.stat().st_size:,} bytes)", flush=True)
            browser.close()


if __name__ == "__main__":
    main()
