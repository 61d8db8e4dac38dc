"""The model page: whether the list can be trusted, for whoever must decide that."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from serving.access.caller import needs
from serving.access.viewer import viewer_of
from serving.engines import Address
from serving.past import Past
from serving.published import Published
from serving.web.look import Looking
from serving.web.screen import Screen
from serving.web.sign_in import own_form
from serving.web.trust.misses import Wrongs
from serving.web.trust.papers import papers
from serving.web.trust.view import View
from training.decisions import Decisions, decisions

_LISTS, _DECISIONS = 20, 10


def model_page(published: Published, address: Address, models: Path, screen: Screen) -> APIRouter:
    """The page at `/model`; the store is at `address`, and models are in the folder `models`."""
    router = APIRouter(
        include_in_schema=False,
        default_response_class=HTMLResponse,
        dependencies=[Depends(needs("read")), Depends(viewer_of), Depends(own_form)],
    )
    past = Past(address)
    wrongs = Wrongs(past)

    @router.get("/model")
    def model(look: Looking, clock: str = "") -> HTMLResponse:
        assert look.viewer is not None  # noqa: S101 - seen to by the router
        batch = published.batch()
        found, decided = papers(models / batch.model_version), decisions(models)
        view = View(
            language=look.language,
            batch=batch,
            papers=found,
            lists=past.lists(limit=_LISTS),
            decisions=Decisions(decided.known[:_DECISIONS], decided.unread),
            misses=wrongs.of(found, batch, look.viewer),
            asked=clock,
        )
        return screen.show("model/model.html", look, batch=batch, view=view, tab="model")

    return router
