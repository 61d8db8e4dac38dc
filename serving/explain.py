"""Why an account has its risk: points that add up, statements that hold, rows behind them.

The contract: `base` plus the points of all families is the risk, to 1e-9; the whole points shown
add up exactly to the whole percentage shown; no statement runs against a declared direction;
context families are shown, so that the sum holds, but are never a reason to act. The words are made
from it by `serving.spoken`, in any language.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalog import FAMILIES
from features.feature import Family, Feature
from serving.claims import CLOCKS, Reading, Side, kind_of
from serving.facts import Facts
from serving.measures import whole
from serving.records import Driver, Explanation, Measure

# A feature that moves the family by less than this part of its strongest one does not speak for it.
SPEAKS_FROM = 0.2


def explain(facts: Facts) -> Iterator[Explanation]:
    """One explanation per account, in order, without words."""
    parts = [part_of(family, facts) for family in FAMILIES]
    sums = np.column_stack([part.sums for part in parts])
    for row in range(len(facts.account_ids)):
        risk = float(facts.risk[row])
        base, shown = whole_points(risk, facts.base, sums[row])
        drivers = [_driver(part, row, shown[place], facts) for place, part in enumerate(parts)]
        drivers.sort(key=lambda found: (-abs(found.points), found.family))
        yield Explanation(
            base=facts.base, base_shown=base, risk_shown=whole(risk), drivers=tuple(drivers)
        )


def whole_points(risk: float, base: float, parts: npt.ArrayLike) -> tuple[int, list[int]]:
    """Base and parts in whole percentage points that add up to the whole percentage of the risk.

    The largest-remainder method: each part is within one point of the exact one and never changes
    its sign; a part of nothing stays nothing. The base is rounded to the nearest point, so that it
    reads the same for all accounts, unless only its other neighbour lets the sum hold.

    >>> whole_points(0.35, 0.084, [0.312, -0.046, 0.0])
    (8, [31, -4, 0])
    """
    exact = 100 * np.asarray(parts, dtype=float)
    floors = np.floor(exact).astype(int)
    remainders = exact - floors
    nearest = whole(base)
    other = math.floor(100 * base) + math.ceil(100 * base) - nearest
    missing = whole(risk) - nearest - int(floors.sum())
    fits = 0 <= missing <= np.count_nonzero(remainders)
    shown_base = nearest if fits else other
    missing += nearest - shown_base
    floors[np.argsort(-remainders, kind="stable")[:missing]] += 1
    return shown_base, [int(number) for number in floors]


@dataclass(frozen=True)
class Part:
    """One family's share of the facts: rows of accounts, columns of its numeric features."""

    family: Family
    features: tuple[Feature, ...]
    sums: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]
    now: npt.NDArray[np.float64]
    usual: npt.NDArray[np.float64]
    healthy: npt.NDArray[np.float64]

    def reading(self, row: int, column: int) -> Reading:
        """A feature of an account beside its past and healthy peers."""
        return Reading(
            *(known(table[row, column]) for table in (self.now, self.usual, self.healthy))
        )

    def strongest(self, row: int) -> list[int]:
        """Columns that push the family's way, the strongest first, without the negligible ones."""
        pushes = self.points[row] * np.sign(self.sums[row])
        least = max(SPEAKS_FROM * float(pushes.max(initial=0)), np.finfo(float).tiny)
        return [int(c) for c in np.argsort(-pushes, kind="stable") if pushes[c] >= least]


def part_of(family: Family, facts: Facts) -> Part:
    """The family's share of the facts."""
    modelled = [f for f in family.features if facts.told(f.name)]
    numeric = tuple(f for f in modelled if f.kind == "number")
    names = [f.name for f in numeric]
    return Part(
        family,
        numeric,
        facts.share("points", [f.name for f in modelled]).sum(axis=1),
        *(facts.share(table, names) for table in ("points", "now", "usual", "healthy")),
    )


def known(value: float) -> float | None:
    """The value, None if it is not a number."""
    return None if np.isnan(value) else float(value)


def measured(**values: float | None) -> dict[str, Measure]:
    """Those of the values that are known."""
    return {name: Measure(value=value) for name, value in values.items() if value is not None}


def _driver(part: Part, row: int, shown: int, facts: Facts) -> Driver:
    family, points = part.family, float(part.sums[row])
    return Driver(
        family=family.name,
        context=family.context,
        points=points,
        shown=shown,
        direction="raises" if points > 0 else "lowers" if points < 0 else "none",
        data_until=facts.data_until,
        evidence=tuple(facts.evidence.get((facts.account_ids[row], family.name), ())),
        **_statement(part, row),
    )


def _statement(part: Part, row: int) -> dict[str, Any]:
    """What the family says, and of which feature, if of one."""
    points = part.sums[row]
    if points == 0:
        return {"says": "nothing"}
    if part.family.context:
        return {"says": "context"}
    if np.isnan(part.now[row]).all():
        return {"says": "unknown"}
    side: Side = "risk" if points > 0 else "safe"
    for column in part.strongest(row):
        feature, reading = part.features[column], part.reading(row, column)
        if kind := kind_of(feature, side, reading):
            beside = {"usual": reading.usual, "healthy": reading.healthy}
            values = measured(value=reading.value, **({} if feature.name in CLOCKS else beside))
            return {"says": kind, "feature": feature.name, "unit": feature.unit, **values}
    return {"says": "together"}
