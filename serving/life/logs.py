"""What the service logs: one JSON object a line on stderr, with nothing personal in it."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
import traceback
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TextIO

from serving.moments import now, text

# Those that speak of requests or of themselves at length; what they have to complain of is kept.
TERSE = ("bentoml", "circus", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
_INNERMOST = 6


class JsonLines(logging.Formatter):
    """A record as one line of JSON in ASCII: whatever a message holds, it cannot begin another.

    Of an exception the line says which kind it was and where, innermost first, but not what it
    said: that may repeat what was sent.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "moment": text(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["error"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
            line["at"] = [f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames)]
        return json.dumps(line)


class AccessLog:
    """A line for each request, once somebody has given it a `stream`.

    It is put together here and goes there directly: `logging` and a dictionary for `json` would
    cost as much as a tenth of an answer.
    """

    stream: TextIO | None = None

    def write(  # noqa: PLR0913 - one for each member
        self,
        *,
        method: str,
        route: str,
        status: int,
        seconds: float,
        size: int,
        key_id: str | None,
        request_id: str | None,
    ) -> None:
        """A line; a stream that is gone is left alone."""
        if self.stream is None:
            return
        key = "null" if key_id is None else _quoted(key_id)
        request = "null" if request_id is None else _quoted(request_id)
        try:
            self.stream.write(
                f'{{"moment": "{text(now())}", "level": "info", "method": {_quoted(method)}, '
                f'"route": {_quoted(route)}, "status": {status}, "ms": {1000 * seconds:.1f}, '
                f'"bytes": {size}, "key_id": {key}, "request_id": {request}}}\n'
            )
        except (OSError, ValueError):
            self.stream = None  # answering goes on without


# A text as JSON has it, in ASCII. Most are asked for again with the next request.
_quoted = lru_cache(maxsize=1024)(json.JSONEncoder().encode)
ACCESS = AccessLog()


def set_up() -> None:
    """Let everything in this process log that way, once it has something to say.

    It stands in for what BentoML and uvicorn set up; called again it changes nothing.
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"json": {"()": JsonLines}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {
                "forewarn": {"level": "INFO"},
                **{name: {"level": "WARNING", "handlers": [], "propagate": True} for name in TERSE},
            },
        }
    )
    logging.captureWarnings(capture=True)
    ACCESS.stream = sys.stderr
