"""The errors that a user can meet: what was expected, what came, what to do next."""

from __future__ import annotations


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
