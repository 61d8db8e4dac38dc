"""From raw log-odds to probabilities that mean what they say, by a straight line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit

from training.matrix import Numbers

MIN_SLOPE = 0.05
RIDGE = 1.0
SURE = 1.645


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Calibrated log-odds = slope x raw log-odds + intercept; (1, 0) changes nothing.

    A straight line keeps the order of accounts and scales their contributions exactly, which
    isotonic regression does not; with ten to a thousand events it was also the more accurate.
    """

    slope: float = 1.0
    intercept: float = 0.0

    def logits(self, margins: Numbers) -> Numbers:
        """Calibrated log-odds."""
        return self.slope * margins + self.intercept

    def risk(self, margins: Numbers) -> Numbers:
        """Calibrated probabilities."""
        return np.asarray(expit(self.logits(margins)), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """What one model foretold of cases it did not know, as raw log-odds, and what came of them."""

    margins: Numbers
    y: Numbers
    account: npt.NDArray[np.str_]


def fitted(margins: Numbers, y: Numbers) -> Calibration:
    """The line of least log-loss, held near (1, 0) by a ridge, with a slope of at least 0.05.

    The ridge weighs as much as about one row of evidence and acts on the line through the mean
    margin, so that a change of slope alone does not move the average.
    """
    centre = float(np.mean(margins))
    spread = margins - centre

    def loss(line: Numbers) -> tuple[float, Numbers]:
        slope, shift = line
        logits = slope * spread + centre + shift
        error = expit(logits) - y
        penalty = 0.5 * RIDGE * ((slope - 1) ** 2 + shift**2)
        pull = RIDGE * np.array([slope - 1, shift])
        gradient = np.array([error @ spread, error.sum()]) + pull
        return float(losses(logits, y).sum() + penalty), gradient

    found = minimize(loss, x0=[1.0, 0.0], jac=True, bounds=[(MIN_SLOPE, None), (None, None)])
    slope, shift = map(float, found.x)
    return Calibration(slope=slope, intercept=centre + shift - slope * centre)


def rise(margins: Numbers, rate: float) -> float:
    """What has to be added to the log-odds so that their mean risk is `rate`, between 0 and 1."""
    middle = float(logit(rate))
    found = brentq(
        lambda at: float(np.mean(expit(margins + at))) - rate,
        middle - margins.max() - 1,
        middle - margins.min() + 1,
    )
    return float(found)


def calibrated(blocks: Sequence[Foretold], *, before: Sequence[Foretold]) -> Calibration:
    """The calibration to use, after models of several origins, oldest first: a line, or none.

    `before` is what was known of the earlier blocks when the last one began. The line fitted to it
    has to lower the log-loss of the last, which another model foretold, by more than 1.645 standard
    errors over accounts; only then is a line fitted, to the last two blocks, else (1, 0) is
    returned. The bar is not idle: boosting on log-loss is calibrated already, and models of a young
    history know less than the final one, so a line that mends them would spoil it.
    """
    if not blocks or not before:
        return Calibration()
    last, trial = blocks[-1], _line(before)
    gain = losses(last.margins, last.y) - losses(trial.logits(last.margins), last.y)
    code = np.unique(last.account, return_inverse=True)[1]
    per_account = np.bincount(code, weights=gain)
    if per_account.sum() <= SURE * np.sqrt(np.sum(per_account**2)):
        return Calibration()
    return _line(blocks[-2:])


def _line(blocks: Sequence[Foretold]) -> Calibration:
    return fitted(
        np.concatenate([block.margins for block in blocks]),
        np.concatenate([block.y for block in blocks]),
    )


def losses(logits: Numbers, y: Numbers) -> Numbers:
    """Log-loss of log-odds, in nats per row; finite however sure and wrong they are."""
    return np.asarray(np.logaddexp(0, logits) - y * logits, dtype=np.float64)
