"""How often a key may ask: one bucket per key, in the memory of the process.

A bucket holds a minute's worth of requests and fills up all the time. Each worker process has its
own: `forewarn serve` runs one; with N of them a key may ask up to N times as often.
"""

from __future__ import annotations

from math import ceil

POLICY = "per_minute"
_WINDOW = 60

Headers = tuple[tuple[bytes, bytes], ...]


class Bucket:
    """The requests that a key has left; times are seconds of a clock that never goes back."""

    __slots__ = ("_at", "_left", "_policy", "quota")

    def __init__(self, quota: int, at: float) -> None:
        self.quota = quota
        self._left = float(quota)
        self._at = at
        self._policy = b"ratelimit-policy", f'"{POLICY}";q={quota};w={_WINDOW}'.encode()

    def take(self, at: float) -> bool:
        """Use one request up; False when there is none left."""
        self._fill(at)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def headers(self, at: float) -> Headers:
        """`RateLimit-Policy` and `RateLimit`, as draft 11 of the IETF has them.

        `t` is in how many seconds all requests are there again; with none left, the next one.
        """
        self._fill(at)
        state = f'"{POLICY}";r={int(self._left)};t={self.wait()}'
        return self._policy, (b"ratelimit", state.encode())

    def wait(self) -> int:
        """Seconds until the bucket is full or, when it is empty, until the next request."""
        missing = 1 - self._left if self._left < 1 else self.quota - self._left
        return ceil(missing * _WINDOW / self.quota)

    def _fill(self, at: float) -> None:
        grown = self._left + (at - self._at) * self.quota / _WINDOW
        self._left = grown if grown < self.quota else float(self.quota)
        self._at = at


class Buckets:
    """A bucket for each key that has asked."""

    def __init__(self) -> None:
        self._by_key: dict[str, Bucket] = {}

    def of(self, key_id: str, quota: int, at: float) -> Bucket:
        """That of a key; a new one when its quota has changed."""
        found = self._by_key.get(key_id)
        if found is None or found.quota != quota:
            found = self._by_key[key_id] = Bucket(quota, at)
        return found
