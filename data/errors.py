"""The errors that a user can meet: what was expected, what came, what to do next."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# How DuckDB names a file, within JSON or not.
_PATH = re.compile(r'file \\?"([^"\\]+)')


class ForewarnError(Exception):
    """Base of every error raised on purpose; `exit_code` is what the command returns."""

    exit_code = 1


class BadInputError(ForewarnError):
    """What the user gave cannot be used: a file, a column, a setting, an argument."""

    exit_code = 2


class MissingError(BadInputError):
    """Something that an earlier step makes is not there yet."""


class RefusedError(ForewarnError):
    """Forewarn could go on but honestly should not: not enough data, no usable signal, a gate."""

    exit_code = 3


class ResourceError(ForewarnError):
    """The machine has not enough of something: memory, disk."""


def full_disk(error: BaseException) -> ResourceError | None:
    """What to say of an error that a library raised because a disk is full; None of all others.

    >>> print(full_disk(OSError(28, "No space left on device", "lake/accounts.parquet")))
    the disk is full: could not write lake/accounts.parquet; make room; what was there before is ...
    """
    said = str(error)
    full = any(words in said for words in ("No space left", "disk is full"))
    if not full or isinstance(error, ForewarnError):
        return None
    quoted = _PATH.search(said)
    place = getattr(error, "filename", None) or (quoted and quoted[1])
    what = f"could not write {place}" if place else "could not write on"
    return ResourceError(f"the disk is full: {what}; make room; what was there before is untouched")


def unknown(what: str, name: str, known: Iterable[str]) -> BadInputError:
    """The error for a name that is not among `known`, pointing at the nearest one.

    >>> print(unknown("column of accounts", "segmnt", ["segment", "region"]))
    unknown column of accounts 'segmnt'; did you mean 'segment'?
    """
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    meant = next((n for n in names if near and n.lower() == near[0]), None)
    hint = f"did you mean {meant!r}?" if meant else f"expected one of {', '.join(names) or 'none'}"
    return BadInputError(f"unknown {what} {name!r}; {hint}")
