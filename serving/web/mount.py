"""Puts the pages together: the list, one account, plays, the model, the door, the looks."""

from __future__ import annotations

from fastapi import FastAPI

from data.workspace import Workspace
from serving.health.live import Healths
from serving.plays.board import PlayDesk
from serving.published import Published
from serving.web.account import account_page
from serving.web.accounts import account_list
from serving.web.health import health_page
from serving.web.looks import Looks
from serving.web.model import model_page
from serving.web.plays import plays_page
from serving.web.preferences import preferences
from serving.web.scorecard import scorecard_page
from serving.web.screen import Screen
from serving.web.sign_in import mount_door
from serving.web.states import look_again
from serving.words.corrections import Corrections
from serving.written.desk import Desk


def mount_pages(app: FastAPI, published: Published, workspace: Workspace) -> Screen:
    """Add every page, what they look like, and the door.

    What comes back shows pages as these are shown, for whatever else has something to show.
    """
    screen, desk = Screen(), Desk(workspace.store)
    corrections = Corrections(workspace.store)
    plays = PlayDesk(workspace, published)
    app.mount("/static", Looks(screen), name="static")
    app.include_router(account_list(published, desk, screen))
    app.include_router(account_page(published, desk, corrections, plays, screen))
    app.include_router(plays_page(published, desk, plays, screen))
    app.include_router(health_page(published, workspace.models, screen))
    app.include_router(model_page(published, workspace.store, workspace.models, screen))
    app.include_router(scorecard_page(published, Healths(published, desk), screen))
    app.include_router(preferences())
    app.include_router(look_again(published))
    mount_door(app, screen)
    return screen
