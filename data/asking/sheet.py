"""A small CSV file read as it stands, and rows brought into one by their id."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.contract import BY_NAME
from data.errors import BadInputError
from data.files import atomic
from data.lines import read_header

_Row = Mapping[str, str]


@dataclass(frozen=True)
class Sheet:
    """The names of the columns, the delimiter, and each record with the number of its last line."""

    names: Sequence[str]
    delimiter: str
    lines: Sequence[tuple[int, list[str]]]


def read_sheet(path: Path) -> Sheet:
    """All of a CSV file, its values untouched; records without any value are left out.

    Raises:
        BadInputError: no such file, not UTF-8, or a record with more or fewer values than names.
    """
    if not path.is_file():
        raise BadInputError(f"{path}: expected a CSV file; got none")
    header = read_header(path, label=str(path))
    lines = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, delimiter=header.delimiter)
        try:
            for values in reader:
                if reader.line_num <= header.line or not any(values):
                    continue
                if len(values) != len(header.names):
                    raise BadInputError(
                        f"{path}: line {reader.line_num}: expected {len(header.names)} values; "
                        f"got {len(values)}"
                    )
                lines.append((reader.line_num, values))
        except (UnicodeDecodeError, csv.Error) as error:
            raise BadInputError(f"{path}: expected a CSV file in UTF-8; got: {error}") from None
    return Sheet(header.names, header.delimiter, lines)


def merge(folder: Path, tables: Mapping[str, Sequence[_Row]]) -> dict[str, int]:
    """Bring rows of tables of the contract into `folder/TABLE.csv`; how many of each are new.

    A row whose id is there takes the place of what it says, in the last line that bears the id;
    everything else of the file stays as it is. All files are looked at before one is written, each
    is whole at every moment, and doing it again changes nothing.

    Raises:
        BadInputError: a table there is no CSV file, cannot be read, or lacks the id.
    """
    made = {name: _merged(folder, name, rows) for name, rows in tables.items() if rows}
    for name, (sheet, _) in made.items():
        with (
            atomic(folder / f"{name}.csv") as temporary,
            temporary.open("w", encoding="utf-8", newline="") as stream,
        ):
            writer = csv.writer(stream, delimiter=sheet.delimiter)
            writer.writerow(sheet.names)
            writer.writerows(values for _, values in sheet.lines)
    return {name: made[name][1] if name in made else 0 for name in tables}


def _merged(folder: Path, name: str, rows: Sequence[_Row]) -> tuple[Sheet, int]:
    """What the file is to be, and how many of its records are new."""
    (key,) = BY_NAME[name].key
    path = folder / f"{name}.csv"
    if others := [
        p.name for p in (folder / f"{name}.parquet", folder / f"{name}.csv.gz") if p.exists()
    ]:
        raise BadInputError(f"{folder}: expected {name}.csv or none; got {others[0]}")
    there = read_sheet(path) if path.exists() else Sheet([key], ",", [])
    if key not in there.names:
        raise BadInputError(
            f"{path}: expected the column {key}; got {', '.join(there.names)}; bring the answers "
            "into a folder of their own and map both, or name the column as the contract does"
        )
    names = list(dict.fromkeys([*there.names, *(column for row in rows for column in row)]))
    lines = [[*values, *[""] * (len(names) - len(values))] for _, values in there.lines]
    place = {values[names.index(key)]: number for number, values in enumerate(lines)}
    new = 0
    for row in rows:
        if (number := place.get(row[key])) is None:
            new += 1
            lines.append([row.get(column, "") for column in names])
        else:
            old = dict(zip(names, lines[number], strict=True))
            lines[number] = [{**old, **row}[column] for column in names]
    return Sheet(names, there.delimiter, list(enumerate(lines))), new
