"""What a feature is: its family, meaning, unit, direction, sources and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Direction = Literal[-1, 0, 1]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column of the feature table, declared once.

    `direction`: +1 more is riskier, -1 more is safer, 0 unknown; it becomes a monotone constraint.
    `sources`: tables, or `table.column`, without which the value is unknown (never zero).
    `worry`: where the direction is unknown, which way people would worry; the model is free to
    think otherwise, but only a value on that side is ever told as a reason.
    """

    name: str
    family: str
    unit: str
    definition: str
    sources: tuple[str, ...]
    direction: Direction = 0
    kind: Literal["number", "category"] = "number"
    worry: Direction = 0

    @property
    def worse(self) -> Direction:
        """Which way is worse, declared or as people see it; 0 if neither."""
        return self.direction or self.worry


@dataclass(frozen=True, kw_only=True)
class Family:
    """Features that say one thing together, and the SQL that computes them.

    `sql` gives one row per (account_id, as_of) of the spine with every feature of the family.
    `evidence` gives the rows behind them: account_id, as_of, source, row_id, happened_at, kind and
    args (JSON).
    `context` families describe the account; they are never a reason to act.
    """

    name: str
    label: str
    features: tuple[Feature, ...]
    sql: str
    evidence: str = ""
    context: bool = False


@dataclass(frozen=True)
class Declarer:
    """Declares the numbers of one family, whose usual sources and direction need not be repeated.

    >>> declare = Declarer("silence", ("interactions",))
    >>> declare("inbound_7", "touches", "touches of theirs in 7 days").direction
    1
    """

    family: str
    sources: tuple[str, ...] = ()
    direction: Direction = 1

    def __call__(
        self,
        name: str,
        unit: str,
        definition: str,
        *sources: str,
        sign: Direction | None = None,
        worry: Direction = 0,
    ) -> Feature:
        """The feature, with its own sources and direction where they are given."""
        return Feature(
            name=name,
            family=self.family,
            unit=unit,
            definition=definition,
            sources=sources or self.sources,
            direction=self.direction if sign is None else sign,
            worry=worry,
        )


def sql_text(name: str) -> str:
    """The SQL file `name` that lies beside the declarations."""
    return (files("features") / name).read_text(encoding="utf-8")
