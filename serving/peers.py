"""What sets an account apart from healthy accounts like it, family by family."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.catalog import BY_NAME, FAMILY_BY_NAME
from serving.explain import whole_points
from serving.facts import Facts
from serving.records import Gap, Peers
from training.model import Model


def peers(model: Model, rows: pd.DataFrame, facts: Facts) -> Iterator[Peers | None]:
    """Per account of the facts what sets it apart; None where no healthy accounts are known.

    `rows` are the feature rows of those accounts, in the same order.
    """
    told: dict[int, Peers] = {}
    some = [rows.iloc[places] for _, places in facts.groups]
    found = model.apart([group.rows for group, _ in facts.groups], some) if some else []
    for (group, places), points in zip(facts.groups, found, strict=True):
        families = points.families([BY_NAME[str(n)].family for n in points.features.columns])
        for place, sums in zip(places, families.to_numpy(dtype=np.float64), strict=True):
            base, shown = whole_points(float(facts.risk[place]), points.base, sums)
            gaps = [
                Gap(
                    family=str(name),
                    context=FAMILY_BY_NAME[str(name)].context,
                    points=float(part),
                    shown=whole_part,
                )
                for name, part, whole_part in zip(families.columns, sums, shown, strict=True)
            ]
            gaps.sort(key=lambda gap: (-abs(gap.points), gap.family))
            told[int(place)] = Peers(
                n=len(group.rows),
                traits=group.traits,
                risk=points.base,
                risk_shown=base,
                gaps=tuple(gaps),
            )
    for row in range(len(rows)):
        yield told.get(row)
