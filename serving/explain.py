"""Why an account has its risk: points that add up, sentences that hold, rows behind them.

The contract: `base` plus the points of all families is the risk, to 1e-9; the whole points shown
add up exactly to the whole percentage shown; no sentence runs against a declared direction; context
families are shown, so that the sum holds, but are never a reason to act.
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
from serving.facts import Facts
from serving.records import Driver, Explanation, Measure
from serving.words import (
    Reading,
    Side,
    compared,
    holds,
    measure,
    nothing_known,
    sentence,
    together,
    whole,
)

# A feature that moves the family by less than this part of its strongest one does not speak for it.
_SPEAKS_FROM = 0.2


def explain(facts: Facts) -> Iterator[Explanation]:
    """One explanation per account, in order."""
    parts = [part_of(family, facts) for family in FAMILIES]
    sums = np.column_stack([part.sums for part in parts])
    for row in range(len(facts.account_ids)):
        risk = float(facts.risk[row])
        base, shown = whole_points(risk, facts.base, sums[row])
        drivers = [driver(part, row, shown[place], facts) for place, part in enumerate(parts)]
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
    """One family's share of the facts: rows of accounts, columns of its worded features."""

    family: Family
    features: tuple[Feature, ...]
    sums: npt.NDArray[np.float64]
    points: npt.NDArray[np.float64]
    now: npt.NDArray[np.float64]
    usual: npt.NDArray[np.float64]
    healthy: npt.NDArray[np.float64]

    def reading(self, row: int, column: int) -> Reading:
        """A worded feature of an account beside its past and healthy peers."""
        return Reading(
            *(_known(table[row, column]) for table in (self.now, self.usual, self.healthy))
        )


def part_of(family: Family, facts: Facts) -> Part:
    """The family's share of the facts."""
    modelled = [f for f in family.features if f.name in facts.points.columns]
    worded = tuple(f for f in modelled if f.kind == "number")
    names = [f.name for f in worded]
    tables = (facts.points, facts.now, facts.usual, facts.healthy)
    return Part(
        family,
        worded,
        facts.points[[f.name for f in modelled]].sum(axis=1).to_numpy(dtype=float),
        *(table[names].to_numpy(dtype=float) for table in tables),
    )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def driver(part: Part, row: int, shown: int, facts: Facts) -> Driver:
    """What a family does to the risk of one account, worded; `shown` are its whole points."""
    family, points = part.family, float(part.sums[row])
    claim, column = _claimed(part, row)
    side: Side = "risk" if points > 0 else "safe"
    spoken = (
        {"sentence": f"{claim}."}
        if column is None
        else _spoken(claim, part.features[column], side, part.reading(row, column))
    )
    return Driver(
        family=family.name,
        label=family.label,
        context=family.context,
        points=points,
        shown=shown,
        direction="raises" if points > 0 else "lowers" if points < 0 else "none",
        claim=claim,
        data_until=facts.data_until,
        evidence=tuple(facts.evidence.get((facts.account_ids[row], family.name), ())),
        **spoken,
    )


def _claimed(part: Part, row: int) -> tuple[str, int | None]:
    """What the family says, and the column of the feature that it speaks of, if of one."""
    family, points = part.family, part.sums[row]
    side: Side = "risk" if points > 0 else "safe"
    if points == 0:
        return f"{family.label}: no effect", None
    if family.context:
        return f"{family.label}: such accounts leave {_OFTEN[side]} often", None
    if np.isnan(part.now[row]).all():
        return nothing_known(family.label), None
    for column in _strongest(part.points[row] * np.sign(points)):
        feature, reading = part.features[column], part.reading(row, column)
        if holds(feature, side, reading) and reading.value is not None:
            return sentence(feature, side, reading.value), column
    return together(family.label, side), None


_OFTEN: dict[Side, str] = {"risk": "more", "safe": "less"}


def _strongest(pushes: npt.NDArray[np.float64]) -> list[int]:
    """Columns that push the family's way, the strongest first, without the negligible ones."""
    least = max(_SPEAKS_FROM * float(pushes.max(initial=0)), np.finfo(float).tiny)
    return [int(c) for c in np.argsort(-pushes, kind="stable") if pushes[c] >= least]


def _spoken(claim: str, feature: Feature, side: Side, reading: Reading) -> dict[str, Any]:
    """What a driver carries when it speaks of one feature."""
    beside = {"value": reading.value, "usual": reading.usual, "healthy": reading.healthy}
    measures = {
        name: Measure(value=number, text=measure(number, feature.unit))
        for name, number in beside.items()
        if number is not None
    }
    said = compared(claim, feature, side, reading)
    return {"sentence": f"{said}.", "feature": feature.name, "unit": feature.unit, **measures}
