"""What a browser says of itself and of where a request comes from, and what it is told to keep."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from starlette.types import Scope

from data.errors import BadInputError

BEHIND_PROXY_VARIABLE = "FOREWARN_BEHIND_PROXY"
Headers = Mapping[bytes, bytes]

# Only characters that no browser drops or takes for another, and no second slash: `//elsewhere`
# is another machine.
_LOCAL = re.compile(r"/(?!/)[!-\[\]-~]*")
_LONGEST_TARGET = 2000
_DOORS = ("/sign-in", "/sign-out", "/language")
_OWN = frozenset({b"same-origin", b"none"})


def behind_proxy() -> bool:
    """Whether a proxy in front speaks for browsers, so that what it adds to requests is believed.

    Raises:
        BadInputError: FOREWARN_BEHIND_PROXY is neither true nor false.
    """
    said = os.environ.get(BEHIND_PROXY_VARIABLE, "") or "false"
    if said not in ("true", "false"):
        raise BadInputError(f"{BEHIND_PROXY_VARIABLE}: expected true or false; got {said!r}")
    return said == "true"


@dataclass(frozen=True)
class Browser:
    """Who sent a request: its address, and whether all the way from there was by https."""

    address: str
    by_https: bool

    @property
    def cookie(self) -> str:
        """The cookie of a session. By https one that no other site and no page by http can set."""
        return "__Host-forewarn" if self.by_https else "forewarn_session"


def browser_of(scope: Scope, headers: Headers, *, proxied: bool) -> Browser:
    """Who sent a request; what a proxy says of it counts only where there is one."""
    address = str((scope.get("client") or ("",))[0])
    scheme = str(scope.get("scheme", "http"))
    if proxied:
        # The last ones: those before them anybody could have sent.
        address = _last(headers.get(b"x-forwarded-for")) or address
        scheme = _last(headers.get(b"x-forwarded-proto")) or scheme
    return Browser(address, scheme == "https")


def token_of(browser: Browser, headers: Headers) -> str | None:
    """The token that a browser keeps; None without one."""
    for pair in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == browser.cookie:
            return value
    return None


def kept(browser: Browser, token: str) -> str:
    """The `Set-Cookie` that has a browser keep a token; an empty one has it forget.

    Lax: who follows a link from a CRM is signed in. Strict would show them the door. What changes
    anything is no link, and needs a form of ours besides. It ends with the browser.
    """
    parts = [f"{browser.cookie}={token}", "Path=/", "HttpOnly", "SameSite=Lax"]
    parts += ["Secure"] if browser.by_https else []
    parts += [] if token else ["Max-Age=0"]
    return "; ".join(parts)


def came_from_here(headers: Headers) -> bool:
    """Whether a page of ours has sent a request: browsers say so, and no page can speak for them.

    By plain http to another machine they leave Sec-Fetch-Site out; then Origin must be the host
    that was asked. Without either it came from no browser of these years.
    """
    if (site := headers.get(b"sec-fetch-site")) is not None:
        return site in _OWN
    origin = headers.get(b"origin", b"").decode("latin-1")
    try:
        there = urlsplit(origin).netloc
    except ValueError:
        return False
    return bool(there) and there.lower() == headers.get(b"host", b"").decode("latin-1").lower()


def local(target: str) -> str:
    r"""`target` if it is a place of this service that may be gone to, else the start page.

    >>> local("/accounts/A1?since=x"), local("//evil.example"), local("/\\evil.example")
    ('/accounts/A1?since=x', '/', '/')
    """
    if len(target) > _LONGEST_TARGET or not _LOCAL.fullmatch(target):
        return "/"
    return "/" if re.split(r"[?#]", target)[0] in _DOORS else target


def place_of(scope: Scope) -> str:
    """The path and query of a request, as a browser would be sent there."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path


def left(headers: Headers) -> str:
    """The page of ours that a request was sent from, empty if that is not known.

    By its path and query: what a link or a form says of its page is of when that was made.
    """
    try:
        page = urlsplit(headers.get(b"referer", b"").decode("latin-1"))
    except ValueError:  # `http://[` is no address
        return ""
    if page.netloc != headers.get(b"host", b"").decode("latin-1") or page.path in _DOORS:
        return ""
    return f"{page.path}?{page.query}" if page.query else page.path


def sign_in_at(target: str) -> str:
    """Where to sign in, to go to `target` then."""
    target = local(target)
    return "/sign-in" if target == "/" else f"/sign-in?next={quote(target, safe='/')}"


def _last(values: bytes | None) -> str:
    return (values or b"").decode("latin-1").rpartition(",")[2].strip()
