"""An explanation in words: the same in every language, and as the contract promises, at random."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.catalog import BY_NAME, CATALOG, FAMILIES
from serving.claims import KINDS
from serving.explain import explain
from serving.facts import Facts
from serving.language import LANGUAGES, entries, language
from serving.records import AccountRisk, Batch, Evidence, Explanation
from serving.spoken import spoken

ENGLISH = language("en")
BATCH = Batch(
    batch_id="b1",
    as_of=date(2025, 12, 31),
    model_version="m1",
    method="hazard",
    spec_hash="s",
    horizon_days=90,
    n=1,
    metadata={
        "spec": {"rule": {"kind": "contract"}, "min_history_days": 56},
        "rung": {
            "events": 400,
            "method": "hazard",
            "claims": "a risk, and the families that drive it",
        },
    },
)
ROWS = 10_000


def random_facts(count: int, seed: int) -> Facts:
    """Accounts whose values, past, peers and points are drawn without rhyme or reason."""
    rng = np.random.default_rng(seed)
    numeric = [f for f in CATALOG if f.kind == "number"]

    def table() -> pd.DataFrame:
        sizes = 10 ** rng.uniform(-2, 3, len(numeric))
        found = rng.normal(0.5, 1, (count, len(numeric))) * sizes
        unit = np.array([f.unit for f in numeric])
        whole = ~np.isin(unit, ["share", "times", "share points", "points", "per 4 weeks"])
        found[:, whole] = np.abs(found[:, whole]).round()
        found[:, unit == "yes or no"] = found[:, unit == "yes or no"] > 1
        found[:, unit == "share"] = np.abs(found[:, unit == "share"]) % 1
        found[rng.random(found.shape) < 0.25] = np.nan
        return pd.DataFrame(found, columns=[f.name for f in numeric])

    points = rng.normal(0, 1, (count, len(CATALOG))) * (rng.random((count, len(CATALOG))) < 0.3)
    risk, base = rng.uniform(0, 1, count), 0.1
    points[:, -1] += 0.01
    points *= ((risk - base) / points.sum(axis=1))[:, None] * (np.abs(points.sum(axis=1)) > 0.05)[
        :, None
    ]
    risk = np.clip(base + points.sum(axis=1), 0, 1)
    now = table()
    usual = table().mask(rng.random(now.shape) < 0.3, now)
    row = Evidence(
        source="interactions",
        row_id="i1",
        happened_at=pd.Timestamp("2025-12-01").to_pydatetime(),
        kind="came_by",
        args={"channel": "call"},
    )
    some = rng.random((count, len(FAMILIES))) < 0.5
    ids = [f"a{n}" for n in range(count)]
    return Facts(
        account_ids=ids,
        moment=pd.Timestamp("2025-12-31"),
        risk=risk,
        low=risk,
        high=risk,
        risks={90: risk},
        causes={},
        base=base,
        points=pd.DataFrame(points, columns=[f.name for f in CATALOG]),
        now=now,
        usual=usual,
        healthy=table(),
        groups=[],
        evidence={
            (ids[at], family.name): [row]
            for at, has in enumerate(some)
            for family, there in zip(FAMILIES, has, strict=True)
            if there and family.evidence
        },
        data_until=date(2025, 12, 30),
    )


def account(why: Explanation, risk: float) -> AccountRisk:
    return AccountRisk(
        account_id="a", status="scored", risk=risk, coverage=1, method="hazard", explanation=why
    )


def told(count: int, seed: int, code: str = "en") -> Iterator[tuple[float, AccountRisk]]:
    facts = random_facts(count, seed)
    for risk, why in zip(facts.risk, explain(facts), strict=True):
        yield float(risk), spoken(account(why, float(risk)), BATCH, language(code))


@pytest.mark.slow
def test_the_contract_holds_for_ten_thousand_accounts_drawn_at_random():
    said = set()
    for risk, row in told(ROWS, seed=0):
        why = row.explanation
        assert why is not None
        assert why.base + sum(d.points for d in why.drivers) == pytest.approx(risk, abs=1e-9)
        assert why.base_shown + sum(d.shown for d in why.drivers) == why.risk_shown
        for driver in why.drivers:
            assert driver.sentence.endswith(".")
            assert bool(driver.evidence) != bool(driver.why_no_rows)
            assert driver.points != 0 or driver.shown == 0
            said.add(driver.says)
            if driver.says in KINDS and driver.says != "missing":
                assert_not_against(driver)
    assert said == {*KINDS, "together", "context"} | ({"nothing"} & said) | ({"unknown"} & said)


def assert_not_against(driver) -> None:
    """Nothing that is better than among healthy accounts warns, nothing worse is praised."""
    feature = BY_NAME[driver.feature]
    if not feature.direction or driver.healthy is None or feature.unit == "yes or no":
        return
    worse = feature.direction if driver.direction == "raises" else -feature.direction
    if driver.value.text != driver.healthy.text:
        assert worse * (driver.value.value - driver.healthy.value) >= 0, driver.sentence


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_word_is_there_in_every_language(code):
    english = [row for _, row in told(150, seed=1)]
    others = [row for _, row in told(150, seed=1, code=code)]
    for one, other in zip(english, others, strict=True):
        assert one.explanation is not None
        assert other.explanation is not None
        for mine, theirs in zip(one.explanation.drivers, other.explanation.drivers, strict=True):
            assert (theirs.points, theirs.says, theirs.feature) == (
                mine.points,
                mine.says,
                mine.feature,
            )
            texts = [theirs.label, theirs.claim, theirs.sentence, theirs.why_no_rows]
            texts += [item.what for item in theirs.evidence]
            assert not any("{" in text for text in texts)
            assert theirs.label
            assert theirs.claim
            assert code == "en" or theirs.sentence != mine.sentence
        assert other.summary
        # Said anew in English, it is what was published.
        assert spoken(other, BATCH, ENGLISH) == one


def test_what_an_older_forewarn_published_is_left_as_it_was():
    ((_, row),) = told(1, seed=2)
    assert row.explanation is not None
    old = [
        driver.model_copy(update={"says": None, "claim": "As it was"})
        for driver in row.explanation.drivers
    ]
    again = spoken(
        account(row.explanation.model_copy(update={"drivers": tuple(old)}), 0.5), BATCH, ENGLISH
    )
    assert again.explanation is not None
    assert {driver.claim for driver in again.explanation.drivers} == {"As it was"}


def test_what_happened_stands_behind_the_sentence_that_it_explains():
    left = Evidence(
        source="contacts",
        row_id="c1",
        happened_at=pd.Timestamp("2025-05-03").to_pydatetime(),
        kind="person_left_as",
        args={"person": "Maria Chen", "role": "executive"},
    )
    user = left.model_copy(update={"args": {"person": "Jo Ek", "role": "user"}})
    facts = random_facts(1, 3)
    name = "champion_departures_180"
    empty = facts.points * 0
    table = pd.DataFrame({name: [1.0]})
    facts = Facts(
        **{
            **vars(facts),
            "points": empty[[name]].assign(**{name: 0.2}),
            "risk": np.array([0.3]),
            "now": table,
            "usual": table * 0,
            "healthy": table * 0,
            "evidence": {("a0", "single_contact"): [user, left]},
        }
    )
    (why,) = explain(facts)
    row = spoken(account(why, 0.3), BATCH, ENGLISH)
    assert row.explanation is not None
    assert row.explanation.drivers[0].sentence == (
        "1 of their champions and executives left in the last half year "
        "(usually 0; healthy accounts like it 0). "
        "Maria Chen (executive) left them on May 3, 2025."
    )
    assert row.summary == (
        "30% risk of leaving within 90 days: "
        "1 of their champions and executives left in the last half year."
    )


def test_whatever_a_rung_claims_can_be_translated():
    from training.ladder import ruled, rung

    steps = [rung(events, windows=windows) for events in (0, 5, 50, 200, 400) for windows in (1, 2)]
    claims = {step.claims for step in steps} | {ruled(rung(200, windows=2)).claims}
    assert claims == {said for key, said in entries().items() if key.startswith("claims.")}
