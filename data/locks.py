"""Files that one process at a time holds; the system lets go of them however the process ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import ForewarnError


@contextmanager
def held(path: Path, busy: str) -> Iterator[None]:
    """Hold the file `path`, made if absent, until the block ends.

    Raises:
        ForewarnError: another process holds it; the message is `busy` and then that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.seek(0)
            holder = stream.read().strip() or "unknown"
            raise ForewarnError(f"{busy} process {holder}; wait for it to end") from None
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def holder_lives(path: Path) -> bool:
    """Whether the process that held the file last still runs; nothing is locked by asking."""
    try:
        os.kill(int(path.read_text(encoding="utf-8")), 0)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
