"""Figures as a batch stores them: short, and whole again when they are read."""

from __future__ import annotations

import json
from typing import Any

from features.indicators.catalog import INDICATORS
from features.indicators.indicator import Figure
from features.indicators.scorecard import Level
from serving.indicators.stored import AtRisk, Group, account_text, figures_of, with_risk

LEVEL = Level(expect=20, owner="csm", action="call")


def _figures(**own: dict[str, Any]) -> tuple[Figure, ...]:
    usual: dict[str, Any] = {
        "value": None,
        "numerator": None,
        "denominator": None,
        "n": 0,
        "reason": "no_base",
    }
    return tuple(
        Figure(
            indicator=one.id,
            definition=one.definition,
            start="2024-01-02",
            end="2025-01-01",
            **{**usual, **own.get(one.id, {})},
        )
        for one in INDICATORS
    )


def _value(value: float, **more: object) -> dict[str, Any]:
    return {"value": value, "numerator": value, "denominator": 1.0, "n": 9, "reason": None, **more}


ALL = Group(figures=_figures(nps=_value(10.0)), levels={"nps": LEVEL}, fewest=3)


def test_an_account_reads_as_it_was_written():
    own = _figures(
        nps={"reason": "few_answers", "detail": "9 3", "numerator": 0.0, "n": 2},
        dau_mau=_value(0.0),
        usage_depth=_value(2.5, partial=True),
        csat=_value(50.0, detail="scale 1-5"),
    )
    assert figures_of(account_text(own), ALL) == own


def test_an_account_takes_a_page_of_text_at_most():
    own = _figures(**{one.id: _value(12.3456789) for one in INDICATORS})
    assert len(account_text(own)) < 2000


def test_what_an_older_batch_does_not_know_is_left_out():
    known = json.loads(account_text(_figures()))
    del known["nps"]
    assert "nps" not in {figure.indicator for figure in figures_of(json.dumps(known), ALL)}


def test_alerts_are_those_of_the_levels_that_were_stored():
    [alert] = ALL.alerts
    assert (alert.figure.indicator, alert.level) == ("nps", LEVEL)


def test_revenue_at_risk_is_filled_from_the_bands():
    some = AtRisk(high=100, arr=400, accounts=2)
    [filled] = [f for f in with_risk(ALL.figures, some) if f.indicator == "arr_at_risk"]
    assert (filled.value, filled.denominator, filled.n, filled.reason) == (100, 400, 2, None)
    for band, arr in (("high", None), (None, 900.0)):
        nobody = AtRisk.of(band, arr)
        [empty] = [f for f in with_risk(ALL.figures, nobody) if f.indicator == "arr_at_risk"]
        assert (empty.value, empty.reason) == (None, "no_base")
    assert [AtRisk.of(band, 7.0) for band in ("high", "low")] == [(7, 7, 1), (0, 7, 1)]
