"""Puts the pages together: the list of accounts, one account, the model, the door, the looks."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from serving.published import Published
from serving.web.account import account_page
from serving.web.accounts import account_list
from serving.web.preferences import preferences
from serving.web.screen import STATIC, Screen
from serving.web.sign_in import mount_door


def mount_pages(app: FastAPI, published: Published) -> None:
    """Add every page, what they look like, and the door."""
    screen = Screen()
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.include_router(account_list(published, screen))
    app.include_router(account_page(published, screen))
    app.include_router(preferences())
    mount_door(app, screen)
