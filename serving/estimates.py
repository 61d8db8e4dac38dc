"""What is told of an account once its facts are known, whoever asked: a batch, or a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from serving.facts import Facts
from serving.records import AccountRisk, Explanation, Status
from training.model import Model
from training.spec import ChurnSpec


def status(
    notice_at: pd.Timestamp, since: pd.Timestamp, moment: pd.Timestamp, spec: ChurnSpec
) -> Status:
    """Whether a customer is scored: not when it said that it leaves, nor while it is young.

    `since` is the begin of what it has behind it; NaT is unknown, which is young.
    """
    if not pd.isna(notice_at):
        return "decided"
    if moment - since >= pd.Timedelta(days=spec.min_history_days):
        return "scored"
    return "insufficient_history"


def estimates(facts: Facts) -> Iterator[dict[str, Any]]:
    """Per account the risk, its band, the risk at every horizon and of each cause."""
    for row in range(len(facts.account_ids)):
        yield {
            "risk": float(facts.risk[row]),
            "risk_low": float(facts.low[row]),
            "risk_high": float(facts.high[row]),
            "risks": {days: float(risk[row]) for days, risk in facts.risks.items()},
            "causes": {cause: float(risk[row]) for cause, risk in facts.causes.items()},
        }


def estimated(
    found: AccountRisk, estimate: dict[str, Any], why: Explanation, model: Model
) -> AccountRisk:
    """An account of which only was known who it is, with one of the `estimates` and its reasons."""
    arr, risk = found.arr, estimate["risk"]
    more = {
        **estimate,
        "previous_risk": None if why.change is None else why.change.before,
        "driver": next((reason.family for reason in why.reasons(1)), None),
        "method": model.method,
        "band": model.bands.of(risk),
        "arr_at_risk": None if arr is None else risk * arr,
        "explanation": why,
    }
    return AccountRisk(**{**found.model_dump(), **more})
