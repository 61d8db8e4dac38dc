"""Every indicator, once: what the computation, the scorecard, the pages and the document read."""

from __future__ import annotations

from features.indicators.indicator import Indicator
from features.indicators.money import MONEY
from features.indicators.practice import PRACTICE

INDICATORS: tuple[Indicator, ...] = (*PRACTICE, *MONEY)
BY_ID: dict[str, Indicator] = {indicator.id: indicator for indicator in INDICATORS}

_BETTER = {"more": "more is better", "less": "less is better", "neither": ""}
_KINDS = {
    "ratio": "sum of numerators over sum of denominators",
    "total": "sum",
    "time": "Kaplan-Meier median",
    "lifetime": "mean margin times expected lifetime",
}
_HEAD = """# Indicators

Every figure of `forewarn scorecard`, of the scorecard page and of an account's page: its formula,
unit, stretch and sources. This page is written from the declarations (`features/indicators/`).

- A figure carries its value, numerator, denominator, n, stretch, and the id of its definition. The
  number behind the id rises when the same data would give another value.
- Nothing to divide by gives no value and the reason `no_base`, never 0 or 100. Other reasons:
  `no_source` (a table or column was not landed), `feed_stale` (the feed had stopped arriving),
  `never_observed` (nobody there was ever seen to use the product), `few_answers` (too few for a
  figure: the answers themselves are shown), `not_reached` (fewer than half got there; of one
  account, it did not), `no_risk` (no risks were given).
- Stretches are half-open, `[start, end)`, counted in whole days back from `as_of`, and both clocks
  are kept: what happened or became known at or after `as_of` is not used. So a figure of a past day
  does not change when the past is corrected later.
- A figure is `partial` when the data do not cover its stretch and the days in which it is judged;
  it is shown and never held against an expected level. For an account the same holds while it is
  younger than the stretch.
- Of a segment or the portfolio, numerators and denominators are the sums of those of its accounts;
  an account without a base is in neither. Customers are those of the moment, unless a figure is of
  a cohort: then it counts who left as well.
- Months are not used: money is compared over 365 or 30 days, and all in the currency of the data.

`forewarn scorecard` shows them as of any day, of all accounts, by segment or of one account.
`forewarn scorecard --drivers` measures which go with staying: over past monthly snapshots, the
share that stayed among the best and the worst third, and the AUC, with intervals from drawn
accounts. That is association, not cause; fewer than 20 lost accounts are not enough data.

What each should be, who answers for it and what they do stands in a file, `features/scorecard.yml`;
copy it, change it and name it as `scorecard` in `mlflow.yml`. A figure worse than its level raises
an alert with that owner and action, in the command at once and on the pages with the next batch.
The file also holds the numbers that formulas leave to the firm, such as `activation_days`;
`grace_days` is that of the churn rule.
"""


def page() -> str:
    """The declarations as a Markdown page, `docs/indicators.md`."""
    groups = (("Fifteen indicators", PRACTICE), ("Money and answers", MONEY))
    return "\n".join([_HEAD, *(_section(title, some) for title, some in groups)])


def _section(title: str, indicators: tuple[Indicator, ...]) -> str:
    return "\n".join([f"## {title}", "", *(_told(indicator) for indicator in indicators)])


def _told(indicator: Indicator) -> str:
    lag = f" ending {indicator.lag} days before the moment" if indicator.lag else ""
    if indicator.lag_of:
        lag = f" ending `{indicator.lag_of}` before the moment"
    better = _BETTER[indicator.better]
    lines = [
        f"### {indicator.name} (`{indicator.definition}`)",
        "",
        f"{indicator.formula}",
        "",
        f"- unit: {indicator.unit}{'; ' + better if better else ''}",
        f"- stretch: {indicator.days} days{lag}",
        f"- of many accounts: {_KINDS[indicator.kind]}",
        f"- sources: {', '.join(f'`{source}`' for source in indicator.sources)}",
        f"- reference: {indicator.reference}",
    ]
    return "\n".join([*lines, ""])
