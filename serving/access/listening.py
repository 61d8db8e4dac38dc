"""Where the service listens, and who may ask while no key has been made."""

from __future__ import annotations

import ipaddress
import os
from functools import lru_cache
from typing import Literal

from data.errors import BadInputError
from serving.access import keys, users
from serving.access.browser import behind_proxy
from serving.engines import Address
from serving.moments import now

# loopback: only this machine can ask. nowhere: only this process can, as in a test. anywhere: keys
# are needed; so it is wherever nobody has said where the service listens.
Listens = Literal["loopback", "nowhere", "anywhere"]
LISTENS_VARIABLE = "FOREWARN_LISTENS"


def listening(host: str) -> Listens:
    """What an address to listen on comes to.

    >>> listening("127.0.0.1"), listening("::1"), listening("0.0.0.0")
    ('loopback', 'loopback', 'anywhere')
    """
    return "loopback" if _is_loopback(host) else "anywhere"


def listens() -> Listens:
    """Where the service listens, as whoever started it has said.

    Behind a proxy anybody can ask, and all of them seem to be this machine.

    Raises:
        BadInputError: a setting in the environment is wrong.
    """
    if behind_proxy():
        return "anywhere"
    known: dict[str, Listens] = {"loopback": "loopback", "nowhere": "nowhere"}
    return known.get(os.environ.get(LISTENS_VARIABLE, ""), "anywhere")


def require_somebody(store: Address, host: str) -> None:
    """Refuse to be reached by others as long as nobody could be told from anybody.

    A user is enough, who can sign in to the page; the API then takes nobody. So is a key.

    Raises:
        BadInputError: there is neither, and `host` is not of this machine alone or stands behind a
            proxy; or a setting in the environment is wrong.
    """
    alone = listening(host) == "loopback" and not behind_proxy()
    if alone or users.every(store):
        return
    if not any(key.state(now()) == "valid" for key in keys.every(store)):
        raise BadInputError(
            f"--host {host}: others could ask, and no key works and nobody can sign in; make one "
            "with `forewarn keys create NAME` for programs or `forewarn users add NAME` for the "
            "page, or serve on 127.0.0.1 without a proxy in front"
        )


def readable_on_the_way(store: Address, host: str) -> bool:
    """Whether passwords would travel by plain http from other machines."""
    return listening(host) == "anywhere" and not behind_proxy() and bool(users.every(store))


@lru_cache(maxsize=64)
def is_own_name(host: bytes) -> bool:
    """Whether a Host header names this machine.

    A page of somebody else's that points its own name here (DNS rebinding) still sends that name.

    >>> is_own_name(b"localhost:3000"), is_own_name(b"[::1]:3000"), is_own_name(b"evil.example")
    (True, True, False)
    """
    name = host.decode("latin-1").lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name == "localhost" or _is_loopback(name)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
