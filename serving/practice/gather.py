"""Everything of the practice that is published with an account, made for many accounts at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data.churn import ChurnRule
from data.engine import Sql
from features.health.recipe import Band, Recipe
from features.words.lexicon import lexicon
from features.words.sorter import Sorter, by_phrases
from serving.indicators.made import Cards
from serving.practice import quoted
from serving.practice.health import stored
from serving.practice.record import Practice


@dataclass(frozen=True)
class Asked:
    """Some accounts at a moment: `rows` are theirs of the feature table, one each.

    `engine` is opened at the moment (`features.build.moment`), on the tables of `landed`. Health
    is made by the `recipe`; `bands` are those that accounts were in, by account_id. `cards` are the
    figures of everybody at that moment.
    What customers said is sorted by the `sorter`.
    """

    engine: Sql
    landed: Mapping[str, Any]
    as_of: pd.Timestamp
    rule: ChurnRule
    rows: pd.DataFrame
    recipe: Recipe
    bands: Mapping[str, Band]
    cards: Cards = field(default_factory=Cards)
    sorter: Sorter = field(default_factory=lambda: by_phrases(lexicon()))


def practices(asked: Asked) -> Mapping[str, Practice]:
    """What is published of each account beside its risk; nothing at or after `as_of` is used."""
    health = stored(asked.recipe, asked.rows, asked.bands)
    words = quoted.stored(asked.engine, list(asked.rows["account_id"]), asked.sorter)
    return {
        account: Practice(
            **health[account],
            indicators=asked.cards.accounts.get(account),
            words=words.get(account),
        )
        for account in asked.rows["account_id"]
    }


def scorecards(asked: Asked) -> Mapping[str, str]:
    """The figures of each segment as JSON, and under "" those of the portfolio."""
    return asked.cards.groups
