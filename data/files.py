"""Files that are either whole or absent: written beside their final name, flushed, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY = ".tmp"
_ASIDE = ".old."


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary path to write to; it takes the final name only if the block ends without error.

    Works for a file and for a folder (an existing folder under the final name is replaced). After a
    crash nothing is under the final name but what was there before; the left-over temporary is
    removed by the next `sweep`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY}")
    _remove(temporary)
    try:
        yield temporary
        _flush(temporary)
        if path.is_dir():
            _swap_folder(temporary, path)
        else:
            temporary.replace(path)
        _fsync(path.parent)
    finally:
        _remove(temporary)


def sweep(folder: Path) -> int:
    """How many left-over temporaries of killed runs were cleared away below `folder`.

    A folder that had stepped aside for a new one that never came is put back.
    """
    found = [p for p in folder.rglob(f"*{TEMPORARY}") if not _writer_lives(p)]
    for path in found:
        final, aside, _ = path.name.partition(_ASIDE)
        if aside and not path.with_name(final).exists():
            path.rename(path.with_name(final))
        else:
            _remove(path)
    return len(found)


def write_json(path: Path, content: Any) -> None:  # noqa: ANN401
    """Write `content` as indented JSON, atomically; NaN is refused because JSON has none."""
    with atomic(path) as temporary:
        text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False, default=str)
        temporary.write_text(text + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """The hex digest of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _writer_lives(temporary: Path) -> bool:
    pid = temporary.name.removesuffix(TEMPORARY).rpartition(".")[2]
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _swap_folder(temporary: Path, path: Path) -> None:
    # rename() cannot replace a folder that has content, so the old one steps aside first.
    old = path.with_name(f"{path.name}{_ASIDE}{os.getpid()}{TEMPORARY}")
    path.rename(old)
    temporary.rename(path)
    _remove(old)


def _flush(path: Path) -> None:
    for inner in path.rglob("*") if path.is_dir() else ():
        _fsync(inner)
    _fsync(path)


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
