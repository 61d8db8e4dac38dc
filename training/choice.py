"""Model or rules: which ranks accounts better that neither has learnt from.

The backtest tells what a report may promise, but it is a poor judge between the two for a small
firm: its models knew only the accounts that had left by then, and are examined on the rest. On
fightchurn_crm5, with 200 churned accounts, the rules won it ten times in ten, and then the model
ranked the coming months better by .07 each time. So the two are compared on all known rows: each
group of accounts is ranked by what the others taught, and every account that left has a say.
Whichever is preferred, the backtest must still find it usable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from training.evaluate import Measure, Terms, ahead, drawn, measure
from training.fit import Lesson, Recipe, fitted
from training.ladder import FULL_FROM, Method
from training.rows import Rows
from training.sides import group_of

# The fewer churned accounts, the more a model misses those that are held out: with 50 of them and
# thirds, models that were better by .03 looked worse in half of the cases; with eighths in a third.
GROUPS, FEW_GROUPS = 8, 3
MEMBERS = 2
HALF = 0.5
RULES: Method = "rules"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """ROC-AUC of a method and of the rules on accounts that neither had learnt from.

    `won` is the share of the draws of accounts in which the method ranks better.
    """

    method: Method
    model: Measure
    rules: Measure
    won: float

    @property
    def preferred(self) -> Method:
        """The method if it ranks better in most draws, else the rules."""
        return self.method if self.won > HALF else RULES

    @property
    def sentence(self) -> str:
        """Which is preferred and why, in one sentence."""
        so = "the rules are preferred" if self.preferred == RULES else "it is preferred"
        return (
            f"on accounts that neither had learnt from, the {self.method} ranked better than the "
            f"expert rules in {self.won:.0%} of draws (ROC-AUC {self.model.value:.3f} against "
            f"{self.rules.value:.3f}), so {so}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a report."""
        return {
            "roc_auc": self.model.to_dict(),
            "rules": self.rules.to_dict(),
            "won": self.won,
            "sentence": self.sentence,
        }


def chosen(method: Method, rows: Rows, recipe: Recipe, terms: Terms, until: pd.Timestamp) -> Choice:
    """The method or the rules, by the rows whose result was known at `until`."""
    known = rows.take(rows.labelled)
    count = GROUPS if known.churned < FULL_FROM else FEW_GROUPS
    group, theirs = group_of(rows.frame, count), group_of(known.frame, count)
    parts = []
    risks: dict[Method, list[np.ndarray]] = {method: [], RULES: []}
    for held in range(count):
        lesson = Lesson(rows=rows.take(group != held), until=until, recipe=recipe)
        parts.append(known.take(theirs == held))
        for name, found in risks.items():
            learner = fitted(name, lesson, members=MEMBERS, far=False)
            found.append(learner.risk(parts[-1].frame))
    told = Rows.joined(parts)
    table = told.examined(told.y)
    model, rules = (
        drawn(table, np.concatenate(risks[name]), terms)["roc_auc"] for name in (method, RULES)
    )
    return Choice(
        method=method, model=measure(model), rules=measure(rules), won=ahead(model, rules)
    )
