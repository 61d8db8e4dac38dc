"""The draw that decides who is held out: nobody can foresee it, and it never falls anew."""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path

from data.errors import BadInputError
from data.files import atomic
from data.workspace import Workspace

FILE = "hold_out.key"
_BYTES, _SHOWN = 32, 53


def secret_of(workspace: Workspace) -> bytes:
    """The secret that the workspace draws by, made when it is first asked for; only ours to read.

    Whoever knows it could tell beforehand which accounts will be held out. With another one, chance
    decides anew for what begins from then on; what was decided stays as it is logged.

    Raises:
        BadInputError: the file is damaged.
    """
    path = workspace.root / FILE
    if not path.exists():
        _make(path)
    try:
        secret = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:
        secret = b""
    if len(secret) != _BYTES:
        raise BadInputError(
            f"{path}: expected {2 * _BYTES} hexadecimal digits, the secret of the hold-out; bring "
            "it back from a copy, or remove it for a new one"
        )
    return secret


def drawn(secret: bytes, account_id: str, episode: str) -> float:
    """What chance says of an account in an episode, from 0 to below 1: the same however often.

    All values are as likely, and those of other accounts or episodes tell nothing about it.

    >>> drawn(b"secret", "A1", "A1/2026-01-05") == drawn(b"secret", "A1", "A1/2026-01-05")
    True
    """
    # Each with its length: else "a", "bc" and "ab", "c" would be one and the same.
    told = b"".join(
        len(part).to_bytes(4) + part for part in (account_id.encode(), episode.encode())
    )
    digest = hmac.digest(secret, told, "sha256")
    # As many bits as fit a number between 0 and 1 exactly.
    return (int.from_bytes(digest[:8]) >> (64 - _SHOWN)) / 2**_SHOWN


def _make(path: Path) -> None:
    with atomic(path) as temporary:
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_hex(_BYTES) + "\n", encoding="ascii")
