"""Whether a challenger may take the champion's place, with the figures that say so.

Both models are judged on the same rows and the same draws of accounts, so what is compared is their
difference. "The better point estimate wins" would promote, with 50 churned accounts, a challenger
that is .04 of ROC-AUC worse in 4 % of cases; a test of non-inferiority would refuse an equal one in
two of three. Hence three answers, and few churned accounts mostly mean "not enough evidence".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
import numpy.typing as npt

from data.errors import BadInputError
from training.evaluate import Measure, Terms, TestRows, ahead, drawn, measure
from training.guardrails import (
    Guardrail,
    calibration,
    churned_accounts,
    not_behind,
    standard_error,
    worst_segment,
)
from training.matrix import Numbers
from training.verdict import CHANCE, MIN_TEST_CHURNED, SURE

NOT_BEHIND = ("average_precision", "arr_recall_at_capacity")
TOO_FAR = 20
Outcome = Literal["promote", "keep_champion", "not_enough_evidence"]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Champion and challenger on the same rows: ROC-AUC, its paired difference, the guardrails.

    `difference` is challenger minus champion, `error` its standard error, and `sure` the share of
    the draws in which it is above 0. `churned` counts accounts; with fewer than ten of them draws
    promise more than they know, and `guardrails` is empty.
    """

    rows: int
    churned: int
    champion: Measure
    challenger: Measure
    difference: Measure
    error: float
    sure: float
    guardrails: tuple[Guardrail, ...]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What to do, why, how many more churned accounts would settle it, and every guardrail.

    `further_events` is None unless the evidence falls short and such a number can be named.
    """

    outcome: Outcome
    sentence: str
    further_events: int | None
    guardrails: tuple[Guardrail, ...]


def compare(
    rows: TestRows,
    champion: Numbers,
    challenger: Numbers,
    segments: npt.NDArray[np.str_] | None,
    terms: Terms,
) -> Comparison:
    """Two models' risks of the same rows, whose results are known, against each other.

    `segments` names the segment of each row; without it no segment is looked at.

    Raises:
        BadInputError: there are no rows.
    """
    if not len(rows.y):
        raise BadInputError("gate: expected rows with a known result; got none; land newer months")
    churned = churned_accounts(rows)
    old, new = drawn(rows, champion, terms), drawn(rows, challenger, terms)
    difference = new["roc_auc"] - old["roc_auc"]
    rails: list[Guardrail] = []
    if churned >= MIN_TEST_CHURNED:
        rails += calibration(rows, champion, challenger, terms)
        rails += [not_behind(name, old, new) for name in NOT_BEHIND]
        if segments is not None:
            rails.append(worst_segment(rows, champion, challenger, segments, terms))
    return Comparison(
        rows=len(rows.y),
        churned=churned,
        champion=measure(old["roc_auc"]),
        challenger=measure(new["roc_auc"]),
        difference=measure(difference),
        error=standard_error(difference),
        sure=ahead(new["roc_auc"], old["roc_auc"]),
        guardrails=tuple(rails),
    )


def decide(comparison: Comparison, guardrails: Sequence[Guardrail]) -> Decision:
    """Promote if ahead in nine of ten draws and nothing is broken; keep if in no more than half.

    `guardrails` are what was examined elsewhere; the comparison's own come before them. A broken
    one keeps the champion whatever the difference. In between, or with fewer than ten churned
    accounts, the evidence is not enough.
    """
    rails = (*comparison.guardrails, *guardrails)
    outcome, why = _outcome(comparison, [rail for rail in rails if not rail.passed])
    short = outcome == "not_enough_evidence"
    further = _further(comparison) if short else None
    return Decision(
        outcome=outcome,
        sentence=f"{why}; {_outlook(comparison, further)}" if short else why,
        further_events=further,
        guardrails=rails,
    )


def _outcome(comparison: Comparison, broken: Sequence[Guardrail]) -> tuple[Outcome, str]:
    figures = _figures(comparison)
    if broken:
        return "keep_champion", "; ".join(b.sentence for b in broken)
    if comparison.churned < MIN_TEST_CHURNED or math.isnan(comparison.difference.value):
        return "not_enough_evidence", _counts(comparison)
    if comparison.sure >= SURE:
        return "promote", f"{figures}; no guardrail is broken"
    if comparison.sure <= CHANCE:
        return "keep_champion", figures
    return "not_enough_evidence", f"{figures}, and {SURE:.0%} are needed"


def _figures(comparison: Comparison) -> str:
    gap = comparison.difference
    return (
        f"ROC-AUC of the challenger is {comparison.challenger.value:.3f} against "
        f"{comparison.champion.value:.3f} on {_counts(comparison)}, a difference of "
        f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f}); it is ahead in "
        f"{comparison.sure:.1%} of the draws"
    )


def _counts(comparison: Comparison) -> str:
    return f"{comparison.rows:,} rows with {comparison.churned:,} churned accounts"


def _further(comparison: Comparison) -> int | None:
    """Churned accounts still to come until the present difference is 90 % sure, or ten are there.

    The standard error shrinks with the root of their number.
    """
    churned, gap = comparison.churned, abs(comparison.difference.value)
    if churned < MIN_TEST_CHURNED:
        return MIN_TEST_CHURNED - churned
    wanted = gap / NormalDist().inv_cdf(SURE)
    if not comparison.error < wanted * math.sqrt(TOO_FAR):
        return None
    return max(1, math.ceil(churned * (comparison.error / wanted) ** 2) - churned)


def _outlook(comparison: Comparison, further: int | None) -> str:
    if math.isnan(comparison.difference.value) and further is None:
        return "accounts that stayed are needed too"
    if further is None:
        return f"at a difference this small even {TOO_FAR} times as many would not settle it"
    if comparison.churned < MIN_TEST_CHURNED:
        return f"at least {MIN_TEST_CHURNED} are needed, {further:,} more"
    return f"at this difference about {further:,} more churned accounts would settle it"
