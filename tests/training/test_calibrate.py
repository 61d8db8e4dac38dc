from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from training.calibrate import Calibration, Foretold, fitted, losses, rise
from training.calibrate import calibrated as by_what_was_known


def sample(*, slope=1.0, shift=0.0, rows=4000, seed=0):
    """Margins whose true log-odds are `slope` x margin + `shift`, and what came of them."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(-2, 1.5, size=rows)
    y = (rng.random(rows) < expit(slope * margins + shift)).astype(float)
    return margins, y


def test_the_line_is_that_of_a_logistic_regression_when_there_is_much_evidence():
    margins, y = sample(slope=0.5, shift=0.7, rows=20_000)
    found = fitted(margins, y)
    oracle = LogisticRegression(C=1e9).fit(margins[:, None], y)
    assert found.slope == pytest.approx(oracle.coef_[0, 0], abs=0.01)
    assert found.intercept == pytest.approx(oracle.intercept_[0], abs=0.01)


def test_little_evidence_leaves_the_line_near_where_it_was():
    found = fitted(np.array([-3.0, -1.0]), np.array([0.0, 1.0]))
    assert found.slope == pytest.approx(1, abs=0.6)


@pytest.mark.parametrize("rate", [1e-6, 0.03, 0.5, 0.999])
def test_a_rise_gives_the_mean_risk_that_was_asked_for(rate):
    margins, _ = sample()
    assert expit(margins + rise(margins, rate)).mean() == pytest.approx(rate, rel=1e-5)
    assert rise(np.zeros(3), rate) == pytest.approx(np.log(rate / (1 - rate)))


def test_the_slope_never_turns_the_order_round():
    margins, y = sample(slope=-2.0)
    assert fitted(margins, y).slope == 0.05


def block(*, slope=1.0, shift=0.0, rows=1000, seed=0, account=None) -> Foretold:
    margins, y = sample(slope=slope, shift=shift, rows=rows, seed=seed)
    names = np.arange(rows).astype(str) if account is None else np.full(rows, account)
    return Foretold(margins=margins, y=y, account=names)


def calibrated(blocks: list[Foretold]) -> Calibration:
    """With everything known of the earlier blocks when the last began."""
    return by_what_was_known(blocks, before=blocks[:-1])


def test_a_calibration_that_clearly_helps_the_later_model_is_accepted():
    blocks = [block(slope=0.4, seed=seed) for seed in range(3)]
    assert calibrated(blocks).slope == pytest.approx(0.4, abs=0.1)


def test_the_line_is_fitted_to_the_last_two_blocks():
    blocks = [block(slope=0.4, seed=seed) for seed in range(3)]
    last = [np.concatenate([getattr(b, name) for b in blocks[1:]]) for name in ("margins", "y")]
    assert calibrated(blocks) == calibrated(blocks[1:]) == fitted(*last)


def test_what_is_calibrated_already_is_left_alone():
    for seed in range(5):
        blocks = [block(seed=3 * seed + number) for number in range(3)]
        assert calibrated(blocks) == Calibration()


def test_an_early_model_that_was_off_changes_nothing_by_itself():
    early, last = block(slope=0.3, shift=1.5), block(seed=1)
    assert fitted(early.margins, early.y).slope < 0.5
    assert calibrated([early, last]) == Calibration()
    assert calibrated([early, block(seed=2), last]) == Calibration()


def test_a_line_is_accepted_by_the_gain_of_the_last_block_counted_by_account():
    """Four rows an account; the gain and its standard error in a plain loop."""
    accepted = []
    for seed in range(12):
        blocks = [block(slope=0.75, rows=400, seed=3 * seed + number) for number in range(3)]
        names = np.repeat(np.arange(100).astype(str), 4)
        last = replace(blocks[-1], account=names)
        early = [np.concatenate([getattr(b, n) for b in blocks[:2]]) for n in ("margins", "y")]
        line = fitted(*early)
        gains: dict[str, float] = {}
        for margin, y, name in zip(last.margins, last.y, names, strict=True):
            before, after = expit(margin), expit(line.slope * margin + line.intercept)
            gain = np.log(after / before) if y else np.log((1 - after) / (1 - before))
            gains[name] = gains.get(name, 0.0) + float(gain)
        error = sum(gain**2 for gain in gains.values()) ** 0.5
        helps = sum(gains.values()) > 1.645 * error
        assert (calibrated([*blocks[:2], last]) != Calibration()) == helps
        accepted.append(helps)
    assert 0 < sum(accepted) < 12


def test_a_gain_that_one_account_makes_is_no_proof():
    blocks = [block(slope=0.4, seed=seed) for seed in range(2)]
    assert calibrated(blocks) != Calibration()
    alone = block(slope=0.4, seed=1, account="a")
    assert calibrated([blocks[0], alone]) == Calibration()


def test_a_line_that_was_not_known_when_the_last_model_was_made_proves_nothing():
    blocks = [block(slope=0.4, seed=seed) for seed in range(3)]
    unlike = [block(seed=9)]
    assert by_what_was_known(blocks, before=[]) == Calibration()
    assert by_what_was_known(blocks, before=unlike) == Calibration()
    assert by_what_was_known(blocks, before=blocks[:1]) == calibrated(blocks)


def test_one_model_cannot_prove_anything_about_the_next():
    assert calibrated([block(slope=0.4)]) == Calibration()
    assert calibrated([]) == Calibration()


def test_losses_are_those_of_scikit_learn_and_finite_at_the_extremes():
    margins, y = sample()
    assert losses(margins, y).mean() == pytest.approx(log_loss(y, expit(margins)))
    assert np.isfinite(losses(np.array([-800.0, 800.0]), np.array([1.0, 0.0]))).all()


def test_risk_is_the_logistic_of_the_line():
    line = Calibration(slope=2.0, intercept=-1.0)
    assert line.risk(np.array([0.5, 1.0])) == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
