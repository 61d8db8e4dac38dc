"""Messages go to public addresses only, and to the very address that was checked."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from data.errors import BadInputError
from serving.webhooks import endpoints
from serving.webhooks.address import LOOPBACK_VARIABLE, AddressError, checked, public, resolved
from serving.webhooks.post import Sender

NAME = "hooks.example.test"

LOCAL = (
    *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8"),  # noqa: S104 - nobody binds to it
    *("169.254.169.254", "168.63.129.16", "172.16.0.1", "172.31.255.255", "192.0.0.192"),
    *("192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1"),
    *("203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1"),
    *("2001:db8::1", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254"),
    *("fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
)
OPEN = ("8.8.8.8", "93.184.216.34", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1111")


@pytest.fixture(autouse=True)
def strict(monkeypatch) -> None:
    """Without leave to reach this machine."""
    monkeypatch.delenv(LOOPBACK_VARIABLE, raising=False)


@pytest.mark.parametrize("address", LOCAL)
def test_a_name_with_a_local_address_among_others_is_refused(address):
    with pytest.raises(AddressError, match="public addresses only"):
        checked(f"https://{NAME}/hook", resolve=lambda *_: ["8.8.8.8", address])


@pytest.mark.parametrize("address", OPEN)
def test_a_public_address_is_accepted(address):
    assert checked(f"https://{NAME}/hook", resolve=lambda *_: [address]).addresses == (address,)


def test_whatever_python_holds_for_local_is_not_public():
    """A second, dumber judge, over addresses spread through both spaces."""
    for number in range(0, 2**32, 2**32 // 8_191):
        address = ipaddress.ip_address(number)
        assert address.is_global or not public(str(address)), address
    for number in range(0, 2**128, 2**128 // 8_191):
        address = ipaddress.ip_address(number)
        assert address.is_global or not public(str(address)), address


@pytest.mark.parametrize(
    "url",
    [
        *("https://127.0.0.1/", "https://[::1]/", "https://localhost/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/"),
        *("https://[::ffff:169.254.169.254]/latest", "https://[64:ff9b::a9fe:a9fe]/"),
        *("https://0/", "https://１２７.0.0.1/", "https://169.254.169.254:8080/"),
    ],
)
def test_no_spelling_of_a_local_address_gets_through(url):
    """Read as the resolver of the system does, which knows all of them; names are as hosts say."""

    def read(host: str, _port: int) -> list[str]:
        if host == "localhost" or ":" in host:
            return [host.replace("localhost", "127.0.0.1")]
        return [socket.inet_ntoa(socket.inet_aton(host))]

    with pytest.raises(AddressError, match=r"public addresses only|expected a URL"):
        checked(url, resolve=read)


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (f"http://{NAME}/hook", "begins with https://"),
        (f"ftp://{NAME}/hook", "expected a URL"),
        ("hooks.example.test/hook", "expected a URL"),
        ("https:///hook", "expected a URL"),
        (f"https://{NAME}:99999/", "expected a URL"),
        (f"https://{NAME}:0/", "expected a URL"),
        (f"https://{NAME}/\n", "expected a URL"),
        ("https://" + "x" * 2000, "at most 2000 bytes"),
        (f"https://me:hush@{NAME}/hook", "without a user"),
        (f"https://{NAME}/hook#hush", "without a user, a password or a fragment"),
    ],
)
def test_a_url_that_is_not_one_of_https_is_refused_without_repeating_it(url, wanted):
    with pytest.raises(AddressError, match=wanted) as caught:
        checked(url, resolve=lambda *_: ["8.8.8.8"])
    assert "hush" not in str(caught.value)
    assert "/hook" not in str(caught.value).replace("https://example.com/hook", "")


def test_a_host_that_nobody_knows_is_refused():
    def nobody(*_: object) -> list[str]:
        raise OSError

    with pytest.raises(AddressError, match="no address was found"):
        checked(f"https://{NAME}/", resolve=nobody)


def test_leave_to_reach_this_machine_is_leave_for_nothing_else(monkeypatch):
    monkeypatch.setenv(LOOPBACK_VARIABLE, "true")
    assert checked("http://127.0.0.1:8080/").addresses == ("127.0.0.1",)
    for address in ("10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"):
        with pytest.raises(AddressError):
            checked(f"https://{NAME}/", resolve=lambda *_, address=address: [address])
    with pytest.raises(AddressError, match="https"):
        checked(f"http://{NAME}/", resolve=lambda *_: ["8.8.8.8"])


@pytest.mark.parametrize("word", ["1", "yes", "True", ""])
def test_no_other_word_is_leave(monkeypatch, word):
    monkeypatch.setenv(LOOPBACK_VARIABLE, word)
    with pytest.raises(AddressError):
        checked("http://127.0.0.1:8080/")


def test_an_endpoint_is_checked_when_it_is_added_and_again_when_it_is_sent_to(
    store, clock, receiver
):
    url = f"https://{NAME}:{receiver.port}/hook"
    with pytest.raises(BadInputError, match="public addresses only"):
        endpoints.add(store, url, (), at=clock(), resolve=lambda *_: ["192.168.1.1"])
    assert endpoints.every(store) == []
    endpoints.add(store, url, (), at=clock(), resolve=lambda *_: ["93.184.216.34"])
    # The name leads home now.
    answer = Sender(resolve=lambda *_: ["127.0.0.1"]).post(url, {}, b"{}")
    assert (answer.accepted, answer.said) == (False, "address refused or not found")
    assert receiver.requests == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate that speaks of NAME; its key lies beside it."""
    path = tmp_path / "certificate.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(path)]
    subprocess.run([*made, *names, *files], check=True, capture_output=True)
    return path


@pytest.fixture
def secure(receiver, certificate) -> Iterator[tuple[int, list[str | None]]]:
    """The receiver behind TLS on 127.0.0.1 alone: its port, and the names it was asked for by."""
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with ThreadingHTTPServer(("127.0.0.1", 0), receiver.handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1], asked
        server.shutdown()
        thread.join()


def test_a_connection_goes_to_the_checked_address_and_never_to_the_name(
    receiver, secure, certificate, monkeypatch
):
    """The name is looked up once: what it would resolve to a moment later does not matter."""
    monkeypatch.setenv(LOOPBACK_VARIABLE, "true")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    port, asked = secure
    looked_up = []

    def once(host: str, port: int) -> list[str]:
        looked_up.append((host, port))
        return ["127.0.0.9", "127.0.0.1"] if len(looked_up) == 1 else ["169.254.169.254"]

    trusted = ssl.create_default_context(cafile=certificate)
    sender = Sender(once, trusted=trusted)
    answer = sender.post(f"https://{NAME}:{port}/hook", {"webhook-id": "msg_1"}, b"{}")
    assert answer.said == "204"
    assert looked_up == [(NAME, port)]
    assert asked == [NAME]
    assert receiver.requests[0].headers["host"] == f"{NAME}:{port}"
    assert (receiver.requests[0].path, receiver.requests[0].body) == ("/hook", b"{}")


def test_a_certificate_of_another_name_or_that_nobody_vouches_for_is_refused(
    receiver, secure, certificate, monkeypatch
):
    monkeypatch.setenv(LOOPBACK_VARIABLE, "true")
    port, _ = secure
    trusted = ssl.create_default_context(cafile=certificate)
    stranger = Sender(lambda *_: ["127.0.0.1"], trusted=trusted)
    for sender, name in ((stranger, "other.example.test"), (Sender(stranger.resolve), NAME)):
        answer = sender.post(f"https://{name}:{port}/", {}, b"{}")
        assert answer.said == "no connection, or no valid certificate"
    assert receiver.requests == []


def test_the_resolver_of_this_machine_answers_with_addresses():
    assert set(resolved("localhost", 443)) <= {"127.0.0.1", "::1"}
