"""Who may come in: the decision about a request before any of its body is read."""

from __future__ import annotations

import binascii
import time
from base64 import b64decode
from collections.abc import Callable, Mapping

from fastapi import HTTPException

from serving.access.audit import Audit
from serving.access.caller import OPEN, Caller
from serving.access.limits import Bucket, Buckets
from serving.access.listening import Listens, is_own_name, listens
from serving.access.ring import Rings
from serving.engines import Address

# More at once only wait for one another: two cores are busy with far fewer.
MOST_AT_ONCE = 32
# Below the ten seconds after which an Apex callout gives up by default.
DEADLINE_SECONDS = 9.0
MOST_BYTES = 1_000_000

Headers = Mapping[bytes, bytes]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ELSEWHERE = frozenset({b"cross-site", b"same-site"})
_API = "/v1/"


class Access:
    """Keys, limits and audit of one process; whatever guards it shares this one object."""

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
        self.most_bytes = most_bytes
        self.under_way = 0
        self.clock = clock
        self.rings = Rings(store, clock)
        self.audit = Audit(store)
        self._buckets = Buckets()

    async def admit(self, method: str, path: str, headers: Headers) -> tuple[Caller, Bucket | None]:
        """Who asks and, if it was with a key, what this key has left.

        Raises:
            HTTPException: 401 without a key that works, 403 for a request that somebody else's page
                has sent, 421 for a name that is not this machine's while no key is needed.
            ForewarnError: the keys cannot be read.
        """
        if method not in _SAFE and headers.get(b"sec-fetch-site") in _ELSEWHERE:
            raise HTTPException(403, "another site's page may not do this")
        ring = self.rings.fresh() or await self.rings.newest()
        if ring.empty and self.listens != "anywhere":
            if self.listens == "loopback" and not is_own_name(headers.get(b"host", b"")):
                raise HTTPException(421, "without a key, only as 127.0.0.1, [::1] or localhost")
            return OPEN, None
        holder = ring.holder(_secret(path, headers))
        if holder is None:
            raise HTTPException(
                401,
                "a key that works is needed, as X-API-Key or as Authorization: Bearer",
                {"WWW-Authenticate": _challenge(path)},
            )
        self.audit.used(holder.caller.key_id)
        bucket = self._buckets.of(holder.caller.key_id, holder.per_minute, self.clock())
        return holder.caller, bucket


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
