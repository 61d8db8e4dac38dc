"""Scoring on demand: as a batch over the same rows, point in time, and by one model at a time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from typing import Any

import pytest

from data.errors import ForewarnError, MissingError
from data.files import atomic
from data.land import land
from data.workspace import Workspace
from serving.ondemand.asked import OutOfReachError
from serving.ondemand.scorer import Scorer
from serving.published import Published
from serving.records import AccountRisk
from serving.score import score
from training.config import Config

JULY = date(2025, 7, 1)
Item = dict[str, Any]


def scorer_of(workspace: Workspace) -> Any:
    return Scorer(workspace, Published(workspace.store, workspace.models))


@pytest.fixture
def scored(workspace, crown) -> Workspace:
    crown()
    score(workspace, Config(), as_of=JULY)
    return workspace


@pytest.fixture
def ask(scored) -> Callable[..., AccountRisk]:
    """The risk of one account as it is sent."""
    scorer = scorer_of(scored)

    def asked(item: Item, **how: Any) -> AccountRisk:
        (result,) = scorer.score([item], **how).results
        assert result.misfits == ()
        assert result.risk is not None
        return result.risk

    return asked


def with_touch(item: Item, **touch: Any) -> Item:
    """The account, and that it came to us once more."""
    item = deepcopy(item)
    more = {"interaction_id": "more", "direction": "inbound", "channel": "email", **touch}
    item.setdefault("interactions", []).append(more)
    return item


def test_every_account_is_told_what_the_batch_tells_of_it(scored, sent):
    published = Published(scored.store, scored.models)
    batch = published.batch()
    outcome = scorer_of(scored).score(list(sent.values()))
    assert outcome.batch == batch
    told = {result.account_id: result.risk for result in outcome.results}
    assert list(told) == list(sent)
    assert told.pop("fox") is None, "a customer no more"
    for account_id, risk in told.items():
        wanted = published.account(batch, account_id)
        assert wanted is not None
        names = set(AccountRisk.model_fields) - {"told", "dossier_json", "explanation"}
        # What only a look at all accounts can tell is not told.
        names -= {"last_inbound_at", "engaged_people", "pulse", "pulse_at"}
        assert {n: getattr(risk, n) for n in names} == {n: getattr(wanted, n) for n in names}
        if wanted.explanation is not None:
            assert risk.explanation.drivers == wanted.explanation.drivers


def test_a_change_counts_at_once(ask, sent):
    # bee: 90 days since 2 April, 80 beyond ten, 3 messages: 10 + 32 + 6 + 1 points
    before = ask(sent["bee"])
    assert before.risk == pytest.approx(0.49)
    after = ask(with_touch(sent["bee"], occurred_at="2025-06-30T09:00:00Z"))
    assert after.risk == pytest.approx(0.1 + 0.004 * (1 - 10) + 0.01)
    notice = deepcopy(sent["bee"])
    notice["subscriptions"][0]["notice_at"] = "2025-06-30"
    assert ask(notice).status == "decided"


@pytest.mark.parametrize(
    "late",
    [
        {"occurred_at": "2025-07-01T00:00:00Z"},
        {"occurred_at": "2025-06-30T23:00:00-01:00"},
        {"occurred_at": "2026-01-01"},
        {"occurred_at": "2025-06-30T09:00:00Z", "known_at": "2025-07-01T00:00:00Z"},
    ],
)
def test_what_was_not_known_by_then_is_passed_over(workspace, crown, company, sent, tmp_path, late):
    folder = company(tmp_path / "company")
    path = folder / "interactions.csv"
    head, *rows = path.read_text().splitlines()
    rows = [f"{row},{row.split(',')[2]}" for row in rows]
    path.write_text("\n".join([f"{head},known_at", *rows, ""]))
    workspace.lake.unlink()
    land(str(folder), workspace)
    crown()
    score(workspace, Config(), as_of=JULY)
    scorer = scorer_of(workspace)
    plain, more = (
        scorer.score([item]).results[0].risk
        for item in (sent["bee"], with_touch(sent["bee"], **late))
    )
    assert plain == more
    if "known_at" not in late and late["occurred_at"] < "2025-07-02":
        later = scorer.score([with_touch(sent["bee"], **late)], as_of=date(2025, 7, 2))
        assert later.results[0].risk.risk < plain.risk
        assert later.batch.as_of == date(2025, 7, 2)


def test_rows_that_are_not_sent_have_not_happened_and_unknown_tables_are_unknown(ask, sent):
    nothing = {**sent["bee"], "interactions": []}
    never = ask(nothing)  # never in touch at all: unknown, whatever else is
    assert never.risk == pytest.approx(0.1 + 0.01)
    long_ago = ask(with_touch(nothing, occurred_at="2025-01-01"))
    assert long_ago.risk == pytest.approx(0.1 + 0.01 + 0.004 * (181 - 10))
    unknown = ask(sent["bee"], unknown_tables=["interactions"])
    assert unknown.risk == pytest.approx(0.1 + 0.01)
    assert unknown.coverage < ask(sent["bee"]).coverage


def test_a_feed_that_has_stopped_says_nothing_of_anybody(workspace, crown, company, sent, tmp_path):
    folder = company(tmp_path / "company")
    path = folder / "interactions.csv"
    kept = [row for row in path.read_text().splitlines() if ",2025-0" not in row]
    path.write_text("\n".join([*kept, ""]))
    (folder / "usage_events.csv").write_text(
        "account_id,occurred_at,feature\n" + "ant,2025-06-30,export\n"
    )
    workspace.lake.unlink()
    land(str(folder), workspace)
    crown()
    score(workspace, Config(), as_of=JULY)
    (result,) = scorer_of(workspace).score([sent["bee"]]).results
    assert result.risk.risk == pytest.approx(0.1 + 0.01), "touches stopped in 2024 for all"


def test_an_account_that_is_refused_does_not_take_the_others_with_it(scored, sent):
    wrong = {**sent["ant"], "subscriptions": [{"mrr": "much"}]}
    scorer = scorer_of(scored)
    results = scorer.score([sent["bee"], wrong, sent["ant"], sent["cat"]]).results
    assert [bool(result.risk) for result in results] == [True, False, False, True]
    assert results[1].misfits[-1].place == "subscriptions.0.mrr"
    assert results[2].misfits[0].expected == "expected each account once"
    (alone,) = scorer.score([sent["bee"]]).results
    assert results[0] == alone


def test_a_moment_far_from_the_data_is_out_of_reach(scored, sent):
    scorer = scorer_of(scored)
    for day in (date(2019, 1, 1), date(1, 1, 1), date(2025, 7, 9), date(9999, 12, 31)):
        with pytest.raises(OutOfReachError, match="expected a day from 20"):
            scorer.score([sent["ant"]], as_of=day)


def test_the_workspace_is_neither_held_nor_written_to(scored, sent):
    before = {path: path.stat().st_mtime_ns for path in scored.root.rglob("*")}
    with scored.locked():
        before[scored.root / "lock"] = (scored.root / "lock").stat().st_mtime_ns
        assert scorer_of(scored).score([sent["ant"]]).results[0].risk
    after = {path: path.stat().st_mtime_ns for path in scored.root.rglob("*")}
    changed = {path.name for path in after if after[path] != before.get(path)}
    assert {name for name in changed if not name.startswith("store.db")} <= {scored.root.name}


def test_requests_under_way_keep_their_model_when_another_is_served(workspace, crowned, sent):
    crowned("m1")
    score(workspace, Config(), as_of=JULY)
    scorer = scorer_of(workspace)
    seen: list[tuple[str, float]] = []
    failures: list[Exception] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            try:
                outcome = scorer.score([sent["ant"], sent["bee"]])
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                failures.append(error)
                return
            first, second = (result.risk for result in outcome.results)
            assert first.risk is not None
            seen.append((outcome.batch.model_version, round(second.risk - first.risk, 6)))
            seen.append((outcome.batch.model_version, round(first.risk, 6)))

    threads = [threading.Thread(target=keep_asking) for _ in range(3)]
    for thread in threads:
        thread.start()
    while not seen and not failures:
        time.sleep(0.01)
    crowned("m2", more=0.2)
    score(workspace, Config(), as_of=JULY)
    until = time.monotonic() + 30
    while not failures and time.monotonic() < until and not any(v == "m2" for v, _ in seen):
        time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    apart, ant = 0.412, 0.078
    assert set(seen) == {("m1", apart), ("m1", ant), ("m2", apart), ("m2", round(ant + 0.2, 6))}


def test_a_model_that_was_made_anew_under_its_version_is_loaded_anew(workspace, crowned, sent):
    # As when an account is erased from what it remembers.
    crowned("m1")
    score(workspace, Config(), as_of=JULY)
    scorer, place = scorer_of(workspace), workspace.models / "m1" / "model.json"

    def written(more: float, seal: str) -> float:
        crowned("m1", more=more)
        with atomic(place.parent) as folder:
            folder.mkdir(parents=True)
            (folder / place.name).write_text(json.dumps({"seal": seal}))
        return told()

    def told() -> float:
        risk: float = scorer.score([sent["ant"]]).results[0].risk.risk
        return round(risk, 3)

    assert [written(0.0, "0"), written(0.2, "1"), written(0.1, "2")] == [0.078, 0.278, 0.178]
    crowned("m1")
    assert told() == 0.178, "the file is the same"
    place.unlink()
    assert told() == 0.178, "nothing has taken its place yet"


def test_a_model_that_is_gone_is_no_mistake_of_the_asker(scored, sent, monkeypatch):
    def gone(_folder: object) -> None:
        raise MissingError("no model here")

    monkeypatch.setattr("serving.ondemand.served.Model.load", gone)
    with pytest.raises(ForewarnError) as error:
        scorer_of(scored).score([sent["ant"]])
    assert not isinstance(error.value, OutOfReachError)


def test_landing_another_lake_is_noticed(scored, sent, company, tmp_path):
    scorer = scorer_of(scored)
    bee = scorer.score([sent["bee"]]).results[0].risk
    folder = company(tmp_path / "company")
    (folder / "interactions.csv").unlink()
    (folder / "invoices.csv").write_text(
        "invoice_id,account_id,issued_at,due_at,amount\nn1,ant,2025-06-30,2025-07-30,10\n"
        "n2,ant,2023-06-01,2023-06-30,10\n"
    )
    scored.lake.unlink()
    land(str(folder), scored)
    assert bee.risk == pytest.approx(0.49)
    after = scorer.score([sent["bee"]]).results[0].risk
    assert after.risk == pytest.approx(0.1 + 0.01), "touches are not landed any more"
