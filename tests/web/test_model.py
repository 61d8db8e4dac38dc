"""The model page shows what lies beside the model, and says so where something does not."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from data.workspace import Workspace
from serving.access import passwords, users
from serving.access.access import Access
from serving.access.viewer import Viewer
from serving.apart import apart
from serving.api import create_app
from serving.database import writing
from serving.language import LANGUAGES, language
from serving.moments import now
from serving.past import Past, Seen
from serving.records import AccountRisk, Batch
from serving.store import publish
from serving.web.screen import STATIC
from serving.web.trust.misses import Wrongs
from serving.web.trust.papers import papers
from serving.web.trust.plot import Axis, Plot, steps
from training.artefact import write
from training.decisions import FILE as DECISIONS
from training.decisions import Decided, note
from training.forget import forget
from training.model import FORETOLD

REPORT: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "training" / "report.json").read_text(encoding="utf-8")
)
GROUPS = [
    {"predicted": 0.01, "observed": 0.0, "low": 0.0, "high": 0.02, "rows": 317, "churned": 0},
    {"predicted": 0.1, "observed": 0.3, "low": 0.05, "high": 0.2, "rows": 316, "churned": 95},
]
JOURNEYS = {
    "renewal": [
        {
            "feature": "answered_share_90",
            "family": "Silence",
            "definition": "x",
            "unit": "share",
            "apart": -3,
            "points": [
                {"cohort": cohort, "month": month, "mean": mean, "low": mean - 0.1}
                | {"high": mean + 0.1, "accounts": 9}
                for cohort, mean in (("churned", 0.2), ("healthy", 0.6))
                for month in range(-12, 0)
            ],
        }
    ]
}
MADE = {
    "verdict": "usable",
    "method": "hazard",
    "bands": {"high": 0.4, "elevated": 0.2},
    "metrics": REPORT["metrics"],
    "rung": REPORT["rung"],
}
SPEC = {
    "rule": {"kind": "contract", "grace_days": 30},
    "horizon_days": 90,
    "lead_days": 14,
    "data_latency_days": 0,
    "min_history_days": 56,
    "contraction_frac": 0.2,
}
# Who was foretold what, list by list: account, list, left, risk, ARR.
FORESEEN = [
    ("green", "2025-01-01", 0, 0.5, 10),
    ("green", "2025-02-01", 1, 0.1, 10),
    ("<b>hidden</b>", "2025-02-01", 1, 0.15, 900),
    ("caught", "2025-02-01", 1, 0.7, 50),
    ("red", "2025-02-01", 0, 0.6, 70),
    ("calm", "2025-02-01", 0, 0.01, 70),
]
CSM = {"green": "dana", "<b>hidden</b>": "eli", "red": "dana", "calm": "dana", "caught": "eli"}


def a_batch(**different: Any) -> Batch:
    today = now().date()
    metadata = {
        "data_until": f"{today}",
        "learnt_until": f"{today - timedelta(days=9)}",
        "spec": SPEC,
        "dead_feeds": [{"table": "tickets", "state": "stale", "since": "2025-03-04"}],
        "tables": [
            {"table": "accounts", "rows": 600, "duplicate": 0, "quarantined": 7, "odd": 0}
            | {"newest": None},
            {"table": "tickets", "rows": 1234, "duplicate": 0, "quarantined": 0, "odd": 45}
            | {"newest": "2025-03-04"},
        ],
    }
    return Batch(
        batch_id=different.pop("batch_id", "b1"),
        as_of=different.pop("as_of", today),
        model_version="m1",
        method=different.pop("method", "hazard"),
        spec_hash="s",
        horizon_days=90,
        n=different.pop("n", len(CSM)),
        metadata={**metadata, **different},
    )


def rows() -> list[AccountRisk]:
    return [
        AccountRisk(account_id=name, csm=csm, status="decided", coverage=1, summary="x")
        for name, csm in CSM.items()
    ]


def written(
    folder: Path, *, report: bool = True, foreseen: Any = FORESEEN, **different: Any
) -> None:
    kept = {k: v for k, v in REPORT.items() if k != "provenance"}
    stream = io.StringIO()
    told = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC)
    told.writerow(FORETOLD)
    told.writerows([a, d, float(y), r, float(arr), ""] for a, d, y, r, arr in foreseen)
    texts = {"foretold.csv": stream.getvalue(), "journeys.json": json.dumps(JOURNEYS)}
    if report:
        texts["report.json"] = json.dumps({**kept, "reliability_groups": GROUPS, **different})
    write(folder, texts, MADE)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    publish(writing(made.store), a_batch(), rows())
    return made


def page(workspace: Workspace, path: str = "/model", **headers: str) -> str:
    access = Access(workspace.store, listens_on="loopback")
    answer = asyncio.run(_asked(create_app(workspace, access=access), path, headers))
    assert answer.status_code == 200, answer.text
    return answer.text


async def _asked(app: Any, path: str, headers: dict[str, str]) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, headers={"accept": "text/html", **headers})


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_figures_are_those_beside_the_model(workspace):
    written(workspace.models / "m1")
    html = page(workspace)
    said = words(html)
    assert "put the one that left first in 81% of cases (77% to 85%)" in said
    assert "The expert rules get 74%." in said
    assert "With 25 calls per list a team reaches 23%" in said
    assert "This model 0.81 (0.77 to 0.85)" in said
    assert "expert rules 0.74 (0.70 to 0.78) +0.07 ours is ahead 0.19 (0.14 to 0.24)" in said
    assert "plain 90-day classifier 0.81 (0.77 to 0.85) 0.00 too close to tell" in said
    assert "would have claimed ROC-AUC 0.90 instead of 0.81" in said
    assert "by risk and ARR 9% 41%" in said
    assert "0.97 departures were predicted for each that happened" in said
    assert "10% 30% 316 95" in said
    assert 'aria-label="In 1 of 2 groups as many left' in html
    assert f"nothing is claimed: {apart('enterprise')}" in said


def test_every_plot_obeys_the_policy_of_the_page(workspace):
    written(workspace.models / "m1")
    html = page(workspace)
    plots = re.findall(r'<svg class="plot".*?</svg>', html)
    assert len(plots) == 4  # calibration, reach of accounts and of revenue, one sign
    assert all('role="img" aria-label="' in plot for plot in plots)
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:|<script(?! src)", html)
    assert "nan" not in "".join(plots).lower()


def test_reasons_for_leaving_are_counted(workspace):
    gave = {"champion_left": 6, "price": 3, "weather": 1, "not told": 2}
    written(workspace.models / "m1", reasons=gave)
    html = page(workspace)
    said = words(html)
    assert '<a href="#reasons">' in html
    assert "12 accounts that left. Reason Accounts Share" in said
    assert "champion left 6 50% price 3 25% weather 1 8% not told 2 17%" in said
    assert "involuntary where the customer said that they close" in said


def test_where_nobody_gave_a_reason_for_leaving_nothing_is_said_of_reasons(workspace):
    written(workspace.models / "m1")
    html = page(workspace)
    assert "exit surveys" not in html
    assert "#reasons" not in html


def test_courses_are_shown_by_the_clock_that_is_asked_for(workspace):
    written(workspace.models / "m1")
    said = words(page(workspace, "/model?clock=nonsense"))
    assert "Share of our messages answered clearly apart from month -3 on" in said


def test_the_state_of_the_data_is_that_of_the_batch(workspace):
    said = words(page(workspace))
    assert "accounts delivered – 600 7 0" in said
    assert "tickets stopped Mar 4, 2025 1,234 0 45" in said


def test_lists_say_from_when_on_they_can_be_judged(workspace):
    old = date(2025, 1, 6)
    publish(writing(workspace.store), a_batch(batch_id="b0", as_of=old), rows())
    said = words(page(workspace))
    assert "known 120 days after its list" in said
    due, today = old + timedelta(days=120), now().date()
    day = language("en").day
    assert f"{day(old)} {day(due)} can be judged 5 m1" in said
    assert f"{day(today)} {day(today + timedelta(days=120))} not yet 5 m1" in said


def test_decisions_of_the_gate_stand_newest_first(workspace):
    for outcome, challenger in (("promoted", "m0"), ("not_enough_evidence", "m1")):
        note(
            workspace,
            Decided(
                outcome=outcome,
                sentence=f"why {challenger} <i>",
                challenger=challenger,
                further_events=12 if challenger == "m1" else None,
            ),
        )
    html = page(workspace)
    said = words(html)
    assert said.index("Not enough evidence · m1") < said.index("Let in · m0")
    assert "About 12 more accounts that leave would settle it." in said
    assert "why m1 &lt;i&gt;" in html


def test_decisions_that_cannot_be_read_are_named_and_the_others_shown(workspace):
    path = workspace.models / DECISIONS
    path.parent.mkdir()
    path.write_text('{"outcome": "hired", "sentence": "", "challenger": "m7"}\n{"outc\n')
    html = page(workspace)
    assert f"Lines 1 and 2 of {apart(DECISIONS)} cannot be read" in words(html)
    assert "No decision was recorded" not in html
    good = Decided(outcome="promoted", sentence="why", challenger="m8", champion="m7")
    note(workspace, good)
    said = words(page(workspace))
    assert f"Let in · {apart('m8')} in place of {apart('m7')}" in said
    assert "Lines 1 and 2 of" in said


def test_a_model_that_is_not_here_is_said_to_be_gone(workspace):
    said = words(page(workspace))
    assert "Nobody can tell" in said
    assert f"The model {apart('m1')} behind this list is not on this machine" in said
    for nothing in ("no test", "no probabilities", "no calls were tried out", "no courses"):
        assert nothing in said


BROKEN = (b"", b"{", b"[1]", b"\xff\xfe", b'{"verdict": 3}', b"a,b\n\x00,\n", b"[" * 100_000)


@pytest.mark.parametrize("text", BROKEN)
def test_a_damaged_description_counts_as_gone(tmp_path, text):
    written(tmp_path / "m")
    (tmp_path / "m" / "model.json").write_bytes(text)
    assert papers(tmp_path / "m").state == "gone"


@pytest.mark.parametrize("name", ["report.json", "foretold.csv", "journeys.json"])
def test_what_a_damaged_file_held_is_not_shown_and_the_file_is_named(workspace, name):
    folder = workspace.models / "m1"
    written(folder)
    before = papers(folder)
    for text in BROKEN:
        (folder / name).write_bytes(text)
        assert papers(folder).damaged == (name,)
    assert before.damaged == ()
    said = words(page(workspace))
    assert f"{apart(name)} was cut or altered since the model was made" in said
    assert {
        "report.json": "no probabilities were tested",
        "foretold.csv": "there was no test of it, or none was kept",
        "journeys.json": "no courses were kept",
    }[name] in said
    (folder / name).unlink()
    assert papers(folder).damaged == (name,)


def test_papers_are_read_once_and_anew_as_soon_as_one_of_them_is_another(workspace):
    folder = workspace.models / "m1"
    written(folder)
    first = papers(folder)
    assert papers(folder) is first
    assert forget(folder, "red") == 1  # under the same version
    second = papers(folder)
    assert papers(folder) is second
    names = {row.account_id for row in first.foretold}
    assert {row.account_id for row in second.foretold} == names - {"red"}
    assert second.damaged == ()


def test_a_model_of_an_older_forewarn_shows_what_it_has(workspace):
    written(workspace.models / "m1", report=False)
    said = words(page(workspace))
    assert "an older forewarn that kept no report" in said
    assert "This model 0.81 (0.77 to 0.85)" in said
    assert "no probabilities were tested, or what the test found was not kept" in said
    assert "Green but left" in said


def test_rules_are_not_called_a_model_that_was_tested(tmp_path):
    workspace = Workspace(tmp_path)
    rung = {"method": "rules", "events": 3, "claims": "a ranking by expert rules"}
    publish(writing(workspace.store), a_batch(method="rules", rung=rung), rows())
    made = {"verdict": "not_enough_data", "method": "rules", "bands": MADE["bands"], "rung": rung}
    write(workspace.models / "m1", {}, made)
    said = words(page(workspace))
    assert "Not enough data" in said
    assert "expert rules make the list" in said
    assert "Usable" not in said


def test_a_list_of_an_older_forewarn_says_that_its_tables_were_not_noted(tmp_path):
    workspace = Workspace(tmp_path)
    batch = a_batch().model_copy(update={"metadata": {"data_until": "2025-12-30"}})
    publish(writing(workspace.store), batch, rows())
    assert "What its tables held was not noted" in page(workspace)


def test_wrong_is_who_was_green_on_the_last_list_and_left_or_red_and_stayed(workspace):
    written(workspace.models / "m1")
    wrongs, told = Wrongs(Past(workspace.store)), papers(workspace.models / "m1")
    found = wrongs.of(told, a_batch(), all_seeing())
    assert found is not None
    green, red = found.green_left, found.red_stayed
    assert (green.count, green.among, green.hidden) == (2, 3, 0)
    assert [row.account_id for row, _ in green.shown] == ["<b>hidden</b>", "green"]
    assert (red.count, red.among) == (1, 2)
    assert [row.account_id for row, _ in red.shown] == ["red"]
    assert "<b>hidden</b>" not in page(workspace)


def all_seeing(csm: str | None = None) -> Viewer:
    return Viewer(by="user", role="csm", csm=csm, form_token="t")  # noqa: S106


def test_a_csm_is_shown_only_accounts_that_were_theirs(workspace, monkeypatch):
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(1, 8, 1))
    written(workspace.models / "m1")
    good = "plenty of tulips 47"
    users.create(workspace.store, "dana", password=good, role="csm", at=now())
    app = create_app(workspace, access=Access(workspace.store, listens_on="loopback"))

    async def look() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            form = {"name": "dana", "password": good, "next": "/model"}
            sent = {"origin": "http://localhost"}
            entered = await client.post("/sign-in", data=form, headers=sent)
            assert entered.status_code == 303
            return await client.get("/model", headers={"accept": "text/html"})

    html = asyncio.run(look()).text
    assert "&lt;b&gt;hidden" not in html
    said = words(html)
    assert "2 of 3 accounts that left were in the low band." in said
    assert "1 account is not shown" in said
    assert '<a href="/accounts/green">' in html
    assert '<a href="/accounts/red">' in html


def test_nobody_but_who_sees_all_is_shown_accounts_that_no_list_held(workspace):
    written(workspace.models / "m1")
    elsewhere = Workspace(workspace.root / "other")
    publish(writing(elsewhere.store), a_batch(n=1), rows()[:1])
    told, wrongs = papers(workspace.models / "m1"), Wrongs(Past(elsewhere.store))
    everything, own = (wrongs.of(told, a_batch(), all_seeing(csm)) for csm in (None, "eli"))
    assert everything is not None
    assert own is not None
    assert [seen is None for _, seen in everything.green_left.shown] == [True, False]
    assert (own.green_left.shown, own.green_left.hidden) == ((), 2)


class Counting(Past):
    """Counts how often it is asked how accounts were seen last."""

    asked = 0

    def last_seen(self, account_ids: Collection[str]) -> dict[str, Seen]:
        self.asked += 1
        return super().last_seen(account_ids)


def test_what_was_wrong_is_found_once_for_a_batch_and_its_model(workspace):
    folder = workspace.models / "m1"
    written(folder)
    past = Counting(workspace.store)
    wrongs, batch = Wrongs(past), a_batch()

    def look(viewer: Viewer, batch: Batch) -> int:
        assert wrongs.of(papers(folder), batch, viewer) is not None
        return past.asked

    for csm in (None, "eli", None):  # one cannot see by it what another may
        assert look(all_seeing(csm), batch) == 1
    assert look(all_seeing(), batch.model_copy(update={"n": batch.n - 1})) == 2  # one was erased
    assert look(all_seeing(), batch) == 3  # it keeps no more than one
    forget(folder, "red")
    assert look(all_seeing(), batch) == 4
    assert look(all_seeing(), batch.model_copy(update={"batch_id": "b2"})) == 5


def test_the_page_with_all_that_it_loads_is_small(workspace):
    written(workspace.models / "m1")
    html = page(workspace)
    loaded = re.findall(r'(?:src|href)="/static/([^"?]+)', html)
    assert {"base.css", "model.css"} <= set(loaded)
    weight = len(html.encode()) + sum((STATIC / name).stat().st_size for name in loaded)
    assert weight < 80_000  # of 120,000: a company has more signs, tables and lists


def test_the_page_speaks_each_language(workspace):
    written(workspace.models / "m1")
    access = Access(workspace.store, listens_on="loopback")
    app = create_app(workspace, access=access)
    for code in LANGUAGES:
        html = asyncio.run(_asked(app, "/model", {"accept-language": code})).text
        assert f"<h1>{language(code).say('model.title')}</h1>" in html


def test_a_plot_keeps_what_lies_beyond_it_at_its_edge():
    axis = Axis(low=0, high=1, ticks=[(0, "<0>")])
    plot = Plot(axis, axis)
    plot.line([(0, 0), (2, 9)], "x")
    svg = plot.svg('a "title"')
    assert 'points="34,220 328,10"' in svg
    assert "&lt;0&gt;" in svg
    assert 'aria-label="a &#34;title&#34;"' in svg


def test_steps_are_round_and_within():
    assert steps(-0.3, 0.9) == [0.0, 0.5]
    assert steps(5, 5) == [5.0]
