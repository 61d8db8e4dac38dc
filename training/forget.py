"""Take an account's rows out of a saved model, which foretells the same without them.

What a model learnt from an account stays in it as thresholds and weights of many accounts. By name
it holds accounts only in tables beside it: its backtest, the healthy peers, the past accounts.
"""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

from data.errors import BadInputError, MissingError
from data.files import atomic
from training import artefact

ACCOUNT = "account_id"
# A backtest without a row is one; of the others the file is there if there are rows.
_OPTIONAL = (artefact.PEERS, artefact.TWINS)
_NEW = ("files", "format", "seal")


def named(folder: Path, account: str) -> int:
    """How many rows in a model's folder are of an account."""
    return sum(_without(_text(path), account)[1] for path in _tables(folder))


def forget(folder: Path, account: str) -> int:
    """Take an account's rows out of a model's folder and seal it anew; how many there were.

    The model keeps its version, by which batches and MLflow know it. Every other row keeps its
    bytes. A folder that could not be loaded before cannot be loaded afterwards either.
    """
    try:
        texts, content = artefact.read(folder)
    except (BadInputError, MissingError):
        return sum(_forget_in(path, account) for path in _tables(folder))
    found = {name: _without(text, account) for name, text in texts.items() if _is_table(name)}
    gone = sum(rows for _, rows in found.values())
    if gone:
        texts |= {name: text for name, (text, _) in found.items()}
        kept = {n: t for n, t in texts.items() if n not in _OPTIONAL or t.count("\n") > 1}
        plain = {name: value for name, value in content.items() if name not in _NEW}
        first = content.get(artefact.FIRST_SEAL) or content["seal"]
        artefact.write(folder, kept, {**plain, artefact.FIRST_SEAL: first})
    return gone


def _tables(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if _is_table(path.name)]


def _is_table(name: str) -> bool:
    return name.endswith(".csv")


def _forget_in(path: Path, account: str) -> int:
    text, gone = _without(_text(path), account)
    if gone:
        with atomic(path) as temporary:
            temporary.write_bytes(text.encode("utf-8", "surrogateescape"))
    return gone


def _text(path: Path) -> str:
    # As it is, to the byte, even if it was damaged.
    return path.read_bytes().decode("utf-8", "surrogateescape")


def _without(text: str, account: str) -> tuple[str, int]:
    """A CSV text without the rows of an account, and how many they were."""
    lines = list(StringIO(text, newline=""))
    reader = csv.reader(iter(lines))
    head = next(reader, [])
    if ACCOUNT not in head:
        return text, 0
    place, kept, gone, begins = head.index(ACCOUNT), lines[: reader.line_num], 0, reader.line_num
    for row in reader:
        if row[place : place + 1] == [account]:
            gone += 1
        else:
            kept += lines[begins : reader.line_num]
        begins = reader.line_num
    return "".join(kept), gone
