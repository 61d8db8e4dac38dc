"""Where a message may go: a public address, looked up once and connected to as it was checked.

An endpoint's URL is given by somebody else, and its name may resolve to anything, a moment later to
something else (DNS rebinding). So a name whose addresses are not all public is refused, and the
connection is made to a checked address, never to the name. The lists are those of the IANA's
special-purpose registries, spelled out because Python's `is_global` differs between versions.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

from data.errors import BadInputError

# The one way to a receiver on this machine, for trials and tests; the only one without TLS, too.
LOOPBACK_VARIABLE = "FOREWARN_WEBHOOKS_ALLOW_LOOPBACK"
LONGEST_URL = 2000
_NOT_PUBLIC_4 = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's own services, on an address that looks public
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
# Everything outside of it is local, multicast, or an IPv4 address in disguise (mapped, NAT64).
_PUBLIC_6 = ip_network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ip_network(text)
    for text in (
        "2001::/23",  # protocol assignments, among them Teredo, which holds an IPv4 address
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which holds an IPv4 address
        "3fff::/20",  # documentation
    )
)

Resolve = Callable[[str, int], Sequence[str]]


class AddressError(BadInputError):
    """A URL that no message may be sent to; the message names the host at most."""


@dataclass(frozen=True)
class Target:
    """A URL, and the checked addresses that it leads to, in the order to try them."""

    url: httpx.URL
    addresses: tuple[str, ...]


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host by this machine's resolver, best first; none twice.

    Raises:
        OSError: the host is not known, or nobody could be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def loopback_allowed() -> bool:
    """Whether FOREWARN_WEBHOOKS_ALLOW_LOOPBACK says `true`."""
    return os.environ.get(LOOPBACK_VARIABLE) == "true"


def checked(url: str, *, resolve: Resolve = resolved) -> Target:
    """Where a URL leads.

    Raises:
        AddressError: no URL of https, with a user or a fragment, of no known host, or of one with
            an address that is not public.
    """
    parsed = _parsed(url)
    secure = parsed.scheme == "https"
    try:
        addresses = tuple(resolve(parsed.raw_host.decode(), parsed.port or (443 if secure else 80)))
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise AddressError(f"host {parsed.host!r}: no address was found; check its name")
    ours = loopback_allowed() and all(ip_address(text).is_loopback for text in addresses)
    if not secure and not ours:
        raise AddressError(f"host {parsed.host!r}: expected a URL that begins with https://")
    if not ours and not all(public(text) for text in addresses):
        raise AddressError(
            f"host {parsed.host!r}: expected public addresses only; it has one of a private, local "
            f"or reserved network ({LOOPBACK_VARIABLE}=true lets trials reach this machine)"
        )
    return Target(parsed, addresses)


def public(text: str) -> bool:
    """Whether an address belongs to the public internet.

    >>> [public(text) for text in ("8.8.8.8", "10.0.0.1", "::ffff:8.8.8.8", "2606:4700::1111")]
    [True, False, False, True]
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    assert isinstance(address, IPv6Address)  # noqa: S101 - there is no third kind
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise AddressError("expected a URL such as https://example.com/hook") from None
    known = parsed.scheme in ("https", "http") and parsed.host
    if not known or len(url.encode(errors="replace")) > LONGEST_URL or not _is_port(parsed.port):
        raise AddressError(
            f"expected a URL such as https://example.com/hook, of at most {LONGEST_URL} bytes"
        )
    if parsed.userinfo or parsed.fragment:
        raise AddressError(
            f"host {parsed.host!r}: expected a URL without a user, a password or a fragment"
        )
    return parsed


def _is_port(number: int | None) -> bool:
    return number is None or 0 < number < 65_536
