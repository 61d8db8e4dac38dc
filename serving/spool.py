"""Rows set aside in a file without a name until all of them are made."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from itertools import islice
from typing import IO, Any

from serving.database import StoreError


@dataclass(frozen=True)
class Spool:
    """All rows, in lists that are read once and one at a time, and how many bytes they take."""

    chunks: Iterator[list[dict[str, Any]]]
    size: int


@contextmanager
def spooled(rows: Iterable[dict[str, Any]], *, chunk: int) -> Iterator[Spool]:
    """Make all rows, then give them back in lists of at most `chunk`.

    Raises:
        StoreError: the folder for temporary files is full.
    """
    # Without a buffer nothing is left to be written, and to fail once more, when it is closed.
    with tempfile.TemporaryFile("w+b", buffering=0) as stream:
        for row in rows:
            _keep(stream, json.dumps(row).encode() + b"\n")
        size = stream.tell()
        stream.seek(0)
        with BufferedReader(stream) as reader:
            yield Spool(_chunks(reader, chunk), size)


def _keep(stream: FileIO, line: bytes) -> None:
    left = memoryview(line)
    try:
        while left:
            left = left[stream.write(left) :]
    except OSError as error:
        raise StoreError(
            f"{tempfile.gettempdir()}: {error.strerror} while the batch was made; what was "
            "published before is untouched; make room there, or let TMPDIR name another folder"
        ) from None


def _chunks(stream: IO[bytes], size: int) -> Iterator[list[dict[str, Any]]]:
    while chunk := [json.loads(line) for line in islice(stream, size)]:
        yield chunk
