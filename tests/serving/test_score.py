"""One moment of a small company, scored by a model whose sums can be done in the head."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from data.churn import ChurnRule
from data.errors import BadInputError, MissingError, RefusedError
from data.land import land
from data.workspace import Workspace
from serving.database import reading
from serving.language import language
from serving.records import Batch
from serving.score import batch_id, score
from serving.spoken import learnt_after
from serving.store import current_batch, ranked
from training.config import Config
from training.spec import ChurnSpec

JULY = date(2025, 7, 1)


def published(workspace, by="risk"):
    store = reading(workspace.store)
    batch = current_batch(store)
    return {row.account_id: row for row in ranked(store, batch.batch_id, by=by, limit=99)}


@pytest.fixture
def scored(workspace, crown):
    crown()
    score(workspace, Config(), as_of=JULY)
    return published(workspace)


def test_every_customer_is_listed_once_with_its_status(scored):
    assert {name: row.status for name, row in scored.items()} == {
        "ant": "scored",
        "bee": "scored",
        "gnu/1": "scored",
        "cat": "decided",
        "dog": "insufficient_history",
        "elk": "insufficient_history",
    }


def test_a_batch_tells_what_its_tables_held(workspace, crown):
    crown()
    metadata = score(workspace, Config(), as_of=JULY).metadata
    told = {table.pop("table"): table for table in metadata["tables"]}
    assert set(told) == set(workspace.manifest()["tables"])
    assert told["interactions"] == {
        "rows": 153,
        "duplicate": 0,
        "quarantined": 0,
        "odd": 0,
        "newest": "2025-06-29",
    }
    assert told["accounts"]["newest"] is None


def test_the_risk_is_the_models_and_the_band_follows(scored):
    # bee: 90 days since 2 April, 80 beyond ten, 3 messages: 10 + 32 + 6 + 1 points
    assert scored["bee"].risk == pytest.approx(0.49)
    assert scored["bee"].band == "high"
    assert scored["ant"].risk == pytest.approx(0.1 + 0.004 * (2 - 10) + 0.01)
    assert scored["ant"].band == "low"


def test_the_risk_at_every_horizon_and_the_band_stand_beside_it(scored):
    bee = scored["bee"]
    assert bee.risks == {90: bee.risk, 180: pytest.approx(0.745)}
    assert bee.causes == {"voluntary": 0.75 * bee.risk, "involuntary": 0.25 * bee.risk}
    assert (bee.risk_low, bee.risk_high) == (pytest.approx(0.392), pytest.approx(0.588))
    assert bee.method == "fake"


def test_a_band_that_rounding_puts_beside_the_risk_is_put_around_it(workspace, crown):
    model = crown()
    model.band = lambda frame: (model.risk(frame) + 1e-17, model.risk(frame) - 1e-15)
    score(workspace, Config(), as_of=JULY)
    bee = published(workspace)["bee"]
    assert bee.risk_low == bee.risk == bee.risk_high


@pytest.mark.parametrize(
    ("method", "rung", "said"),
    [
        (
            "rules",
            {"events": 0, "method": "rules", "claims": "only the order of accounts is claimed"},
            "Expert rules, not learnt from your data; only the order of accounts is claimed.",
        ),
        (
            "rules",
            {"events": 120, "method": "hazard", "claims": "a risk"},
            "Expert rules, not learnt from your data; no learnt model proved better.",
        ),
    ],
)
def test_risks_of_rules_say_that_nothing_was_learnt(workspace, crown, method, rung, said):
    crown(method=method, rung=rung)
    batch = score(workspace, Config(), as_of=JULY)
    assert (batch.method, batch.metadata["rung"]) == (method, rung)
    rows = published(workspace)
    assert rows["bee"].method == method
    assert rows["bee"].summary.endswith(f" for 90 days. {said}")
    assert rows["cat"].method is None


def test_an_account_without_a_risk_says_why_and_shows_no_number(scored):
    assert scored["cat"].summary == (
        "Notice given on Jun 20, 2025: already decided, so not scored."
    )
    assert scored["dog"].summary == "Too new to score: fewer than 56 days as a customer."
    for name in ("cat", "dog", "elk"):
        row = scored[name]
        assert (row.risk, row.band, row.arr_at_risk, row.explanation) == (None, None, None, None)
        assert (row.risk_low, row.risk_high, row.risks, row.method) == (None, None, {}, None)
        assert row.causes == {}


def test_revenue_is_twelve_months_and_at_risk_by_the_risk(scored):
    assert scored["bee"].arr == 2400
    assert scored["bee"].arr_at_risk == pytest.approx(0.49 * 2400)
    assert scored["gnu/1"].arr == 0
    assert scored["cat"].arr == 3600


def test_who_the_account_is_is_read_as_of_the_moment(scored):
    assert scored["ant"].csm == "frida"
    assert scored["bee"].csm == "dana"
    assert scored["ant"].name == "Ant & Co"
    assert scored["gnu/1"].title == "gnu/1"
    assert scored["bee"].renewal_at == date(2025, 9, 1)
    assert scored["gnu/1"].renewal_at is None


def test_the_explanation_compares_with_the_own_past_and_with_healthy_peers(scored):
    why = scored["bee"].explanation
    silence = why.drivers[0]
    assert why.base_shown + sum(d.shown for d in why.drivers) == why.risk_shown == 49
    assert silence.shown == 38
    # Heard every ten days until 2 April: silent for 60 days on 1 June, 30 on 2 May, 10 before.
    assert silence.sentence == (
        "Nobody there has come to us for 90 days "
        "(usually 10 days; healthy accounts like it 5 days). "
        "They came to us (e-mail) on Apr 2, 2025."
    )
    assert silence.data_until == date(2025, 6, 29)
    assert {row.source for row in silence.evidence} == {"interactions"}
    assert silence.evidence[0].row_id == "ask-30"
    assert scored["bee"].summary == (
        "49% risk of leaving within 90 days: nobody there has come to us for 90 days."
    )


def test_a_repeated_run_is_the_same_batch_and_says_so(workspace, crown):
    crown()
    said: list[str] = []
    first = score(workspace, Config(), as_of=JULY)
    again = score(workspace, Config(), as_of=JULY, say=said.append)
    assert again.batch_id == first.batch_id == current_batch(reading(workspace.store)).batch_id
    assert said == [f"already published as batch {first.batch_id}; nothing to do"]


def test_another_model_or_moment_is_another_batch():
    def made(as_of: date = JULY, model: str = "m1", data: str = "f1", before: str = "") -> str:
        batch = Batch(
            batch_id=before,
            as_of=as_of,
            model_version=model,
            method="fake",
            spec_hash="s",
            horizon_days=90,
            n=1,
            metadata={"data_fingerprint": data},
        )
        return batch_id(batch, batch if before else None)

    others = (made(model="m2"), made(data="f2"), made(date(2025, 7, 2)), made(before="b0"))
    assert len({made(), *others}) == 5
    assert made() == made()


def test_an_earlier_batch_that_is_published_later_makes_the_comparison_anew(workspace, crown):
    crown()
    first = score(workspace, Config(), as_of=JULY)
    score(workspace, Config(), as_of=date(2025, 6, 1))
    again = score(workspace, Config(), as_of=JULY)
    assert again.batch_id != first.batch_id
    assert published(workspace)["bee"].explanation.change.since == date(2025, 6, 1)
    assert score(workspace, Config(), as_of=JULY).batch_id == again.batch_id


def test_a_moment_that_the_model_has_learnt_from_is_said_to_be_no_forecast(workspace, crown):
    crown()
    early = score(workspace, Config(), as_of=date(2024, 12, 31))
    late = score(workspace, Config(), as_of=JULY)
    told = [learnt_after(batch, language("en")) for batch in (early, late)]
    assert told[1] == ""
    assert "data until Jan 1, 2025, after the moment that is scored" in told[0]


def test_a_failed_run_leaves_the_last_good_batch_served(workspace, crown):
    crown("good")
    good = score(workspace, Config(), as_of=JULY)
    broken = crown("broken")
    broken.risks = lambda frame: {90: np.full(len(frame), np.nan)}
    with pytest.raises(ValueError, match="NaN"):
        score(workspace, Config(), as_of=JULY)
    assert current_batch(reading(workspace.store)).batch_id == good.batch_id


def test_a_moment_far_beyond_the_data_is_refused(workspace, crown):
    crown()
    with pytest.raises(BadInputError, match="every account looks silent"):
        score(workspace, Config(), as_of=date(2025, 7, 7))
    assert not workspace.store.exists()


def test_a_moment_without_customers_to_score_is_refused(workspace, crown):
    crown()
    with pytest.raises(RefusedError, match="no account can be scored at 2022-12-01"):
        score(workspace, Config(), as_of=date(2022, 12, 1))


def test_settings_that_ask_for_something_else_are_refused(workspace, crown):
    crown(spec=ChurnSpec(rule=ChurnRule(), horizon_days=60))
    with pytest.raises(BadInputError, match=r"horizon_days 60.*horizon_days 90"):
        score(workspace, Config(), as_of=JULY)


def test_without_a_champion_the_error_says_what_to_run(workspace):
    with pytest.raises(MissingError, match="forewarn train"):
        score(workspace, Config(), as_of=JULY)


def test_a_firm_without_contracts_is_told_of_silence(workspace, crown):
    rule = ChurnRule(kind="silence", of="interactions", days=90)
    crown(spec=ChurnSpec(rule=rule))
    batch = score(workspace, Config(churn=rule), as_of=JULY)
    rows = published(workspace)
    assert batch.horizon_days == 90
    assert set(rows) == {"ant", "bee", "gnu/1"}
    assert rows["bee"].summary.startswith("49% risk of staying silent for 90 days: ")


@pytest.fixture
def billed(tmp_path, company) -> Path:
    """The company, with an invoice a month up to the end of June."""
    folder = company(tmp_path / "company")
    head = "invoice_id,account_id,issued_at,due_at,amount"
    bills = [f"n{i},ant,2025-0{i}-27,2025-0{i}-27,1" for i in range(1, 7)]
    (folder / "invoices.csv").write_text("\n".join([head, *bills]))
    return folder


def test_a_feed_that_stopped_is_named_and_what_rests_on_it_is_unknown(billed, tmp_path, crown):
    head, *touches = (billed / "interactions.csv").read_text().splitlines()
    early = [line for line in touches if line.split(",")[2] < "2025-04-15"]
    (billed / "interactions.csv").write_text("\n".join([head, *early]))
    workspace = Workspace(tmp_path / "workspace")
    land(str(billed), workspace)
    crown()
    batch = score(workspace, Config(), as_of=JULY)
    assert batch.metadata["dead_feeds"] == [
        {"table": "interactions", "state": "stale", "since": "2025-04-10"}
    ]
    rows = published(workspace)
    assert [row.risk for row in rows.values() if row.risk] == [pytest.approx(0.11)] * 3
    assert rows["bee"].explanation.reasons() == ()


def test_a_table_that_the_model_reads_and_that_is_gone_is_named(billed, tmp_path, crown):
    (billed / "interactions.csv").unlink()
    workspace = Workspace(tmp_path / "workspace")
    land(str(billed), workspace)
    crown()
    batch = score(workspace, Config(), as_of=JULY)
    assert batch.metadata["dead_feeds"] == [
        {"table": "interactions", "state": "missing", "since": None}
    ]


def test_live_feeds_are_not_mentioned(workspace, crown):
    crown()
    assert score(workspace, Config(), as_of=JULY).metadata["dead_feeds"] == []
