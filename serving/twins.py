"""Three past accounts like this one, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from data.engine import Sql
from features.catalog import BY_NAME
from serving.facts import Facts
from serving.records import Twin
from training.explain import Points
from training.model import Model
from training.twins import KEYS, nearest

# A family is alike in both if it moves both risks the same way by a point or more.
ALIKE = 0.01
NAMED = 2


@dataclass(frozen=True)
class Past:
    """The past accounts of a model whose result was known at a moment, and who they are by then.

    `names` has the newest known name by account_id, `customers` are those that are customers.
    """

    table: pd.DataFrame
    names: Mapping[str, str]
    customers: Set[str]


def past(engine: Sql, model: Model, as_of: pd.Timestamp, customers: Set[str]) -> Past:
    """What may be told at `as_of`, the engine's moment, of the past accounts of a model."""
    table = model.twins
    if len(table):
        closed = table["as_of"] + pd.Timedelta(days=model.spec.closes_after_days)
        table = table[closed <= as_of].reset_index(drop=True)
    names = engine.frame(_NAMES).set_index("account_id")["name"]
    return Past(table, {str(n): str(name) for n, name in names.dropna().items()}, customers)


_NAMES = """
SELECT a.account_id, coalesce(c.name, a.name) AS name
FROM seen_accounts a
LEFT JOIN (
    SELECT account_id, max_by(value, valid_from) AS name
    FROM seen_account_changes
    WHERE field = 'name'
    GROUP BY account_id
) c USING (account_id)
"""


def twins(model: Model, facts: Facts, known: Past) -> Iterator[tuple[Twin, ...]]:
    """Per account of the facts those of its nearest past accounts that are alike in something."""
    families = Points(facts.base, facts.points).families(
        [BY_NAME[str(name)].family for name in facts.points.columns]
    )
    names = [str(name) for name in known.table if name not in KEYS and name in families]
    theirs, ours = (t[names].to_numpy(dtype=np.float64) for t in (known.table[names], families))
    keys = [tuple(row) for row in known.table[KEYS].itertuples(index=False)] if names else []
    for row, places in enumerate(nearest(known.table, families, list(facts.account_ids))):
        told = []
        for place in places:
            both = np.minimum(np.abs(theirs[place]), np.abs(ours[row]))
            both[theirs[place] * ours[row] <= 0] = 0
            alike = [
                names[at] for at in np.argsort(-both, kind="stable")[:NAMED] if both[at] >= ALIKE
            ]
            if alike:
                told.append(_twin(keys[place], alike, known, model))
        yield tuple(told)


def _twin(past: tuple[Any, ...], alike: Sequence[str], known: Past, model: Model) -> Twin:
    account, seen, after = past
    became: Literal["left", "back", "silent", "stayed"]
    if np.isnan(after):
        became = "stayed"
    elif model.spec.rule.kind == "silence":
        became = "silent"
    else:
        became = "back" if account in known.customers else "left"
    left = (seen + pd.Timedelta(days=after)).date() if became in ("left", "back") else None
    return Twin(
        account_id=account,
        name=known.names.get(account),
        as_of=seen.date(),
        became=became,
        left_on=left,
        families=tuple(alike),
    )
