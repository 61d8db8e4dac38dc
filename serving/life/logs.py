"""What the service logs: one JSON object a line on stderr, with nothing personal in it."""

from __future__ import annotations

import json
import logging
import logging.config
import traceback
from datetime import UTC, datetime
from pathlib import Path

from serving.moments import text

ACCESS = logging.getLogger("forewarn.access")
# Those that speak of requests or of themselves at length; what they have to complain of is kept.
_TERSE = ("bentoml", "circus", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")
_INNERMOST = 6


class JsonLines(logging.Formatter):
    """A record as one line of JSON in ASCII: whatever a message holds, it cannot begin another.

    Of an exception the line says which kind it was and where, innermost first, but not what it
    said: that may repeat what was sent. A record may bring members of its own as `told`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        moment = text(datetime.fromtimestamp(record.created, UTC))
        line: dict[str, object] = {"moment": moment, "level": record.levelname.lower()}
        told = getattr(record, "told", None)
        if told is None:
            line |= {"logger": record.name, "message": record.getMessage()}
        else:
            line |= told
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["error"] = type(error).__name__
            frames = traceback.extract_tb(error.__traceback__)[-_INNERMOST:]
            line["at"] = [f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames)]
        return json.dumps(line, default=str)


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
                **{
                    name: {"level": "WARNING", "handlers": [], "propagate": True} for name in _TERSE
                },
            },
        }
    )
    logging.captureWarnings(capture=True)
