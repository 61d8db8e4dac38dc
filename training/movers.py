"""Which indicators go with staying, over past snapshots: measured, and never called the cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from data.churn import churn_rule
from data.workspace import Workspace, quiet
from features.build import monthly
from features.indicators.catalog import INDICATORS
from features.indicators.indicator import Indicator
from features.indicators.measure import Measured, measured
from features.indicators.scorecard import Settings
from training.config import Config
from training.evaluate import Measure, Terms, TestRows, measure, rate, roc_auc
from training.matrix import Numbers
from training.rows import Rows, rows_of

Verdict = Literal["associated", "not_told_apart", "not_enough_data"]
FEWEST_CHURNED = 20
DRAWS = 200
# A sum over accounts, and what is made of the risk or of revenue alone, say nothing of an account.
_LEFT_OUT = {"clv", "arr_at_risk", "won_and_lost"}


@dataclass(frozen=True, kw_only=True)
class Mover:
    """How staying differs along one indicator.

    `auc` is how often, of two accounts of which one stayed, that one had the better value. `best`
    and `worst` are the shares that stayed among the thirds of each snapshot with the best and the
    worst values, `difference` that between them; None where values are too alike for thirds. All
    with 95 % intervals from drawn accounts. `rows` have a value and a known outcome; `churned`
    counts accounts, each once. Without enough of them only the counts are given.
    """

    indicator: str
    rows: int
    churned: int
    best: float | None = None
    worst: float | None = None
    difference: Measure | None = None
    auc: Measure | None = None

    @property
    def verdict(self) -> Verdict:
        """Whether staying goes with the indicator, as far as its interval tells."""
        if self.auc is None:
            return "not_enough_data"
        return "associated" if _strength(self) > 0 else "not_told_apart"

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "indicator": self.indicator,
            "verdict": self.verdict,
            "rows": self.rows,
            "churned": self.churned,
            "best": self.best,
            "worst": self.worst,
            "difference": None if self.difference is None else self.difference.to_dict(),
            "auc": None if self.auc is None else self.auc.to_dict(),
        }


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What was measured over `snapshots`, within `horizon_days`: the strongest indicator first."""

    snapshots: int
    horizon_days: int
    movers: tuple[Mover, ...]


def movers(
    workspace: Workspace,
    config: Config,
    *,
    settings: Settings,
    say: Callable[[str], None] = quiet,
) -> Moved:
    """How retention goes with each indicator, over the monthly snapshots that a training uses.

    Raises:
        RefusedError: the data are too short for a single snapshot.
    """
    spec = config.spec(churn_rule(workspace.manifest()["churn"]))
    moments = monthly(workspace)
    say(f"measuring {len(moments)} snapshots")
    found = measured(workspace, moments, rule=spec.rule, settings=settings)
    customers = found.accounts[found.accounts["customer"].astype(bool)]
    rows = rows_of(workspace, customers[["account_id", "as_of"]].reset_index(drop=True), spec)
    rows = rows.take(rows.labelled)
    say("comparing those who stayed with those who left")
    told = [
        mover(indicator, values_of(found, indicator, rows), rows, seed=config.seed)
        for indicator in INDICATORS
        if indicator.id not in _LEFT_OUT
    ]
    told.sort(key=lambda one: (-_strength(one), one.indicator))
    return Moved(
        snapshots=rows.frame["as_of"].nunique(),
        horizon_days=spec.window_days,
        movers=tuple(told),
    )


def values_of(found: Measured, indicator: Indicator, rows: Rows) -> Numbers:
    """The value of an indicator for each row, so that more is better; NaN where there is none."""
    parts = found.parts[(found.parts["indicator"] == indicator.id)]
    parts = parts[parts["denominator"] > 0]
    if indicator.kind == "time":
        # Who has not got there has no days yet.
        parts = parts[parts["numerator"] > 0]
        value = parts["days"]
    else:
        value = parts["numerator"] / parts["denominator"]
    dead = [as_of for (as_of, name) in found.empty if name == indicator.id]
    value = value.where(~parts["as_of"].isin(dead)).astype("float64")
    keyed = pd.Series(
        value.to_numpy(), index=pd.MultiIndex.from_frame(parts[["account_id", "as_of"]])
    )
    wanted = pd.MultiIndex.from_frame(rows.frame[["account_id", "as_of"]])
    sign = -1.0 if indicator.better == "less" else 1.0
    return np.asarray(sign * keyed.reindex(wanted).to_numpy(), dtype=np.float64)


def mover(indicator: Indicator, values: Numbers, rows: Rows, *, seed: int) -> Mover:
    """What staying had to do with one indicator; `values` belong to the rows, more is better."""
    known = ~np.isnan(values)
    some, value = rows.take(known), values[known]
    about = Mover(indicator=indicator.id, rows=len(value), churned=some.churned)
    if some.churned < FEWEST_CHURNED or value.min() == value.max():
        return about
    tests = _tests(some)
    terms = Terms(base_rate=float(tests.y.mean()), capacity=1, bootstrap=DRAWS, seed=seed)
    about = replace(about, auc=measure(roc_auc(tests, -value, terms)))
    place = pd.Series(value).groupby(tests.as_of).rank(pct=True).to_numpy()
    best, worst = (place > 2 / 3).astype(np.float64), (place <= 1 / 3).astype(np.float64)
    if not best.any() or not worst.any():
        return about
    lost_best, lost_worst = rate(tests, best, terms), rate(tests, worst, terms)
    return replace(
        about,
        best=1 - float(lost_best[0]),
        worst=1 - float(lost_worst[0]),
        difference=measure(lost_worst - lost_best),
    )


def _tests(rows: Rows) -> TestRows:
    return TestRows(
        y=rows.y,
        account=rows.frame["account_id"].to_numpy(dtype=np.str_),
        as_of=rows.frame["as_of"].to_numpy(dtype="datetime64[us]"),
        arr=np.ones(len(rows.frame)),
    )


def _strength(one: Mover) -> float:
    """How far from chance the interval is that the indicator tells the two apart, at least."""
    if one.auc is None or np.isnan(one.auc.low):
        return -np.inf
    return max(one.auc.low - 0.5, 0.5 - one.auc.high)
