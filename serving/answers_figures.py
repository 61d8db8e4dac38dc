"""What the API answers of indicators: each figure with what it was made of, and the alerts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from pydantic import BaseModel

from features.indicators.catalog import BY_ID
from features.indicators.indicator import Figure
from features.indicators.scorecard import Alert
from serving.health.answers import PortfolioHealth
from serving.provenance import Provenance
from serving.records import Batch


class IndicatorFigure(BaseModel):
    """An indicator over a half-open stretch of days; without a value where `empty_reason` says why.

    `base_count` is how many accounts, answers or people it rests on. A `partial` one is never held
    against what is expected.
    """

    indicator: str
    indicator_name: str
    unit: str
    better: str
    definition_id: str
    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    base_count: int
    starts_on: date
    ends_on: date
    partial: bool
    empty_reason: str | None = None
    told: str | None = None

    @classmethod
    def of(cls, figure: Figure) -> IndicatorFigure:
        """That of a figure."""
        about = BY_ID[figure.indicator]
        return cls(
            indicator=figure.indicator,
            indicator_name=about.name,
            unit=about.unit,
            better=about.better,
            definition_id=figure.definition,
            value=figure.value,
            numerator=figure.numerator,
            denominator=figure.denominator,
            base_count=figure.n,
            starts_on=date.fromisoformat(figure.start),
            ends_on=date.fromisoformat(figure.end),
            partial=figure.partial,
            empty_reason=figure.reason,
            told=figure.detail,
        )


class IndicatorAlert(BaseModel):
    """An indicator that is worse than expected, with what its owner does about it."""

    indicator: str
    indicator_name: str
    value: float
    expected: float
    owner: str
    action: str

    @classmethod
    def every(cls, alerts: Iterable[Alert]) -> list[IndicatorAlert]:
        """Those of some alerts, which have values."""
        return [
            cls(
                indicator=alert.figure.indicator,
                indicator_name=BY_ID[alert.figure.indicator].name,
                value=alert.figure.value,
                expected=alert.level.expect,
                owner=alert.level.owner,
                action=alert.level.action,
            )
            for alert in alerts
            if alert.figure.value is not None
        ]


class ScorecardAnswer(BaseModel):
    """The indicators of a segment, or of all accounts where none is named, as published.

    With the health of its accounts, where the batch has one, as it is now.
    """

    batch: Provenance
    segment: str | None = None
    segments: list[str]
    portfolio_health: PortfolioHealth | None = None
    alerts: list[IndicatorAlert]
    figures: list[IndicatorFigure]

    @classmethod
    def of(
        cls,
        batch: Batch,
        segment: str | None,
        segments: list[str],
        figures: Iterable[Figure],
        alerts: Iterable[Alert],
    ) -> ScorecardAnswer:
        """That of a batch."""
        return cls(
            batch=Provenance.of(batch),
            segment=segment,
            segments=segments,
            alerts=IndicatorAlert.every(alerts),
            figures=[IndicatorFigure.of(figure) for figure in figures],
        )


class IndicatorsAnswer(BaseModel):
    """The indicators of one account, as published."""

    batch: Provenance
    account_id: str
    segment: str | None = None
    alerts: list[IndicatorAlert]
    figures: list[IndicatorFigure]
