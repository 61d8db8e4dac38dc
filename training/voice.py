"""One voice of a model: log-odds of leaving for one cause, from a forest, from rules, or both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from training.calibrate import Calibration
from training.forest import ALONE, Forest
from training.matrix import Columns, Numbers, matrix, once
from training.periods import Periods, renewals
from training.ramps import RampModel, Ramps

# How renewals meet a period is told under the name of the feature that it is made from.
RENEWAL = "days_to_renewal"
Parts = list[tuple[tuple[str, ...], Numbers]]


@dataclass(frozen=True, kw_only=True)
class Voice:
    """Log-odds against staying, for one cause, in some periods.

    A forest speaks, or a bag of ramp models, or the mean of both; `rises`, one per period, brings
    that to the level of what was learnt from; then comes the calibration. `starts` is what the
    calendar alone adds per period, the same for every account.
    """

    cause: str
    periods: tuple[int, ...]
    columns: Columns | None = None
    forest: Forest | None = None
    ramps: tuple[RampModel, ...] = ()
    starts: tuple[float, ...] = ()
    rises: tuple[float, ...] = ()
    calibration: Calibration = field(default_factory=Calibration)

    @property
    def names(self) -> tuple[str, ...]:
        """The features that it reads."""
        return tuple(self.families)

    @property
    def families(self) -> dict[str, str]:
        """The family of each feature that it reads."""
        tables = [self.columns] if self.columns is not None else []
        tables += [self.ramps[0].ramps.columns] if self.ramps else []
        found: dict[str, str] = {}
        for columns in tables:
            found |= dict(zip(columns.names, columns.families, strict=True))
        return found

    @property
    def members(self) -> int:
        """How many members its bag has; one can be asked for by its number."""
        return max(len(self.ramps), 0 if self.forest is None else len(self.forest.trees))

    def margins(
        self,
        frame: pd.DataFrame,
        periods: Periods,
        which: Sequence[int],
        *,
        member: int | None = None,
    ) -> Numbers:
        """Calibrated log-odds, rows x periods: the mean of the bag, or one member's."""
        ramps, trees = self._ramped(frame, member), self._grown(frame, periods, which, member)
        spoken = trees
        if ramps is not None:
            spoken = np.stack([ramps] * len(which)) if trees is None else (trees + ramps) / 2
        assert spoken is not None  # noqa: S101 - a voice without either has nothing to say
        rises = np.array([self._rise(k) for k in which])
        return self.calibration.logits(spoken + rises[:, None]).T

    def uncalibrated(self) -> Voice:
        """The same voice as it speaks before calibration."""
        return replace(self, calibration=Calibration())

    def effects(self, frame: pd.DataFrame, periods: Periods, k: int) -> tuple[float, Parts]:
        """What the log-odds of one period consist of: a start, and named columns of parts.

        Start and parts add up to the row's margin.
        """
        share = 0.5 if self.forest is not None and self.ramps else 1.0
        start, parts = self._rise(k), []
        if self.forest is not None and self.columns is not None:
            (X,) = tables(frame, self.columns, periods, [k])
            effects, expected = self.forest.contributions(X)
            calendar = self.starts[self.periods.index(k)] if self.starts else 0.0
            start += share * (expected + calendar)
            parts.append((self.columns.names, share * effects[:, : len(self.columns.names)]))
            if self.starts:
                rest = effects[:, len(self.columns.names) :].sum(axis=1) - calendar
                parts.append(((RENEWAL,), share * rest[:, None]))
        if self.ramps:
            bag = [model.contributions(frame) for model in self.ramps]
            start += share * float(np.mean([expected for _, expected in bag]))
            names = self.ramps[0].ramps.columns.names
            parts.append((names, share * np.mean([part for part, _ in bag], axis=0)))
        slope = self.calibration.slope
        whole = float(self.calibration.logits(np.array([start]))[0])
        return whole, [(names, slope * part) for names, part in parts]

    def moved(
        self, before: pd.DataFrame, after: pd.DataFrame, periods: Periods, which: Sequence[int]
    ) -> Iterator[Parts]:
        """Per period named columns of what moved its log-odds from one row to the other."""
        steps: Parts = []
        if self.ramps:
            climbed = self._steps(after) - self._steps(before)
            steps.append((self.ramps[0].ramps.columns.names, climbed))
        if self.forest is None or self.columns is None:
            yield from (steps for _ in which)
            return
        steady, timed = self.forest.leaves_apart
        olds, news = (list(tables(f, self.columns, periods, which)) for f in (before, after))
        common = steady.moved(olds[0], news[0])
        for old, new in zip(olds, news, strict=True):
            yield [*self._named(common + timed.moved(old, new)), *steps]

    def against(
        self,
        background: Sequence[pd.DataFrame],
        rows: Sequence[pd.DataFrame],
        periods: Periods,
        which: Sequence[int],
    ) -> Iterator[list[Parts]]:
        """The same per period and per group of rows, against the mean of its background."""
        steps: list[Parts] = [[] for _ in rows]
        if self.ramps:
            names = self.ramps[0].ramps.columns.names
            for parts, theirs, ours in zip(steps, background, rows, strict=True):
                parts.append((names, self._steps(ours) - self._steps(theirs).mean(axis=0)))
        if self.forest is None or self.columns is None:
            yield from (steps for _ in which)
            return
        columns = self.columns
        steady, timed = self.forest.leaves_apart
        olds, news = (
            [list(tables(frame, columns, periods, which)) for frame in frames]
            for frames in (background, rows)
        )
        common = steady.against([old[0] for old in olds], [new[0] for new in news])
        for at in range(len(which)):
            found = timed.against([old[at] for old in olds], [new[at] for new in news])
            yield [
                [*self._named(same + own), *rest]
                for same, own, rest in zip(common, found, steps, strict=True)
            ]

    @property
    def _share(self) -> float:
        """What a forest has in the log-odds, or rules have."""
        both = self.forest is not None and self.ramps
        return self.calibration.slope * (0.5 if both else 1.0)

    def _rise(self, k: int) -> float:
        return self.rises[self.periods.index(k)] if self.rises else 0.0

    def _steps(self, frame: pd.DataFrame) -> Numbers:
        """What rules add to the log-odds per row and rule, but for a constant."""
        weights = np.mean([model.weights for model in self.ramps], axis=0)
        found = self.ramps[0].ramps.steps(frame) * weights * self._share
        return np.asarray(found, dtype=np.float64)

    def _named(self, effects: Numbers) -> Parts:
        """What a forest adds, by feature: how renewals meet a period is told under their name."""
        assert self.columns is not None  # noqa: S101 - asked only of a forest
        own = len(self.columns.names)
        parts: Parts = [(self.columns.names, self._share * effects[:, :own])]
        if self.starts:
            parts.append(((RENEWAL,), self._share * effects[:, own:].sum(axis=1, keepdims=True)))
        return parts

    def _grown(
        self, frame: pd.DataFrame, periods: Periods, which: Sequence[int], member: int | None
    ) -> Numbers | None:
        """What the trees say, periods x rows; None where there are none."""
        if self.forest is None or self.columns is None:
            return None
        forest, asked = self.forest, tables(frame, self.columns, periods, which)
        ask = forest.margins if member is None else partial(forest.member, number=member)
        if not 0 < len(frame) * len(which) <= ALONE:
            return np.stack([ask(X) for X in asked])
        # To ask once about all periods takes as long as about one.
        every = once(frame, self.columns, (periods, tuple(which)), lambda: np.vstack(list(asked)))
        return ask(every).reshape(len(which), len(frame))

    def _ramped(self, frame: pd.DataFrame, member: int | None) -> Numbers | None:
        if not self.ramps:
            return None
        asked = self.ramps if member is None else self.ramps[member : member + 1]
        return np.asarray(np.column_stack([m.margins(frame) for m in asked]).mean(axis=1))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a model file; the text of the forest lies beside it."""
        return {
            "cause": self.cause,
            "periods": list(self.periods),
            "columns": None if self.columns is None else self.columns.to_dict(),
            "trees": None if self.forest is None else list(self.forest.trees),
            "ramps": [model.to_dict() for model in self.ramps],
            "starts": list(self.starts),
            "rises": list(self.rises),
            "calibration": asdict(self.calibration),
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any], text: str) -> Voice:
        """The voice that `to_dict` wrote; `text` is that of its forest, if it has one."""
        trees, columns = content["trees"], content["columns"]
        return cls(
            cause=content["cause"],
            periods=tuple(content["periods"]),
            columns=None if columns is None else Columns.from_dict(columns),
            forest=None if trees is None else Forest(text, tuple(trees)),
            ramps=_alike([RampModel.from_dict(model) for model in content["ramps"]]),
            starts=tuple(content["starts"]),
            rises=tuple(content["rises"]),
            calibration=Calibration(**content["calibration"]),
        )


def _alike(bag: Sequence[RampModel]) -> tuple[RampModel, ...]:
    """The members of a bag, of which those whose ramps are equal have the same ones."""
    known: list[Ramps] = []
    for model in bag:
        if model.ramps not in known:
            known.append(model.ramps)
    return tuple(replace(model, ramps=known[known.index(model.ramps)]) for model in bag)


def tables(
    frame: pd.DataFrame, columns: Columns, periods: Periods, which: Sequence[int]
) -> Iterator[Numbers]:
    """One matrix per period: the columns, and with contracts how the calendar meets the period."""
    X = matrix(frame, columns)
    for k in which:
        made = partial(beside, X, frame, columns, periods, k)
        yield once(frame, columns, (periods, k), made)


def beside(X: Numbers, frame: pd.DataFrame, columns: Columns, periods: Periods, k: int) -> Numbers:
    """A matrix with interval and renewals added, if the columns know of renewals at all."""
    if RENEWAL not in columns.names:
        return X
    calendar = [np.full(len(X), float(k)), renewals(frame, periods.starts[k], periods.ends[k])]
    return np.column_stack([X, *calendar])
