"""The indicators of one account on its page, beside those of its segment."""

from __future__ import annotations

from dataclasses import dataclass

from features.indicators.catalog import INDICATORS
from features.indicators.indicator import PORTFOLIO
from features.indicators.scorecard import alerts
from serving.indicators.stored import AtRisk, figures_of, group_of, with_risk
from serving.published import Published
from serving.web.figures import Line, Sheet, sheet
from serving.web.look import Look
from serving.web.one.found import Found

_BY_SEGMENT = frozenset(one.id for one in INDICATORS if one.kind == "lifetime")


@dataclass(frozen=True)
class Figures:
    """The sheet of an account; `beside` says whether its segment's figures stand there too."""

    sheet: Sheet
    beside: bool

    @property
    def known(self) -> tuple[Line, ...]:
        """The lines that have something to show."""
        return tuple(line for line in self.sheet.lines if line.shows)

    @property
    def unknown(self) -> tuple[Line, ...]:
        """The others, which only say why they are empty."""
        return tuple(line for line in self.sheet.lines if not line.shows)


def figures(published: Published, found: Found, look: Look) -> Figures | None:
    """What the account's batch says of its indicators; None where it says nothing.

    Who may see only their own accounts sees no figures of a segment: few accounts would tell. Nor
    a lifetime, which is made with the churn of the segment.
    """
    row, batch = found.row, found.batch
    text = published.part(batch, row.account_id, "indicators")
    cards = (
        {} if text is None else published.scorecards(batch, (PORTFOLIO, row.segment or PORTFOLIO))
    )
    if text is None or PORTFOLIO not in cards:
        return None
    of_all = group_of(cards[PORTFOLIO])
    group = group_of(cards[row.segment]) if row.segment in cards else of_all
    own = with_risk(figures_of(text, of_all), AtRisk.of(row.band, row.arr))
    shared = look.viewer is not None and look.viewer.csm is None
    if not shared:
        own = tuple(figure for figure in own if figure.indicator not in _BY_SEGMENT)
    beside = {figure.indicator: figure for figure in group.figures} if shared else None
    raised = alerts(own, group.levels, fewest=group.fewest)
    return Figures(sheet(own, group, raised, look.language, beside=beside), shared)
