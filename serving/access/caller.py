"""Who asks: the key behind a request and what it may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from fastapi import HTTPException, Request

Scope = Literal["read", "write", "metrics", "admin"]
EVERY: frozenset[Scope] = frozenset({"read", "write", "metrics", "admin"})


@dataclass(frozen=True)
class Caller:
    """The key that a request was made with, by its public id, and what it may do."""

    key_id: str
    scopes: frozenset[Scope]


# Where no key has been made yet, and only this machine can ask.
OPEN = Caller("open", EVERY)


def caller_of(request: Request) -> Caller:
    """Who asks; the guard has put it there.

    Raises:
        HTTPException: 401 where nobody has.
    """
    found = getattr(request.state, "caller", None)
    if not isinstance(found, Caller):
        raise HTTPException(401)
    return found


def needs(scope: Scope) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses callers without a scope with 403."""

    # Not awaiting anything, and async all the same: others are run in a thread, which costs more.
    async def check(request: Request) -> None:
        if scope not in caller_of(request).scopes:
            raise HTTPException(403, f"this needs a key with the scope {scope}")

    return check
