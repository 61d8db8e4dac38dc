"""What an indicator is, and a figure of it: a value with all that it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Self

# The group of all accounts, and the indicator that is told from risks rather than from the data.
PORTFOLIO = ""
AT_RISK = "arr_at_risk"
Better = Literal["more", "less", "neither"]
# How the parts of accounts become a figure of many: numerators over denominators, the sum of the
# numerators, the median of times some of which are not over yet, or margin times lifetime.
Kind = Literal["ratio", "total", "time", "lifetime"]
Reason = Literal[
    "no_base",
    "no_source",
    "feed_stale",
    "never_observed",
    "few_answers",
    "not_reached",
    "no_risk",
]


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """One metric, declared once.

    `scale` is what the ratio is multiplied with (100 for shares in percent). `days` is the length
    of its stretch and `lag` how many days before the moment the stretch ends, so that what began in
    it is over; `lag_of` names the setting that gives the lag. `sources` are tables, or
    `table.column`, without which it is empty. `cohort`: it counts who was there at the start of the
    stretch or began within it, so an account younger than the stretch is no partial case.
    `fewest`: below so many the raw answers speak, not a figure of them.
    """

    id: str
    name: str
    formula: str
    unit: str
    better: Better
    days: int
    sources: tuple[str, ...]
    reference: str
    kind: Kind = "ratio"
    scale: float = 1
    lag: int = 0
    lag_of: str | None = None
    version: int = 1
    cohort: bool = False
    fewest: int = 0
    unseen: Reason = "no_base"

    @property
    def definition(self) -> str:
        """The id of the definition; its number rises when the same data would give another value.

        >>> from features.indicators.catalog import BY_ID
        >>> BY_ID["nps"].definition
        'nps/1'
        """
        return f"{self.id}/{self.version}"

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it reads, each once."""
        return tuple(dict.fromkeys(source.partition(".")[0] for source in self.sources))


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A value of one indicator over the half-open stretch from `start` up to `end`.

    `value` is None exactly when there is a `reason`. `n` is how many it rests on: accounts,
    answers, people, whatever the definition counts. `partial`: the data, or the account, do not
    reach back over the whole stretch, or not up to its end, so it is not to be compared. `detail`:
    the answers where they are few, the scale, the flags that are up.
    """

    indicator: str
    definition: str
    value: float | None
    numerator: float | None
    denominator: float | None
    n: int
    start: str
    end: str
    partial: bool = False
    reason: Reason | None = None
    detail: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The figure as plain values, every field named."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """The figure that `to_dict` gave."""
        return cls(**content)
