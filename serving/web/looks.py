"""What the pages look like, as files that a browser need not ask for twice."""

from __future__ import annotations

from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from serving.guard import IMMUTABLE
from serving.web.screen import STATIC, Screen


class Looks(StaticFiles):
    """The files of `static/`.

    By the address that the pages use, which changes with what a file holds, it may be kept for a
    year; by any other it is asked for every time.
    """

    def __init__(self, screen: Screen) -> None:
        super().__init__(directory=STATIC)
        self._screen = screen

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or what says that there is none."""
        answer = await super().get_response(path, scope)
        query = scope["query_string"].decode("latin-1")
        if self._screen.holds(path, query) and answer.status_code < 400:
            answer.raw_headers.append(IMMUTABLE)
        return answer
