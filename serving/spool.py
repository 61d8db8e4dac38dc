"""Rows set aside in a file without a name until all of them are made."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any

from serving.database import StoreError


@contextmanager
def spooled(
    rows: Iterable[dict[str, Any]], *, chunk: int
) -> Iterator[Iterator[list[dict[str, Any]]]]:
    """Make all rows, then give them back in lists of at most `chunk`, while memory holds one.

    Raises:
        StoreError: the folder for temporary files is full.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8") as stream:
        for row in rows:
            _keep(stream, json.dumps(row, allow_nan=True))
        _keep(stream, None)
        yield _chunks(stream, chunk)


def _keep(stream: IO[str], line: str | None) -> None:
    try:
        if line is None:
            stream.seek(0)
        else:
            stream.write(f"{line}\n")
    except OSError as error:
        raise StoreError(
            f"{tempfile.gettempdir()}: {error.strerror}; what was published before is untouched; "
            "make room there, or let TMPDIR name another folder"
        ) from None


def _chunks(stream: IO[str], size: int) -> Iterator[list[dict[str, Any]]]:
    while chunk := [json.loads(line) for line in islice(stream, size)]:
        yield chunk
