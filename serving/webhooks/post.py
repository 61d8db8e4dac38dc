"""The one place that connects to somebody else's machine: a message out, a status back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from ssl import SSLContext

import httpx

from serving.webhooks.address import AddressError, Resolve, Target, checked, resolved

# For all of it: looking up aside, connecting, sending, and the head of the answer.
TIMEOUT_SECONDS = 15.0
_OVERLOADED = (429, 502, 503, 504)


@dataclass(frozen=True)
class Answer:
    """What came back: a status, or in a few words why there is none (`said` has either)."""

    said: str
    status: int | None = None
    retry_after: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the message arrived; a redirection is no arrival."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants no more messages, ever."""
        return self.status == 410

    @property
    def tired(self) -> bool:
        """Whether the endpoint as a whole should be left alone for a while."""
        return self.status is None or self.status in _OVERLOADED

    def wait_seconds(self, at: datetime) -> float:
        """How long it asked to be left alone from a moment on; 0 where it did not.

        Retry-After is heard with 429 and 503, in seconds or as a date.
        """
        if self.retry_after is None or self.status not in (429, 503):
            return 0.0
        if self.retry_after.isascii() and self.retry_after.isdigit():
            return float(self.retry_after[:9])
        try:
            until = parsedate_to_datetime(self.retry_after)
        except (ValueError, OverflowError):
            return 0.0
        return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - at).total_seconds())


@dataclass(frozen=True)
class Sender:
    """Sends messages to URLs that are checked anew each time.

    Proxies of the environment are not used: they would look the name up once more. Certificates are
    checked against those that httpx brings, or SSL_CERT_FILE. The body of an answer is never read.
    """

    resolve: Resolve = resolved
    timeout_seconds: float = TIMEOUT_SECONDS
    trusted: SSLContext = field(default_factory=httpx.create_ssl_context, repr=False)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a message; an address that is refused or silent is an answer as well."""
        try:
            target = checked(url, resolve=self.resolve)
        except AddressError:
            return Answer("address refused or not found")
        # Only a deadline around it all stops who answers a byte at a time.
        return asyncio.run(self._within_time(target, headers, body))

    async def _within_time(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await self._post(target, headers, body)
        except (TimeoutError, httpx.TimeoutException):
            return Answer("no answer in time")
        except httpx.ConnectError:
            return Answer("no connection, or no valid certificate")
        except httpx.HTTPError:
            return Answer("no answer that is HTTP")

    async def _post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        # A client would log every URL, and follow redirections if asked; a transport does neither.
        async with httpx.AsyncHTTPTransport(verify=self.trusted, trust_env=False) as transport:
            for place, address in enumerate(target.addresses, start=1):
                request = self._request(target, address, headers, body)
                try:
                    answer = await transport.handle_async_request(request)
                except httpx.ConnectError:
                    if place == len(target.addresses):
                        raise
                else:
                    await answer.aclose()
                    status = answer.status_code
                    return Answer(str(status), status, answer.headers.get("retry-after"))
        raise AssertionError  # a target has an address

    def _request(
        self, target: Target, address: str, headers: Mapping[str, str], body: bytes
    ) -> httpx.Request:
        """Asks the address, by the name: that is what the certificate and the request speak of."""
        sent = {
            **headers,
            "host": target.url.netloc.decode(),
            "content-type": "application/json",
            "user-agent": f"forewarn/{version('forewarn')}",
        }
        known = {
            "sni_hostname": target.url.raw_host.decode(),
            "timeout": httpx.Timeout(self.timeout_seconds).as_dict(),
        }
        url = target.url.copy_with(host=address)
        return httpx.Request("POST", url, headers=sent, content=body, extensions=known)
