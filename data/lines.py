"""A CSV file as records, each with its physical line number, whatever is inside its quotes.

Why not let the CSV reader of the engine do it: it binds columns by position, swallows what it
cannot read, and counts records where a user looks for lines. Here a file is cut into physical lines
by array arithmetic. A line with an even number of quotes is a record of its own. A line with an odd
number opens a record that the next odd line closes, if together they are well formed; if not, the
opening line alone is bad and reading goes on with the line after it, so that one stray quote costs
one row and not the rest of the file. Python works only on such odd lines and on broken ones.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.errors import BadInputError

PROBLEMS = (
    "",
    "bad quotes",
    "NUL byte",
    "not UTF-8; export the file as UTF-8",
    "longer than 16 MB",
)
_QUOTES, _NUL, _ENCODING, _LONG = 1, 2, 3, 4
_BLOCK = 8 << 20
_LONGEST = 16 << 20
_BOM = b"\xef\xbb\xbf"
SCHEMA = pa.schema([("line", pa.int64()), ("problem", pa.int8()), ("text", pa.large_string())])

Array = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class Header:
    """The column names of a CSV file, its delimiter, and the last physical line that they take."""

    names: tuple[str, ...]
    delimiter: str
    line: int


def read_header(path: Path, *, label: str) -> Header:
    """What the first record of a CSV file says.

    The delimiter is the one of comma, semicolon, tab and bar that cuts it into most pieces.
    A column without a name is called by its place, `unnamed_3`.

    Raises:
        BadInputError: an empty file, one that is not UTF-8, or a name that comes twice.
    """
    with path.open("rb") as stream:
        start = stream.read(1 << 20)
    try:
        # The cut may fall inside a character; only what is before the last line break is read.
        text = start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _first_line(start, label)
    line = text.lstrip("\r\n").partition("\n")[0]
    if not text.strip() or "\0" in line:
        got = "an empty file" if not text.strip() else "NUL bytes"
        raise BadInputError(f"{label}: expected a first line with column names; got {got}")
    delimiter = max(",;\t|", key=line.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    first = next(row for row in reader if row)
    names = tuple(name.strip() or f"unnamed_{i}" for i, name in enumerate(first, start=1))
    _no_twins(names, label)
    return Header(names=names, delimiter=delimiter, line=reader.line_num)


def batches(path: Path, *, delimiter: str) -> pa.RecordBatchReader:
    """The records of a CSV file, header included: line, problem (index into PROBLEMS), text.

    The text keeps its line end. A record with a problem has what could not be read replaced by
    question marks. Memory stays bounded by a few blocks of 8 MB.
    """
    return pa.RecordBatchReader.from_batches(SCHEMA, _records(path, delimiter))


def _first_line(start: bytes, label: str) -> str:
    try:
        return start.partition(b"\n")[0].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInputError(
            f"{label}: expected UTF-8 text; got other bytes in the first line; export it as UTF-8"
        ) from None


def _no_twins(names: tuple[str, ...], label: str) -> None:
    lowered = [name.lower() for name in names]
    twins = sorted({name for name in lowered if lowered.count(name) > 1})
    if twins:
        times = lowered.count(twins[0])
        raise BadInputError(
            f"{label}: expected each column once; got {twins[0]!r} {times} times; "
            "rename or remove one"
        )


def _records(path: Path, delimiter: str) -> Iterator[pa.RecordBatch]:
    form = _well_formed(delimiter)
    with path.open("rb") as stream:
        rest, line = _without_bom(stream), 1
        while True:
            block = stream.read(_BLOCK)
            body, rest, ended = _whole_lines(rest + block, at_end=not block)
            if body:
                batch, used, lines = _batch(body, line, form=form, at_end=ended)
                rest, line = body[used:] + rest, line + lines
                yield batch
            if not block:
                return


def _without_bom(stream: BinaryIO) -> bytes:
    start = stream.read(len(_BOM))
    return b"" if start == _BOM else start


def _whole_lines(data: bytes, *, at_end: bool) -> tuple[bytes, bytes, bool]:
    """`data` up to its last line end, what is left, and whether no more can be waited for."""
    if at_end:
        return data, b"", True
    cut = data.rfind(b"\n") + 1
    if len(data) > _LONGEST:
        return data[:cut] or data, data[cut:] if cut else b"", True
    return data[:cut], data[cut:], False


def _batch(
    body: bytes, line: int, *, form: re.Pattern[bytes], at_end: bool
) -> tuple[pa.RecordBatch, int, int]:
    """The records in `body`, how many bytes and how many lines they took."""
    raw = np.frombuffer(body, dtype=np.uint8)
    ends = np.flatnonzero(raw == ord("\n")) + 1
    if not len(ends) or ends[-1] != len(body):
        ends = np.append(ends, len(body))
    problems = np.zeros(len(ends), dtype=np.int8)
    body = _mend(body, ends, problems)
    last = np.ones(len(ends), dtype=bool)
    used = _join(body, ends, problems, last, form=form, at_end=at_end)
    begins = np.flatnonzero(np.append(True, last[: used - 1])[:used])
    texts = np.append(0, ends[:used][last[:used]])
    records = pa.LargeStringArray.from_buffers(
        len(begins), pa.py_buffer(texts.astype(np.int64)), pa.py_buffer(body)
    )
    codes = np.maximum.reduceat(problems[:used], begins) if len(begins) else problems[:0]
    columns = [pa.array(begins + line), pa.array(codes), records]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA), int(texts[-1]), used


def _mend(body: bytes, ends: Array, problems: Codes) -> bytes:
    """`body` with bytes that are no text replaced, one for one; their lines are marked."""
    if b"\0" in body:
        zeros = np.flatnonzero(np.frombuffer(body, dtype=np.uint8) == 0)
        problems[np.searchsorted(ends, zeros, side="right")] = _NUL
        body = body.replace(b"\0", b"?")
    starts = np.append(0, ends[:-1])
    position, mended = 0, bytearray(body)
    view = memoryview(body)
    while True:
        try:
            str(view[position:], "utf-8")
        except UnicodeDecodeError as error:
            bad = int(np.searchsorted(ends, position + error.start, side="right"))
            problems[bad] = _ENCODING
            start, position = int(starts[bad]), int(ends[bad])
            mended[start:position] = body[start:position].translate(_ASCII)
        else:
            break
    long = np.flatnonzero(ends - starts > _LONGEST)
    problems[long] = _LONG
    return bytes(mended) if position else body


_ASCII = bytes(byte if byte < 128 else ord("?") for byte in range(256))


def _join(
    body: bytes,
    ends: Array,
    problems: Codes,
    last: npt.NDArray[np.bool_],
    *,
    form: re.Pattern[bytes],
    at_end: bool,
) -> int:
    """Mark in `last` which lines end a record; how many lines are settled."""
    if b'"' not in body:
        return len(ends)
    quotes = np.flatnonzero(np.frombuffer(body, dtype=np.uint8) == ord('"'))
    counts = np.bincount(np.searchsorted(ends, quotes, side="right"), minlength=len(ends))
    odd = np.flatnonzero(counts & 1).tolist()
    place = 0
    while place < len(odd):
        opens = odd[place]
        start = int(ends[opens - 1]) if opens else 0
        if place + 1 < len(odd) and form.fullmatch(body, start, int(ends[odd[place + 1]])):
            last[opens : odd[place + 1]] = False
            place += 2
        elif place + 1 == len(odd) and not at_end and len(body) - start < _LONGEST // 2:
            return int(opens)
        else:
            problems[opens] = _QUOTES
            place += 1
    return len(ends)


def _well_formed(delimiter: str) -> re.Pattern[bytes]:
    cut = re.escape(delimiter.encode())
    field = rb'(?:"(?:[^"]++|"")*+"|[^"\r\n' + cut + rb"]*+)"
    return re.compile(field + rb"(?:" + cut + field + rb")*+\r?\n?")
