"""Three bands of risk, for people who do not think in probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:  # the service reads bands, and loads no engine for that
    from training.config import BandRule

Band = Literal["high", "elevated", "low"]


@dataclass(frozen=True, kw_only=True)
class Bands:
    """The risks at which `high` and `elevated` begin; below both an account is `low`."""

    high: float
    elevated: float

    @classmethod
    def around(cls, base_rate: float, rule: BandRule) -> Self:
        """Bands that begin at so many times the odds of the base rate.

        Odds, not rates, so that a band exists however common churn is: four times a base rate of
        30 % would be 120 %.

        >>> from training.config import BandRule
        >>> Bands.around(0.1, BandRule()).of(0.2)
        'elevated'
        """
        odds = base_rate / (1 - base_rate)
        return cls(
            high=rule.high * odds / (1 + rule.high * odds),
            elevated=rule.elevated * odds / (1 + rule.elevated * odds),
        )

    def of(self, risk: float) -> Band:
        """The band of one risk; a risk exactly at a limit is in the higher band."""
        if risk >= self.high:
            return "high"
        return "elevated" if risk >= self.elevated else "low"
