"""How often something failed lately, for each of many, in the memory of the process."""

from __future__ import annotations

from collections import OrderedDict, deque
from math import ceil

# Those that failed longest ago are forgotten first.
_ROOM = 10_000


class Failures:
    """Lets each of many fail so often within a window; times are seconds of a steady clock."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._at: OrderedDict[bytes, deque[float]] = OrderedDict()

    def wait(self, who: bytes, at: float) -> int:
        """In how many seconds one may try again; zero if now."""
        found = self._at.get(who)
        while found and found[0] <= at - self._seconds:
            found.popleft()
        if not found or len(found) < self._most:
            return 0
        return max(1, ceil(found[0] + self._seconds - at))

    def add(self, who: bytes, at: float) -> None:
        """One more. Before a try, so that those at the same time count too."""
        self._at.setdefault(who, deque(maxlen=self._most)).append(at)
        self._at.move_to_end(who)
        if len(self._at) > _ROOM:
            self._at.popitem(last=False)

    def take_back(self, who: bytes) -> None:
        """The last one was none."""
        if found := self._at.get(who):
            found.pop()

    def forget(self, who: bytes) -> None:
        """All of them."""
        self._at.pop(who, None)
