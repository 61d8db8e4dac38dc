"""Ids for what people write: random, and sorting by the time at which they were made."""

from __future__ import annotations

import secrets
from datetime import datetime

# Crockford's: no letter is taken for another, and none for a digit.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_TIME, _CHANCE = 11, 16


def new_id(prefix: str, moment: datetime) -> str:
    """An id that nobody can guess; one of a later microsecond sorts after it."""
    microseconds = int(moment.timestamp()) * 1_000_000 + moment.microsecond
    chance = secrets.randbits(5 * _CHANCE)
    return f"{prefix}_{_base32(microseconds, _TIME)}{_base32(chance, _CHANCE)}"


def _base32(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
