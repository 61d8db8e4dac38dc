"""Accounts with a play beside accounts like them without one: doubly robust, cross-fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit
from sklearn.linear_model import LogisticRegression

from training.effects.proportions import LEVEL, Estimate
from training.matrix import Numbers

# Whoever had a play so surely has nobody alike without one; more parts mean more fits, not less
# bias. With twenty columns and fifty plays, a few rows far out would get all the weight: so no
# number counts as further out than three standard deviations. A harder penalty would leave groups
# apart that were chosen sharply.
LIMIT, _PARTS, _PENALTY, _FAR = 0.95, 5, 1.0, 3.0
# One account has no spread.
_FEWEST = 2
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Accounts at moments, row for row: who it was, with a play or without, whether they left.

    `x` holds what was known then, a column for each of `names`, every number finite.
    """

    account: npt.NDArray[np.str_]
    treated: Flags
    left: Flags
    x: Numbers
    names: tuple[str, ...]


@dataclass(frozen=True)
class Balance:
    """How far the two groups are apart in a column, in standard deviations, and after weighting."""

    name: str
    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class Adjusted:
    """How many left of those with a play, `share`, beside `expected`: accounts alike without one.

    `estimate` is the difference. It speaks of the rows with a play but for the `trimmed` ones, for
    which there is nobody alike. All rows without a play together weigh as much as `effective` would
    that were alike to begin with. `overlap` counts, with a play and without one, the rows of which
    a play was as likely as each tenth from 0 to 1 says.
    """

    estimate: Estimate
    share: float
    expected: float
    trimmed: int
    effective: float
    balance: tuple[Balance, ...]
    overlap: tuple[tuple[int, int], ...]


def adjusted(cases: Cases, *, seed: int = 0, level: float = LEVEL) -> Adjusted | None:
    """The two shares for those who had a play, each row weighed and predicted by other accounts.

    The estimator of the difference on the treated is augmented inverse-probability weighting with
    weights that add up to one (Robins, Rotnitzky & Zhao, JASA 89, 1994; Chernozhukov et al.,
    Econometrics Journal 21, 2018, for the cross-fitting): right where either the choice or the
    outcome is modelled well, and nothing that is not recorded steers both. The interval comes from
    the influence of each account, with Student's t: the fewer they are, the wider. At least ten
    accounts on each side, and five that left of those without a play, must be there.

    None where there is nobody to compare: each account with a play had it so surely that nobody is
    alike, or one side comes down to a single account.
    """
    x = _scaled(cases.x)
    part = _parts(cases, np.random.default_rng(seed))
    propensity, predicted = np.empty(len(x)), np.empty(len(x))
    for number in range(_PARTS):
        own, others = part == number, part != number
        propensity[own] = _fitted(x[others], cases.treated[others], x[own])
        alike = others & ~cases.treated
        predicted[own] = _fitted(x[alike], cases.left[alike], x[own])
    kept = propensity <= LIMIT
    treated = (cases.treated & kept).astype(np.float64)
    odds = np.zeros(len(x))
    others = ~cases.treated & kept
    odds[others] = propensity[others] / (1 - propensity[others])
    if min(_accounts(cases, treated), _accounts(cases, odds)) < _FEWEST:
        return None
    rest = cases.left - predicted
    value = _mean(rest, treated) - _mean(rest, odds)
    effective = float(odds.sum() ** 2 / (odds**2).sum())
    reach = _error(cases, rest, treated, odds) * float(
        stdtrit(min(_accounts(cases, treated), effective) - 1, (1 + level) / 2)
    )
    share = _mean(cases.left, treated)
    return Adjusted(
        estimate=Estimate(value, value - reach, value + reach),
        share=share,
        expected=share - value,
        trimmed=int(cases.treated.sum() - treated.sum()),
        effective=effective,
        balance=_balance(cases, treated, odds),
        overlap=_overlap(propensity, cases.treated),
    )


def _error(cases: Cases, rest: Numbers, treated: Numbers, odds: Numbers) -> float:
    """The standard error, by what each account changes: all its rows on both sides taken away.

    The jackknife of the two weighted means. With few accounts, or some that weigh much, the usual
    formula is too small.
    """
    _, code = np.unique(cases.account, return_inverse=True)
    changes = _without_each(rest, treated, code) - _without_each(rest, odds, code)
    return float(np.sqrt((1 - 1 / len(changes)) * (changes**2).sum()))


def _without_each(rest: Numbers, weights: Numbers, code: npt.NDArray[np.intp]) -> Numbers:
    """By how much a weighted mean changes without each account."""
    own = np.bincount(code, weights * (rest - _mean(rest, weights)))
    return -own / (weights.sum() - np.bincount(code, weights))


def _accounts(cases: Cases, weights: Numbers) -> int:
    return len(np.unique(cases.account[weights > 0]))


def _balance(cases: Cases, treated: Numbers, odds: Numbers) -> tuple[Balance, ...]:
    """Both differences over the same spread, that before weighting, so that they compare."""
    one, other = cases.x[cases.treated], cases.x[~cases.treated]
    spread = np.sqrt((one.var(axis=0) + other.var(axis=0)) / 2)
    spread = np.where(spread > 0, spread, 1.0)
    before = (one.mean(axis=0) - other.mean(axis=0)) / spread
    after = (
        np.average(cases.x, axis=0, weights=treated) - np.average(cases.x, axis=0, weights=odds)
    ) / spread
    return tuple(map(Balance, cases.names, before.tolist(), after.tolist()))


def _overlap(propensity: Numbers, treated: Flags) -> tuple[tuple[int, int], ...]:
    sides = [np.histogram(propensity[w], bins=10, range=(0, 1))[0] for w in (treated, ~treated)]
    return tuple(zip(*(side.tolist() for side in sides), strict=True))


def _parts(cases: Cases, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Which part each row is in: all rows of an account in one, each kind of account spread out."""
    names, code = np.unique(cases.account, return_inverse=True)
    kind = np.zeros(len(names), dtype=np.int64)
    np.maximum.at(kind, code, 2 * cases.left + cases.treated)
    shuffled = rng.permutation(len(names))
    order = shuffled[np.argsort(kind[shuffled], kind="stable")]
    part = np.empty(len(names), dtype=np.int64)
    part[order] = np.arange(len(names)) % _PARTS
    return part[code]


def _fitted(x: Numbers, happened: Flags, at: Numbers) -> Numbers:
    """How likely something is, learnt from some rows and told of others."""
    model = LogisticRegression(C=_PENALTY, solver="newton-cholesky", max_iter=50)
    return np.asarray(model.fit(x, happened).predict_proba(at)[:, 1], dtype=np.float64)


def _scaled(x: Numbers) -> Numbers:
    spread = x.std(axis=0)
    return np.clip((x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0), -_FAR, _FAR)


def _mean(values: npt.NDArray[np.float64 | np.bool_], weights: Numbers) -> float:
    return float(np.average(values, weights=weights))
