"""Passwords: which are good enough, and what is kept of one.

Of a password only what Argon2id makes of it is stored. It takes 64 MiB and about a tenth
of a second, so that whoever steals the store cannot try many.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import chain

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from data.errors import BadInputError

SHORTEST, LONGEST = 12, 256
# As the second choice of RFC 9106, in one lane: who signs in takes one core.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)

# The words that most bad passwords are made of; the figures around them help nobody.
_WORST = {
    *("administrator", "baseball", "changeme", "changemenow", "computer", "customersuccess"),
    *("football", "iloveyou", "internet", "letmein", "passw0rd", "passwort", "password"),
    *("princess", "sunshine", "superadmin", "superman", "topsecret", "trustnoone", "welcome"),
    *("welcomehome", "whatever"),
}
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789" * 3, "qwertyuiopasdfghjklzxcvbnm")
_COLUMNS = ("1qaz2wsx3edc4rfv5tgb6yhn7ujm", "q1w2e3r4t5y6u7i8o9p0", "1q2w3e4r5t6y7u8i9o0p")
_RUNS = tuple(chain.from_iterable((run, run[::-1]) for run in _ROWS + _COLUMNS))
_FEWEST_KINDS = 5
_FEWEST_BESIDE_A_NAME = 8


def fit(password: str, name: str) -> str:
    """A password for somebody of that name, as it is to be hashed and compared.

    Raises:
        BadInputError: too short, too long, not printable, or among the first that anybody tries.
    """
    password = composed(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInputError(
            f"password: expected {SHORTEST} to {LONGEST} characters; got {len(password)}"
        )
    if not password.isprintable():
        raise BadInputError("password: expected printable characters in a single line")
    if _easy(password.casefold(), name.casefold()):
        raise BadInputError(
            "password: among the first that anybody tries; four or five words that nobody would "
            "put together are easy to keep and hard to guess"
        )
    return password


def composed(password: str) -> str:
    """A password in the one form of those that look alike, whatever keyboard typed it."""
    return unicodedata.normalize("NFC", password)


def hashed(password: str) -> str:
    """What to store of a password."""
    return HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether a password is the one of which `kept` is stored.

    Without any it is not, and finding out takes as long.
    """
    if kept is None:
        HASHER.hash(password)
        return False
    try:
        return HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def outdated(kept: str) -> bool:
    """Whether what is stored was made with other parameters than today's."""
    return HASHER.check_needs_rehash(kept)


def _easy(password: str, name: str) -> bool:
    letters = re.sub(r"[\W_]", "", password)
    word = letters.strip("0123456789")
    beside = (len(letters.replace(known, "")) for known in (name, "forewarn") if known in letters)
    return (
        len(set(password)) < _FEWEST_KINDS
        or re.fullmatch(r"(.+?)\1+", letters) is not None
        or any(letters in run for run in _RUNS)
        or word in _WORST
        or min(beside, default=_FEWEST_BESIDE_A_NAME) < _FEWEST_BESIDE_A_NAME
    )
