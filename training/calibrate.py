"""From raw log-odds to probabilities that mean what they say, by a straight line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

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


def calibrated(
    margins: Numbers,
    y: Numbers,
    as_of: npt.NDArray[np.datetime64],
    account: npt.NDArray[np.str_],
) -> Calibration:
    """The calibration to use: a line that has proved itself forward in time, or none.

    `margins` must be out-of-fold. The line fitted on the earlier half of the snapshots has to
    lower the log-loss of the later half, by more than 1.645 standard errors over accounts; only
    then is it fitted on all, else (1, 0) is returned. The bar is not idle: boosting on log-loss is
    calibrated already, and the folds' models know less than the final one, so a line that wins by
    less mends what the final model does not have.
    """
    moments = np.unique(as_of)
    if len(moments) < 2:
        return Calibration()
    later = as_of >= moments[len(moments) // 2]
    trial = fitted(margins[~later], y[~later])
    before, after = margins[later], trial.logits(margins[later])
    gain = losses(before, y[later]) - losses(after, y[later])
    code = np.unique(account[later], return_inverse=True)[1]
    per_account = np.bincount(code, weights=gain)
    if per_account.sum() <= SURE * np.sqrt(np.sum(per_account**2)):
        return Calibration()
    return fitted(margins, y)


def losses(logits: Numbers, y: Numbers) -> Numbers:
    """Log-loss of log-odds, in nats per row; finite however sure and wrong they are."""
    return np.asarray(np.logaddexp(0, logits) - y * logits, dtype=np.float64)
