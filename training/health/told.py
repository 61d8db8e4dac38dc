"""What is told of a look at the past of the health score, as it is kept and shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from data.files import atomic
from features.health.recipe import Band, Recipe

FILE = "health.json"


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(_Told):
    """A figure with its 95 % interval by account; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Ranked(_Told):
    """How well one ingredient ranks who leaves, 0.5 is chance.

    `known` is the share of rows for which it is known. `roc_auc` is over all rows, where it says
    nothing of those for which it is unknown; `roc_auc_known` over the others alone.
    """

    name: str
    weight: float
    known: float
    roc_auc: Figure
    roc_auc_known: float | None


class InBand(_Told):
    """How many rows were in a band, and how often they left: `times` the base rate."""

    band: Band
    rows: int
    share: float
    churned: int
    rate: Figure
    times: Figure


class Ahead(_Told):
    """Where those who left stood `days` before: how many rows, and the share below good."""

    days: tuple[int, int]
    rows: int
    below_good: float | None


class Check(_Told):
    """A rule that practitioners hold a health score to; `passed` is None where nothing was seen."""

    name: Literal["poor_leaves", "seen_early", "not_all_good"]
    value: float | None
    wanted: float
    passed: bool | None


class Weighing(_Told):
    """The weight of an ingredient now, and what the past would give it, of 100 in all."""

    name: str
    now: float
    suggested: float
    low: float
    high: float


class Suggestion(_Told):
    """Weights that the past would have chosen; never applied.

    Learnt on earlier months, they rank the later months with `roc_auc`, the present ones with
    `roc_auc_now`; `better` is how sure it is that they rank better. None where no later months
    were left to judge by.
    """

    weights: tuple[Weighing, ...]
    roc_auc: Figure | None = None
    roc_auc_now: Figure | None = None
    better: float | None = None

    def yml(self) -> str:
        """The weights as lines of a health.yml."""
        lines = ["ingredients:"]
        for one in self.weights:
            lines += [f"  {one.name}:", f"    weight: {one.suggested:g}{_beside(one)}"]
        return "\n".join(lines)


class HealthBacktest(_Told):
    """The health score held to the past.

    With the verdict `not_enough_data` nothing is told but how much there was.
    """

    verdict: Literal["told", "not_enough_data"]
    sentence: str
    recipe: Recipe
    data_until: str
    window_days: int
    snapshots: int = 0
    rows: int = 0
    first: str | None = None
    last: str | None = None
    churned: int = 0
    base_rate: float | None = None
    scored: float | None = None
    score: Figure | None = None
    ingredients: tuple[Ranked, ...] = ()
    bands: tuple[InBand, ...] = ()
    ahead: tuple[Ahead, ...] = ()
    checks: tuple[Check, ...] = ()
    suggestion: Suggestion | None = None

    @property
    def first_day(self) -> date | None:
        """The first month that was looked at."""
        return date.fromisoformat(self.first) if self.first else None

    @property
    def last_day(self) -> date | None:
        """The last one."""
        return date.fromisoformat(self.last) if self.last else None

    def write(self, models: Path) -> None:
        """Keep it beside the models, for the pages."""
        with atomic(models / FILE) as temporary:
            temporary.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    @classmethod
    def kept(cls, models: Path) -> HealthBacktest | None:
        """What was kept beside the models; None where nothing was, or nothing that can be read."""
        try:
            return cls.model_validate_json((models / FILE).read_bytes(), strict=False)
        except (OSError, ValidationError):
            return None


def _beside(one: Weighing) -> str:
    return f"  # now {one.now:g}; the past says {one.low:.0f} to {one.high:.0f}"
