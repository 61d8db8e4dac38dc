"""Indicators over HTTP: of all accounts or a segment, and of one account."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response

from features.indicators.indicator import PORTFOLIO
from features.indicators.scorecard import alerts
from serving import asked
from serving.answering import answered, batch_at, reader
from serving.answers_figures import (
    IndicatorAlert,
    IndicatorFigure,
    IndicatorsAnswer,
    ScorecardAnswer,
)
from serving.asked import AccountInPath
from serving.health.answers import PortfolioHealth
from serving.health.live import Healths
from serving.indicators.stored import AtRisk, figures_of, group_of, with_risk
from serving.provenance import Provenance
from serving.published import Published
from serving.records import Batch


def figure_routes(published: Published, healths: Healths) -> APIRouter:
    """The routes under `/v1` that tell indicators; they need the scope `read`."""
    api = reader(404)

    @api.get("/scorecard", operation_id="get_scorecard", response_model=ScorecardAnswer)
    def get_scorecard(wanted: Annotated[asked.OfSegment, Query()]) -> Response:
        """The indicators of a segment, or of all accounts, and those worse than expected.

        With the health of its accounts, averaged plainly and by revenue.
        """
        return answered(_of_segment(published, healths, wanted))

    @api.get(
        "/accounts/{account_id:path}/indicators",
        operation_id="get_indicators",
        response_model=IndicatorsAnswer,
    )
    def get_indicators(account_id: AccountInPath, then: Annotated[asked.Then, Query()]) -> Response:
        """The indicators of one account, and those worse than expected."""
        return answered(_of_account(published, account_id, then))

    return api


def _of_segment(published: Published, healths: Healths, wanted: asked.OfSegment) -> ScorecardAnswer:
    batch = batch_at(published, wanted.as_of)
    segments = published.segments(batch)
    if PORTFOLIO not in segments:
        raise _without(batch)
    name = wanted.segment or PORTFOLIO
    if name not in segments:
        raise HTTPException(404, f"no such segment in batch {batch.batch_id}")
    group = group_of(published.scorecards(batch, [name])[name])
    figures = with_risk(group.figures, published.at_risk(batch, wanted.segment))
    raised = alerts(figures, group.levels, fewest=group.fewest)
    known = healths.together(batch, wanted.segment or None, live=wanted.as_of is None)
    others = [one for one in segments if one != PORTFOLIO]
    told = ScorecardAnswer.of(batch, wanted.segment, others, figures, raised)
    health = None if known is None else PortfolioHealth.of(known)
    return told.model_copy(update={"portfolio_health": health})


def _of_account(published: Published, account_id: str, then: asked.Then) -> IndicatorsAnswer:
    batch = batch_at(published, then.as_of)
    row = published.some(batch, [account_id]).get(account_id)
    text = published.part(batch, account_id, "indicators")
    if row is None or text is None:
        raise HTTPException(404, f"no indicators of such an account in batch {batch.batch_id}")
    cards = published.scorecards(batch, (PORTFOLIO, row.segment or PORTFOLIO))
    if PORTFOLIO not in cards:
        raise _without(batch)
    group = group_of(cards.get(row.segment or PORTFOLIO, cards[PORTFOLIO]))
    own = figures_of(text, group_of(cards[PORTFOLIO]))
    figures = with_risk(own, AtRisk.of(row.band, row.arr))
    return IndicatorsAnswer(
        batch=Provenance.of(batch),
        account_id=account_id,
        segment=row.segment,
        alerts=IndicatorAlert.every(alerts(figures, group.levels, fewest=group.fewest)),
        figures=[IndicatorFigure.of(figure) for figure in figures],
    )


def _without(batch: Batch) -> HTTPException:
    return HTTPException(404, f"batch {batch.batch_id} was published without a scorecard")
