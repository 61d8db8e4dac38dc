"""From the parts of accounts to figures: of one account, a segment, or all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.indicators.catalog import INDICATORS
from features.indicators.indicator import PORTFOLIO, Figure, Indicator, Reason
from features.indicators.measure import Measured
from features.indicators.survival import median_days

# Half a customer lost among one more: no churn is not forever, and few customers say little.
_LOST, _THERE = 0.5, 1.0


@dataclass(frozen=True)
class Card:
    """The figures of one moment: of the portfolio, of segments by name, of customers by id."""

    portfolio: tuple[Figure, ...]
    segments: dict[str, tuple[Figure, ...]]
    accounts: dict[str, tuple[Figure, ...]]


def card(measured: Measured, as_of: pd.Timestamp) -> Card:
    """Every figure of every indicator at `as_of`, each group's in the order of the catalog.

    Numerators and denominators of a segment and of the portfolio are sums of those of the accounts,
    those of customers lost within the stretch included. An account that is no customer any more
    has no figures of its own, and one without a segment is in the portfolio only.
    """
    here = measured.accounts[measured.accounts["as_of"] == as_of]
    parts = measured.parts[measured.parts["as_of"] == as_of]
    # The engine gives rows in any order; decimals added in another order add up to others.
    ordered = ["indicator", "account_id", "days", "numerator", "denominator"]
    parts = parts[parts["denominator"].notna()].sort_values(ordered, kind="stable")
    parts = parts.merge(here[["account_id", "segment"]], on="account_id", how="left")
    customers = here[here["customer"].astype(bool)]
    folding = _Folding(measured, _frames(measured, as_of), _churn(parts))
    by_segment = parts[parts["segment"].notna()].groupby("segment", sort=True)
    return Card(
        portfolio=tuple(folding.group(PORTFOLIO, parts)),
        segments={str(name): tuple(folding.group(str(name), some)) for name, some in by_segment},
        accounts=folding.singles(parts, customers),
    )


@dataclass(frozen=True)
class _Sums:
    """What a figure is made of, of one account or of many."""

    numerator: float
    denominator: float
    n: int
    detail: str | None = None


@dataclass(frozen=True)
class _Frame:
    """The stretch of an indicator at the moment, and what is true of all its figures there."""

    indicator: Indicator
    start: pd.Timestamp
    dates: tuple[str, str]
    partial: bool
    empty: Reason | None

    def figure(
        self,
        value: float | None,
        sums: _Sums | None,
        *,
        reason: Reason | None = None,
        young: bool = False,
    ) -> Figure:
        """A figure of the indicator; without sums it is only a reason."""
        return Figure(
            indicator=self.indicator.id,
            definition=self.indicator.definition,
            value=_short(value),
            numerator=None if sums is None else _short(sums.numerator),
            denominator=None if sums is None else _short(sums.denominator),
            n=0 if sums is None else sums.n,
            start=self.dates[0],
            end=self.dates[1],
            partial=self.partial or young,
            reason=reason,
            detail=None if sums is None else sums.detail,
        )

    def young(self, began: pd.Timestamp) -> bool:
        """Whether an account that began then is younger than what it is counted over."""
        return not self.indicator.cohort and began > self.start

    def ratio(self, sums: _Sums, *, young: bool = False) -> Figure:
        """What the sums come to, or the answers themselves where they are few."""
        if not sums.denominator > 0:
            return self.figure(None, sums, reason="no_base", young=young)
        if sums.n < self.indicator.fewest:
            return self.figure(None, sums, reason="few_answers", young=young)
        ratio = self.indicator.scale * sums.numerator / sums.denominator
        value = sums.numerator if self.indicator.kind == "total" else ratio
        return self.figure(value, sums, young=young)


def _frames(measured: Measured, as_of: pd.Timestamp) -> list[_Frame]:
    here = measured.periods[measured.periods["as_of"] == as_of]
    moments = (pd.DatetimeIndex(here[name]) for name in ("start", "stop"))
    stretches = dict(zip(here["indicator"], zip(*moments, strict=True), strict=True))
    return [
        _Frame(
            indicator=indicator,
            start=start,
            dates=(f"{start:%Y-%m-%d}", f"{stop:%Y-%m-%d}"),
            partial=_partial(measured, indicator, start, as_of),
            empty=measured.empty.get((as_of, indicator.id)),
        )
        for indicator in INDICATORS
        for start, stop in [stretches[indicator.id]]
    ]


def _partial(
    measured: Measured, indicator: Indicator, start: pd.Timestamp, as_of: pd.Timestamp
) -> bool:
    """Whether the data begin within the stretch, or end before the last day of its judging."""
    begun = [measured.since[name] for name in indicator.tables if name in measured.since]
    last_day = as_of - pd.Timedelta(days=1)
    return any(first >= start + pd.Timedelta(days=1) for first in begun) or (
        measured.until < last_day
    )


@dataclass(frozen=True)
class _Churn:
    """Yearly churn as a lifetime reads it, and how many customers it rests on."""

    rate: float
    n: int


def _churn(parts: pd.DataFrame) -> dict[str, _Churn]:
    """That of each segment by name, and of the portfolio; nothing where nobody was there."""
    logos = parts[parts["indicator"] == "logo_churn"]
    groups = [(PORTFOLIO, logos), *logos.groupby("segment")]
    return {
        str(name): _Churn((some["numerator"].sum() + _LOST) / (len(some) + _THERE), len(some))
        for name, some in groups
        if len(some)
    }


@dataclass(frozen=True)
class _Folding:
    """Makes figures of one moment."""

    measured: Measured
    frames: list[_Frame]
    churn: dict[str, _Churn]

    def group(self, name: str, parts: pd.DataFrame) -> Iterator[Figure]:
        """Those of a group of accounts."""
        by_indicator = dict(iter(parts[parts["denominator"] > 0].groupby("indicator")))
        for frame in self.frames:
            some = by_indicator.get(frame.indicator.id)
            if frame.empty or some is None:
                yield frame.figure(None, None, reason=frame.empty or "no_base")
            else:
                yield self._of_many(frame, name, some)

    def singles(
        self, parts: pd.DataFrame, customers: pd.DataFrame
    ) -> dict[str, tuple[Figure, ...]]:
        """Those of each customer."""
        rows: dict[tuple[Any, Any], Any] = {
            (row.account_id, row.indicator): row for row in parts.itertuples(index=False)
        }
        found = {}
        customer: Any
        for customer in customers.itertuples(index=False):
            name = PORTFOLIO if pd.isna(customer.segment) else str(customer.segment)
            found[str(customer.account_id)] = tuple(
                self._of_one(
                    frame,
                    name,
                    rows.get((customer.account_id, frame.indicator.id)),
                    young=frame.young(customer.began_at),
                )
                for frame in self.frames
            )
        return found

    def _of_many(self, frame: _Frame, name: str, parts: pd.DataFrame) -> Figure:
        sums = _Sums(
            float(parts["numerator"].sum()),
            float(parts["denominator"].sum()),
            int(parts["n"].sum()),
            _told(frame.indicator, parts),
        )
        if frame.indicator.kind == "time":
            value = median_days(parts["days"], parts["numerator"] > 0)
            return frame.figure(value, sums, reason="not_reached" if value is None else None)
        if frame.indicator.kind == "lifetime":
            return self._lifetime(frame, name, sums.numerator / sums.denominator)
        return frame.ratio(sums)

    def _of_one(
        self,
        frame: _Frame,
        segment: str,
        row: Any,  # noqa: ANN401 - a row of itertuples has no static type
        *,
        young: bool,
    ) -> Figure:
        if frame.empty or row is None:
            return frame.figure(
                None, None, reason=frame.empty or frame.indicator.unseen, young=young
            )
        told = None if pd.isna(row.detail) else str(row.detail)
        sums = _Sums(float(row.numerator), float(row.denominator), int(row.n), told)
        if frame.indicator.kind == "time":
            there = sums.numerator > 0
            return frame.figure(
                float(row.days) if there else None, sums, reason=None if there else "not_reached"
            )
        if frame.indicator.kind == "lifetime":
            return self._lifetime(frame, segment, sums.numerator)
        return frame.ratio(sums, young=young)

    def _lifetime(self, frame: _Frame, name: str, margin: float) -> Figure:
        """Margin times the expected years, which are never more than the settings allow."""
        churn = self.churn.get(name) or self.churn.get(PORTFOLIO)
        if churn is None:
            return frame.figure(None, None, reason="no_base")
        value = margin * min(1 / churn.rate, self.measured.settings.clv_years)
        return frame.figure(value, _Sums(margin, churn.rate, churn.n))


def _told(indicator: Indicator, parts: pd.DataFrame) -> str | None:
    """What the parts say beside numbers: few answers, or the one scale that all are on."""
    told = [str(detail) for detail in parts["detail"].dropna()]
    if indicator.fewest:
        return " ".join(told) if parts["n"].sum() < indicator.fewest else None
    return told[0] if indicator.id in {"csat", "ces"} and told else None


def _short(number: float | None) -> float | None:
    """With as many digits as every machine agrees on."""
    return None if number is None else float(f"{number:.10g}")
