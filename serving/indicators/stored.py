"""The figures of a batch as it stores them: a text for each group of accounts, a short one each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple, Self

from features.indicators.indicator import AT_RISK, Figure
from features.indicators.scorecard import Alert, Level, alerts

# Under this name a batch's metadata tell its scorecards apart.
METADATA = "scorecard"
# What an account's text says of each indicator, in this order; nothings at the end are left out.
# The rest is what the portfolio says of the same indicator.
_OWN = ("value", "numerator", "denominator", "n", "reason", "detail", "partial")


class AtRisk(NamedTuple):
    """The yearly revenue in the high band, that of all with a risk, and how many these are."""

    high: float
    arr: float
    accounts: int

    @classmethod
    def of(cls, band: str | None, arr: float | None) -> Self:
        """That of one account; of nobody where its risk or its revenue is unknown."""
        if band is None or arr is None:
            return cls(0.0, 0.0, 0)
        return cls(arr if band == "high" else 0.0, arr, 1)


@dataclass(frozen=True)
class Group:
    """The figures of a segment or the portfolio, and what was expected of them at the time."""

    figures: tuple[Figure, ...]
    levels: Mapping[str, Level]
    fewest: int

    @property
    def alerts(self) -> list[Alert]:
        """The figures that are worse than expected."""
        return alerts(self.figures, self.levels, fewest=self.fewest)


def group_of(body: Mapping[str, Any]) -> Group:
    """The group of a decoded text."""
    return Group(
        figures=tuple(Figure.from_dict(figure) for figure in body["figures"]),
        levels={name: Level(**level) for name, level in body["levels"].items()},
        fewest=body["fewest"],
    )


def figures_of(text: str, portfolio: Group) -> tuple[Figure, ...]:
    """The figures of an account from its text and the portfolio of the same batch."""
    own: dict[str, list[Any]] = json.loads(text)
    blank: dict[str, Any] = dict.fromkeys(_OWN) | {"n": 0, "partial": False}
    return tuple(
        replace(of_all, **blank | dict(zip(_OWN, own[of_all.indicator], strict=False)))
        for of_all in portfolio.figures
        if of_all.indicator in own
    )


def with_risk(figures: Iterable[Figure], at_risk: AtRisk) -> tuple[Figure, ...]:
    """The figures, revenue at risk among them filled from the risks of accounts.

    Those are known only when the figures have long been stored.
    """
    high, total, accounts = at_risk
    parts = {"value": high, "numerator": high, "denominator": total}
    told: dict[str, Any] = {**parts, "n": accounts, "reason": None}
    return tuple(
        replace(figure, **told) if figure.indicator == AT_RISK and accounts else figure
        for figure in figures
    )


def group_text(group: Group) -> str:
    """The text of a group, which `group_of` reads."""
    return json.dumps(
        {
            "figures": [figure.to_dict() for figure in group.figures],
            "levels": {name: asdict(level) for name, level in group.levels.items()},
            "fewest": group.fewest,
        }
    )


def account_text(figures: Iterable[Figure]) -> str:
    """The text of an account, which `figures_of` reads."""
    return json.dumps({f.indicator: _own(f) for f in figures}, separators=(",", ":"))


def _own(figure: Figure) -> list[Any]:
    values = [getattr(figure, name) for name in _OWN]
    # Neither a detail nor partial is the rule; a value of 0 is no nothing.
    while values and (values[-1] is None or values[-1] is False):
        values.pop()
    return values
