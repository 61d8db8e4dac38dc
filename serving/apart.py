"""Other people's words inside a sentence of ours, where either may be read from right to left."""

from __future__ import annotations

_ISOLATE, _END = "\u2068", "\u2069"
_BEGINS = frozenset(("\u2066", "\u2067", _ISOLATE))


def apart(words: str) -> str:
    r"""A name or the like, so that neither it nor what stands around it reads the other wrongly.

    It is put into a Unicode isolate, which holds where no markup can stand, too. Isolates that the
    words themselves begin are ended, and those that they only end are left: else they would reach
    out of it.

    >>> [ascii(apart(words)) for words in ("Ann", "a\u2069b", "a\u2067b", "")]
    ["'\\u2068Ann\\u2069'", "'\\u2068ab\\u2069'", "'\\u2068a\\u2067b\\u2069\\u2069'", "''"]
    """
    if not words:
        return ""
    begun, kept = 0, []
    for sign in words:
        if sign == _END and not begun:
            continue
        begun += (sign in _BEGINS) - (sign == _END)
        kept.append(sign)
    return f"{_ISOLATE}{''.join(kept)}{_END * (begun + 1)}"
