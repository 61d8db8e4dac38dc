"""Every Python process of the tests stays on this machine.

Whoever reaches out gets an error, and is written down: a library may well swallow the error, but
the test session ends with a failure. This folder is on PYTHONPATH while the tests run, so that
Python itself loads this file in every child process.
"""

import os
import sys
from typing import Any

REACHED = "FOREWARN_TESTS_REACHED"
_OUT = {"socket.connect": 1, "socket.sendto": 1}
_LOOKUPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in _OUT:
        address = args[_OUT[event]]
        # One of the internet is a tuple that begins with a name; others are files or numbers.
        if isinstance(address, tuple) and isinstance(address[0], str):
            _check(event, address[0], lookup=False)
    elif event in _LOOKUPS and args[0]:
        name = args[0]
        _check(event, name.decode() if isinstance(name, bytes) else str(name), lookup=True)


def _check(event: str, name: str, *, lookup: bool) -> None:
    if _is_here(name, lookup=lookup):
        return
    line = f"{event} {name} by process {os.getpid()}: {' '.join(sys.argv)[:200]}\n"
    # A name that can never exist is asked for by a test that wants it absent.
    if (reached := os.environ.get(REACHED)) and not name.endswith(".invalid"):
        with open(reached, "a", encoding="utf-8") as stream:  # noqa: PTH123 - in every child
            stream.write(line)
    raise ConnectionRefusedError(f"tests stay on this machine: {line.strip()}")


def _is_here(name: str, *, lookup: bool) -> bool:
    import ipaddress
    import socket

    if name in ("", "localhost", socket.gethostname()):
        return True
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return lookup and _is_number(name)
    return lookup or address.is_loopback or address.is_unspecified


def _is_number(name: str) -> bool:
    """Whether it is an address in one of the older spellings, such as 127.1 or 0x7f000001."""
    import socket

    try:
        socket.inet_aton(name)
    except OSError:
        return False
    return True


sys.addaudithook(_watch)
