"""Three past accounts like this one, and what happened to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from data.workspace import Workspace
from features.catalog import BY_NAME, FAMILY_BY_NAME
from serving.facts import Facts
from serving.records import Twin
from serving.words import inside
from training.model import Model
from training.twins import KEYS, nearest

# A family is alike in both if it moves both risks the same way by a point or more.
ALIKE = 0.01
NAMED = 2


def names(workspace: Workspace) -> dict[str, str]:
    """What accounts are called, by account_id; those without a name are not in it."""
    path = workspace.lake / "accounts.parquet"
    if not path.exists():
        return {}
    table = pd.read_parquet(path)
    if "name" not in table:
        return {}
    known = table[table["name"].notna()]
    return dict(zip(known["account_id"].astype(str), known["name"].astype(str), strict=True))


def twins(model: Model, facts: Facts, called: Mapping[str, str]) -> Iterator[tuple[Twin, ...]]:
    """Per account of the facts those of its nearest past accounts that are alike in something."""
    columns = facts.points.columns
    family = pd.Series([BY_NAME[str(name)].family for name in columns], index=columns)
    families = facts.points.T.groupby(family).sum().T
    found = nearest(model.twins, families, list(facts.account_ids))
    for (_, ours), rows in zip(families.iterrows(), found, strict=True):
        told = (_twin(row, ours, called, model.spec.window_days) for _, row in rows.iterrows())
        yield tuple(twin for twin in told if twin is not None)


def _twin(row: pd.Series, ours: pd.Series, called: Mapping[str, str], days: int) -> Twin | None:
    alike = _alike(row.drop(KEYS), ours)
    if not alike:
        return None
    seen = row["as_of"].date()
    left = (
        None if np.isnan(row["left_after"]) else row["as_of"] + pd.Timedelta(days=row["left_after"])
    )
    became = (
        f"was still a customer {days} days later" if left is None else f"left on {left:%Y-%m-%d}"
    )
    name = called.get(row["account_id"])
    said = f"{name} ({row['account_id']})" if name else row["account_id"]
    shared = " and ".join(inside(FAMILY_BY_NAME[family].label) for family in alike)
    return Twin(
        account_id=row["account_id"],
        name=name,
        as_of=seen,
        left_on=None if left is None else left.date(),
        families=tuple(alike),
        sentence=f"{said} on {seen} was like it in {shared}, and {became}.",
    )


def _alike(theirs: pd.Series, ours: pd.Series) -> Sequence[str]:
    """The families that move both the same way, the strongest first."""
    both = {
        str(name): min(abs(float(theirs[name])), abs(float(ours[name])))
        for name in theirs.index
        if name in ours.index and float(theirs[name]) * float(ours[name]) > 0
    }
    strong = [name for name in both if both[name] >= ALIKE]
    return sorted(strong, key=lambda name: -both[name])[:NAMED]
