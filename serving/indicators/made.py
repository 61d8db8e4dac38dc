"""The figures of a batch as they are made, all at once and beside its risks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data.churn import ChurnRule
from data.engine import Sql
from features.indicators.fold import card
from features.indicators.indicator import PORTFOLIO
from features.indicators.measure import measured_in
from features.indicators.scorecard import Scorecard
from serving.indicators.stored import Group, account_text, group_text


@dataclass(frozen=True)
class Cards:
    """Texts to be stored: of groups by segment, the portfolio under "", and by account_id."""

    groups: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)


def cards(
    sql: Sql,
    manifest: Mapping[str, Any],
    as_of: pd.Timestamp,
    *,
    rule: ChurnRule,
    scorecard: Scorecard,
) -> Cards:
    """The figures of every customer, segment and of all, in an engine opened at `as_of`."""
    measured = measured_in(sql, manifest, [as_of], rule=rule, settings=scorecard.settings)
    found = card(measured, as_of)
    groups = {PORTFOLIO: found.portfolio, **found.segments}
    fewest = scorecard.settings.fewest
    return Cards(
        groups={
            name: group_text(Group(figures, scorecard.of(name or None), fewest))
            for name, figures in groups.items()
        },
        accounts={name: account_text(figures) for name, figures in found.accounts.items()},
    )
