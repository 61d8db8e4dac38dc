"""What a feature is: its family, meaning, unit, direction, sources and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One column of the feature table, declared once.

    `direction`: +1 more is riskier, -1 more is safer, 0 unknown; it becomes a monotone constraint.
    `sources`: tables, or `table.column`, without which the value is unknown (never zero).
    `risk` and `safe`: sentences for a value that raises or lowers the risk; `{value}` is replaced
    by the value with its unit. Without one, the feature is never worded on that side.
    """

    name: str
    family: str
    unit: str
    definition: str
    sources: tuple[str, ...]
    direction: Literal[-1, 0, 1] = 0
    kind: Literal["number", "category"] = "number"
    risk: str = ""
    safe: str = ""


@dataclass(frozen=True, kw_only=True)
class Family:
    """Features that say one thing together, and the SQL that computes them.

    `sql` gives one row per (account_id, as_of) of the spine with every feature of the family.
    `evidence` gives the rows behind them: account_id, as_of, source, row_id, happened_at, what.
    `context` families describe the account; they are never a reason to act.
    """

    name: str
    label: str
    features: tuple[Feature, ...]
    sql: str
    evidence: str = ""
    context: bool = False


def sql_text(name: str) -> str:
    """The SQL file `name` that lies beside the declarations."""
    return (files("features") / name).read_text(encoding="utf-8")
