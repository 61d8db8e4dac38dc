"""Who may come in: the decision about a request before any of its body is read."""

from __future__ import annotations

import asyncio
import binascii
import secrets
import time
from base64 import b64decode
from collections.abc import Callable
from typing import NamedTuple

from fastapi import HTTPException
from starlette.types import Scope

from serving.access.audit import Audit
from serving.access.browser import (
    Browser,
    Headers,
    behind_proxy,
    browser_of,
    came_from_here,
    left,
    local,
    place_of,
    sign_in_at,
    token_of,
)
from serving.access.caller import OPEN, Caller
from serving.access.door import NOBODY, Door
from serving.access.limits import Bucket, Buckets
from serving.access.listening import Listens, is_own_name, listens
from serving.access.ring import Ring, Rings
from serving.access.sessions import Sessions, form_token
from serving.access.viewer import SCOPES, Viewer
from serving.database import StoreError
from serving.engines import Address
from serving.moments import now

# More at once only wait for one another: two cores are busy with far fewer.
MOST_AT_ONCE = 32
# Below the ten seconds after which an Apex callout gives up by default.
DEADLINE_SECONDS = 9.0
MOST_BYTES = 1_000_000
# The whole past of two hundred accounts.
MOST_BYTES_AT = {"/v1/score": 10_000_000}

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ELSEWHERE = frozenset({b"cross-site", b"same-site"})
_API = "/v1/"
# What is for programs alone, and answers as they expect.
PROGRAMS = (_API, "/openapi/", "/metrics")
# Looks and nothing else: the same for all, and needed to sign in.
_LOOKS = "/static/"
# What is open to who has not signed in.
_DOORS = frozenset({"/sign-in", "/sign-out", "/language"})
# In the state of a request: where to sign in, if it brought a form after its session was over.
SIGNED_OUT = "signed_out"
_ANYBODY = Caller(NOBODY, frozenset())
_PATIENCE_SECONDS = 5.0


class Admitted(NamedTuple):
    """Who may go on: who asks, what is left to their key, and who looks if it is at the page."""

    caller: Caller
    bucket: Bucket | None = None
    viewer: Viewer | None = None


class SignInFirstError(Exception):
    """Nobody is signed in in this browser; `place` is where to do so."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


class Access:
    """Keys, sessions, limits and audit of one process; whatever guards it shares this one."""

    def __init__(
        self,
        store: Address,
        *,
        listens_on: Listens | None = None,
        most_at_once: int = MOST_AT_ONCE,
        deadline: float = DEADLINE_SECONDS,
        most_bytes: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.listens = listens_on or listens()
        self.most_at_once = most_at_once
        self.deadline = deadline
        self._most_bytes = most_bytes
        self.under_way = 0
        self.clock = clock
        self.rings = Rings(store, clock)
        self.audit = Audit(store)
        self.door = Door(store, self.audit, clock)
        self._proxied = behind_proxy()
        self._sessions = Sessions(store)
        self._buckets = Buckets()
        # For the forms of those who have no session. A new process refuses forms of the one before.
        self._secret = secrets.token_bytes(32)

    def most_bytes(self, path: str) -> int:
        """How long the body of a request to a path may be."""
        return max(self._most_bytes, MOST_BYTES_AT.get(path, 0))

    async def admit(self, scope: Scope, headers: Headers) -> Admitted:
        """Who may go on.

        Programs show a key. The page wants a session once it has users; until then, a key.

        Raises:
            HTTPException: 401 without a key that works, 403 for a request that somebody else's page
                has sent, 421 for a name that is not this machine's while no key is needed.
            SignInFirstError: a page is asked for, by a browser in which nobody is signed in.
            ForewarnError: the keys or sessions cannot be read.
        """
        path: str = scope["path"]
        page = not path.startswith(PROGRAMS)
        if scope["method"] not in _SAFE and not _may_send(headers, page=page):
            raise HTTPException(403, "another site's page may not do this")
        if path.startswith(_LOOKS):
            return Admitted(_ANYBODY)
        ring = self.rings.fresh() or await self.rings.newest()
        if page and ring.users:
            return await self._signed_in(scope, headers)
        return self._with_key(ring, path, headers, page=page)

    def browser(self, scope: Scope, headers: Headers) -> Browser:
        """Who sent a request."""
        return browser_of(scope, headers, proxied=self._proxied)

    def _with_key(self, ring: Ring, path: str, headers: Headers, *, page: bool) -> Admitted:
        if ring.empty and self.listens != "anywhere":
            if self.listens == "loopback" and not is_own_name(headers.get(b"host", b"")):
                raise HTTPException(421, "without a key, only as 127.0.0.1, [::1] or localhost")
            return Admitted(OPEN, viewer=self._open if page else None)
        holder = ring.holder(secret := _secret(path, headers))
        if holder is None:
            raise HTTPException(
                401,
                "a key that works is needed, as X-API-Key or as Authorization: Bearer",
                {"WWW-Authenticate": _challenge(path)},
            )
        self.audit.used(holder.caller.key_id)
        bucket = self._buckets.of(holder.caller.key_id, holder.per_minute, self.clock())
        viewer = Viewer(by="key", form_token=form_token(secret)) if page else None
        return Admitted(holder.caller, bucket, viewer)

    async def _signed_in(self, scope: Scope, headers: Headers) -> Admitted:
        token = token_of(self.browser(scope, headers), headers)
        looking = asyncio.to_thread(self._sessions.find, token, now())
        try:
            session = await asyncio.wait_for(looking, _PATIENCE_SECONDS)
        except TimeoutError:
            raise StoreError("the sessions could not be read in time; try again") from None
        if session is None:
            if scope["path"] in _DOORS:
                return Admitted(_ANYBODY)
            raise _sign_in_first(scope, headers)
        if not session.noted:
            self.audit.seen(session.digest)
        viewer = session.viewer
        return Admitted(Caller(session.user_id, SCOPES[viewer.role]), viewer=viewer)

    @property
    def _open(self) -> Viewer:
        return Viewer(by="anybody", form_token=form_token(self._secret))


def _may_send(headers: Headers, *, page: bool) -> bool:
    """Programs say nothing of where they are; browsers do, and it must be a page of ours."""
    return came_from_here(headers) if page else headers.get(b"sec-fetch-site") not in _ELSEWHERE


def _sign_in_first(scope: Scope, headers: Headers) -> Exception:
    """A browser that wants a page is sent to the door; a script of a page is told where it is.

    Who has sent a form is sent nowhere, since what they typed would be gone without a word.
    """
    if scope["method"] not in _SAFE:
        place = sign_in_at(left(headers) or place_of(scope))
        scope.setdefault("state", {})[SIGNED_OUT] = place
        return HTTPException(401, "sign in first, at /sign-in; keys are for the API alone")
    if headers.get(b"hx-request") == b"true":
        here = headers.get(b"hx-current-url", b"").decode("latin-1")
        place = sign_in_at(local("/" + here.partition("//")[2].partition("/")[2]))
        return HTTPException(401, "sign in first", {"HX-Redirect": place})
    if b"text/html" in headers.get(b"accept", b""):
        return SignInFirstError(sign_in_at(place_of(scope)))
    return HTTPException(401, "sign in first, at /sign-in; keys are for the API alone")


def _secret(path: str, headers: Headers) -> bytes:
    """The first secret that is given, empty without any.

    On the pages also the password of HTTP Basic, so that a browser can sign in. Not for the API: a
    browser adds it to whatever any page makes it send.
    """
    if (given := headers.get(b"x-api-key")) is not None:
        return given
    scheme, _, rest = headers.get(b"authorization", b"").partition(b" ")
    if (scheme := scheme.lower()) == b"bearer":
        return rest.strip()
    if scheme == b"basic" and not path.startswith(_API):
        try:
            return b64decode(rest).partition(b":")[2]
        except binascii.Error:
            return b""
    return b""


def _challenge(path: str) -> str:
    if path.startswith(_API):
        return 'Bearer realm="forewarn"'
    return 'Basic realm="forewarn", charset="UTF-8"'
