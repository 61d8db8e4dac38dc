"""Files of records that are cut before they grow too large for whoever takes them in."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from serving.export.fields import Column, Target

# Salesforce advises 100 MB for a job of Bulk API 2.0, which takes 150 MB after base64. A batch
# upsert of HubSpot has at most 100 inputs.
MAX_BYTES: dict[Target, int] = {"salesforce": 100_000_000}
MAX_ROWS: dict[Target, int] = {"hubspot": 100}
_QUOTED = re.compile(r'[",\r\n]|^\s|\s$')
Record = Callable[[int, Sequence[str]], bytes]


@dataclass(frozen=True)
class Shape:
    """How the files of a target look: what stands around, between and in its records."""

    suffix: str
    head: bytes
    between: bytes
    tail: bytes
    record: Record


def csv_shape(columns: Sequence[Column]) -> Shape:
    """UTF-8 CSV with line feeds and a header; quotes only where they are needed."""
    head = _line([column.title for column in columns])
    return Shape(".csv", head, b"", b"", lambda _number, cells: _line(cells))


def hubspot_shape(columns: Sequence[Column], batch_id: str) -> Shape:
    """Bodies of HubSpot's batch upsert; its answers repeat the number in `objectWriteTraceId`."""
    key = next(column for column in columns if column.is_key)

    def record(number: int, cells: Sequence[str]) -> bytes:
        named = dict(zip((column.title for column in columns), cells, strict=True))
        content = {
            "id": named.pop(key.title),
            "idProperty": key.title,
            "objectWriteTraceId": f"{batch_id}-{number}",
            "properties": named,
        }
        return json.dumps(content, ensure_ascii=False).encode()

    return Shape(".json", b'{"inputs": [\n', b",\n", b"\n]}\n", record)


@dataclass
class Parts:
    """Writes records to `STEM-00001.csv` and on, none with more rows or bytes than allowed."""

    folder: Path
    stem: str
    shape: Shape
    max_rows: int | None
    max_bytes: int | None
    written: list[dict[str, Any]] = field(default_factory=list)
    _stream: BinaryIO | None = None
    _digest: Any = None
    _rows: int = 0
    _bytes: int = 0

    def add(self, number: int, cells: Sequence[str]) -> None:
        """Write one record."""
        record = self.shape.record(number, cells)
        if self._stream is not None and self._is_full(len(record)):
            self.close()
        if self._stream is None:
            self._open()
        else:
            self._put(self.shape.between)
        self._put(record)
        self._rows += 1

    def close(self) -> None:
        """End the file that is open, if one is; `written` then tells its name, rows and digest."""
        if self._stream is None:
            return
        self._put(self.shape.tail)
        self._stream.close()
        told = {"name": self._name, "rows": self._rows, "bytes": self._bytes}
        self.written.append({**told, "sha256": self._digest.hexdigest()})
        self._stream = None

    @property
    def _name(self) -> str:
        return f"{self.stem}-{len(self.written) + 1:05}{self.shape.suffix}"

    def _open(self) -> None:
        self._stream = private(self.folder / self._name)
        self._digest, self._rows, self._bytes = hashlib.sha256(), 0, 0
        self._put(self.shape.head)

    def _put(self, content: bytes) -> None:
        assert self._stream is not None  # noqa: S101 - a file is open while something is put
        self._stream.write(content)
        self._digest.update(content)
        self._bytes += len(content)

    def _is_full(self, more: int) -> bool:
        more += self._bytes + len(self.shape.between) + len(self.shape.tail)
        return (self.max_rows is not None and self._rows >= self.max_rows) or (
            self.max_bytes is not None and more > self.max_bytes
        )


def private(path: Path) -> BinaryIO:
    """A new file that its owner alone can read: it names customers."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _line(cells: Sequence[str]) -> bytes:
    return (",".join(_quoted(cell) for cell in cells) + "\n").encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
