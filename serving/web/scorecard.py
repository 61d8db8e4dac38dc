"""The scorecard: the figures of all accounts or a segment, what is worse than expected on top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from features.indicators.indicator import PORTFOLIO
from features.indicators.scorecard import alerts
from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.health.live import Healths
from serving.health.told import Means, means
from serving.indicators.stored import group_of, with_risk
from serving.published import Published
from serving.records import Batch
from serving.web.figures import Sheet, sheet
from serving.web.look import Look, Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form


@dataclass(frozen=True, kw_only=True)
class Board:
    """What the page shows; without a sheet where nothing was published, or not for this viewer."""

    sheet: Sheet | None = None
    health: Means | None = None
    segment: str = PORTFOLIO
    segments: tuple[str, ...] = ()
    hidden: bool = False


def scorecard_page(published: Published, healths: Healths, screen: Screen) -> APIRouter:
    """The page at `/scorecard`, of all accounts or of `?segment=`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )

    @router.get("/scorecard")
    def scorecard(look: Looking, segment: str = PORTFOLIO) -> HTMLResponse:
        assert look.viewer is not None  # noqa: S101 - seen to by the router
        batch = published.batch()
        board = _board(published, healths, batch, segment, look)
        return screen.show("scorecard/page.html", look, batch=batch, board=board, tab="scorecard")

    return router


def _board(published: Published, healths: Healths, batch: Batch, wanted: str, look: Look) -> Board:
    if look.viewer is None or look.viewer.csm is not None:
        # Sums over few accounts would tell of those that somebody may not see.
        return Board(hidden=True)
    segments = published.segments(batch)
    if PORTFOLIO not in segments:
        return Board()
    # A segment that is gone is no mistake of who follows an old link.
    name = wanted if wanted in segments else PORTFOLIO
    group = group_of(published.scorecards(batch, [name])[name])
    figures = with_risk(group.figures, published.at_risk(batch, name or None))
    health = healths.together(batch, name or None, live=True)
    return Board(
        sheet=sheet(
            figures,
            group,
            alerts(figures, group.levels, fewest=group.fewest),
            look.language,
            courses=_courses(published, batch, name),
        ),
        health=None if health is None else means(health, look.language),
        segment=name,
        segments=tuple(one for one in segments if one != PORTFOLIO),
    )


def _courses(published: Published, batch: Batch, segment: str) -> dict[str, list[float]]:
    """How each indicator went over the weekly batches, the oldest first, as far as it had values.

    Partial figures are left out: they are not to be compared with whole ones.
    """
    found: dict[str, list[float]] = {}
    for body in published.scorecard_course(list(published.weekly(batch)), segment):
        figure: dict[str, Any]
        for figure in body["figures"]:
            if figure["value"] is not None and not figure["partial"]:
                found.setdefault(figure["indicator"], []).append(figure["value"])
    return found
