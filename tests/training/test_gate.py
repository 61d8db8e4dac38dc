from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from data.errors import BadInputError
from training.evaluate import Measure, Terms, TestRows
from training.gate import Comparison, compare, decide
from training.guardrails import Guardrail

RATE = 0.1
TERMS = Terms(base_rate=RATE, capacity=25, bootstrap=100, seed=0)
LEAK = Guardrail("leak_audit", passed=False, sentence="the leak audit found 'last_call'")
FINE = Guardrail("monotonicity", passed=True, sentence="no violation in 100,000 pairs")


def sample(churned, *aucs, seed=0):
    """One row per account, a tenth churned, and calibrated risks of the wanted true ROC-AUC each.

    Scores are normal with unit variance in both outcomes, correlated .8 between models.
    """
    rng = np.random.default_rng(seed)
    count = round(churned / RATE)
    y = (np.arange(count) < churned).astype(float)
    shared = np.sqrt(0.8) * rng.standard_normal(count)
    risks = []
    for auc in aucs:
        apart = np.sqrt(2) * NormalDist().inv_cdf(auc)
        score = shared + np.sqrt(0.2) * rng.standard_normal(count) + apart * y
        risks.append(expit(apart * score - apart**2 / 2 + logit(RATE)))
    rows = TestRows(
        y=y,
        account=np.arange(count).astype(str),
        as_of=np.full(count, np.datetime64("2025-01-01")),
        arr=np.exp(rng.normal(9, 1, count)),
    )
    return rows, risks, rng.choice(["large", "middle", "small", "tiny"], count)


def outcomes(churned, *aucs, simulations):
    """How often each outcome comes, each simulated comparison by rows and draws of its own."""
    found: Counter[str] = Counter()
    for seed in range(simulations):
        rows, (champion, challenger), segments = sample(churned, *aucs, seed=seed)
        comparison = compare(rows, champion, challenger, segments, replace(TERMS, seed=seed))
        found[decide(comparison, [FINE]).outcome] += 1
    return found


def comparison(*, value=0.02, error=0.02, sure=0.8, churned=50, guardrails=()):
    return Comparison(
        rows=500,
        churned=churned,
        champion=Measure(0.8, 0.75, 0.85),
        challenger=Measure(0.8 + value, 0.75, 0.9),
        difference=Measure(value, value - 2 * error, value + 2 * error),
        error=error,
        sure=sure,
        guardrails=guardrails,
    )


@pytest.mark.slow
def test_a_challenger_that_is_clearly_worse_is_almost_never_promoted():
    found = outcomes(50, 0.80, 0.76, simulations=200)
    assert found["promote"] < 0.02 * 200
    assert found["keep_champion"] > 0.9 * 200


@pytest.mark.slow
def test_a_challenger_that_is_clearly_better_is_promoted_where_churn_is_plenty():
    assert outcomes(200, 0.80, 0.83, simulations=200)["promote"] >= 0.9 * 200


def test_the_comparison_is_of_equal_rows_and_paired_draws():
    rows, (champion, challenger), segments = sample(50, 0.7, 0.8)
    found = compare(rows, champion, challenger, segments, TERMS)
    wanted = roc_auc_score(rows.y, challenger) - roc_auc_score(rows.y, champion)
    assert (found.rows, found.churned) == (500, 50)
    assert found.difference.value == pytest.approx(wanted)
    assert found.difference.low < wanted < found.difference.high
    widths = [m.high - m.low for m in (found.champion, found.challenger, found.difference)]
    assert widths[2] < 0.7 * np.hypot(widths[0], widths[1])
    assert [rail.name for rail in found.guardrails] == [
        "log_loss",
        "predicted_over_observed",
        "average_precision",
        "arr_recall_at_capacity",
        "worst_segment",
    ]
    assert compare(rows, champion, challenger, None, TERMS).guardrails == found.guardrails[:-1]


def test_an_equal_model_does_not_replace_the_champion():
    rows, (champion,), segments = sample(50, 0.8)
    decision = decide(compare(rows, champion, champion, segments, TERMS), [])
    assert decision.outcome == "keep_champion"
    assert "+0.000 (+0.000 to +0.000); it is ahead in 0.0% of the draws" in decision.sentence


def test_the_draws_of_a_handful_of_churned_accounts_are_not_believed():
    rows, (champion, challenger), segments = sample(9, 0.6, 0.95)
    found = compare(rows, champion, challenger, segments, TERMS)
    assert found.sure > 0.9
    decision = decide(found, [FINE])
    assert (decision.outcome, decision.further_events) == ("not_enough_evidence", 1)
    assert decision.sentence == ("90 rows with 9 churned accounts; at least 10 are needed, 1 more")
    assert found.guardrails == ()


@pytest.mark.parametrize(("label", "further"), [(0.0, 10), (1.0, None)])
def test_rows_of_one_outcome_decide_nothing(label, further):
    rows, (risk,), _ = sample(30, 0.8)
    same = replace(rows, y=np.full_like(rows.y, label))
    decision = decide(compare(same, 0.9 + risk / 20, 0.9 + risk / 10, None, TERMS), [])
    assert (decision.outcome, decision.further_events) == ("not_enough_evidence", further)
    assert "nan" not in decision.sentence


def test_no_rows_are_refused():
    rows, (champion,), _ = sample(10, 0.8)
    none = TestRows(y=rows.y[:0], account=rows.account[:0], as_of=rows.as_of[:0], arr=rows.arr[:0])
    with pytest.raises(BadInputError, match="expected rows with a known result"):
        compare(none, champion[:0], champion[:0], None, TERMS)


@pytest.mark.parametrize(
    ("sure", "outcome"),
    [
        (0.9, "promote"),
        (0.898, "not_enough_evidence"),
        (0.502, "not_enough_evidence"),
        (0.5, "keep_champion"),
        (0.0, "keep_champion"),
    ],
)
def test_the_outcome_follows_the_share_of_draws_ahead(sure, outcome):
    decision = decide(comparison(sure=sure), [FINE])
    assert decision.outcome == outcome
    assert decision.guardrails == (FINE,)
    assert "0.820 against 0.800 on 500 rows with 50 churned accounts" in decision.sentence
    assert "+0.020 (-0.020 to +0.060); it is ahead in" in decision.sentence


def test_a_broken_guardrail_keeps_the_champion_and_is_told():
    loss = Guardrail("log_loss", passed=False, sentence="log-loss differs by +0.1")
    decision = decide(comparison(sure=1.0, guardrails=(loss,)), [FINE, LEAK])
    assert decision.outcome == "keep_champion"
    assert decision.sentence == f"{loss.sentence}; {LEAK.sentence}"
    assert decision.guardrails == (loss, FINE, LEAK)


def test_further_churned_accounts_are_those_that_bring_the_error_down_enough():
    decision = decide(comparison(value=0.02, error=0.02, churned=100), [])
    assert decision.further_events == 65  # 100 x 1.2816 ** 2 = 164.2, of which 100 are there
    assert decision.sentence.endswith("about 65 more churned accounts would settle it")


@pytest.mark.parametrize("value", [0.0, 0.005])
def test_a_difference_near_nothing_is_never_settled(value):
    decision = decide(comparison(value=value), [])
    assert decision.further_events is None
    assert "even 20 times as many would not settle it" in decision.sentence


@given(
    value=st.floats(-0.2, 0.2),
    error=st.floats(0.001, 0.1),
    sure=st.floats(0, 1),
    churned=st.integers(0, 1000),
    broken=st.booleans(),
)
@settings(deadline=None)
def test_only_a_sure_challenger_with_every_guardrail_whole_is_promoted(
    value, error, sure, churned, broken
):
    found = comparison(value=value, error=error, sure=sure, churned=churned)
    decision = decide(found, [LEAK] if broken else [])
    promotable = sure >= 0.9 and churned >= 10 and not broken
    assert (decision.outcome == "promote") is promotable
    if decision.further_events is not None:
        assert decision.outcome == "not_enough_evidence"
        assert 1 <= decision.further_events <= max(10, 19 * churned)
