"""Looks through the logs that a test session left behind for what must never be in one."""

import csv
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SHORTEST = 6  # what is shorter, such as "Cat", is also a word of its own
_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
_SECRET = re.compile(r"fw_[0-9a-f]{8}_[0-9A-Za-z]{43}|whsec_[0-9A-Za-z+/]{20,}")
_COLUMNS = {"accounts": "name", "contacts": "name", "feedback": "text"}
_STORED = {
    "risk": ("name",),
    "feedback": ("note", "author"),
    "pulse": ("note",),
    "intervention": ("note",),
}


def leaks(folder: Path) -> list[str]:
    """What is personal in the `*.log` files below a folder, with the file: names of accounts and
    people, what they said and what was noted of them in the tables and stores there, e-mail
    addresses, and keys.
    """
    files = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    logs = {path: _read(path) for path in files if path.suffix == ".log"}
    if not any(logs.values()):
        return []
    known = {word for path in files for word in _personal(path) if len(word) >= SHORTEST}
    # As it is, and as it stands in JSON.
    forms = [(form, word) for word in known for form in {word, json.dumps(word)[1:-1]}]
    found = []
    for path, text in logs.items():
        said = {*_ADDRESS.findall(text), *_SECRET.findall(text)}
        # Of tens of thousands of words few begin as anything in a log does.
        begin = {text[at : at + SHORTEST] for at in range(len(text))}
        said |= {word for form, word in forms if form[:SHORTEST] in begin and form in text}
        found += [f"{path}: {word!r}" for word in sorted(said)]
    return found


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _personal(path: Path) -> Iterator[str]:
    column = _COLUMNS.get(path.stem, "")
    if column and path.suffix == ".parquet":
        with suppress(OSError, pa.ArrowInvalid, KeyError):  # some are broken on purpose
            yield from filter(None, pq.read_table(path).column(column).unique().to_pylist())
    elif column and path.suffix == ".csv":
        with suppress(OSError, UnicodeDecodeError, csv.Error), path.open(newline="") as stream:
            yield from (str(row[column]) for row in csv.DictReader(stream) if row.get(column))
    elif path.suffix == ".db":
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db,
        ):
            for table, columns in _STORED.items():
                for name in columns:
                    yield from _stored(db, table, name)


def _stored(db: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    with suppress(sqlite3.Error):  # some have no such table, some are broken on purpose
        words = db.execute(f"SELECT DISTINCT {column} FROM {table}")
        yield from (str(value) for (value,) in words if value)
