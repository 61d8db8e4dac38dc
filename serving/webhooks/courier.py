"""Who delivers: once when asked, or in the background of the service every few seconds.

Nothing connects anywhere unless somebody has added an endpoint.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy import Engine

from data.errors import ForewarnError, MissingError
from data.workspace import Workspace, quiet
from serving.database import reading, writing
from serving.moments import now
from serving.webhooks.deliveries import Claim, claim, due_endpoints, jitter, settle
from serving.webhooks.endpoints import Endpoint, one
from serving.webhooks.messages import TEST, body
from serving.webhooks.post import Answer, Sender
from serving.webhooks.signature import signed_headers

EVERY_SECONDS = 5.0
# So many endpoints are sent to at once, each one message after the other.
AT_ONCE = 8
_PATIENCE_SECONDS = 2.0
_LOG = logging.getLogger("forewarn")


class Post(Protocol):
    """Sends one message; what came back."""

    def __call__(self, url: str, headers: dict[str, str], body: bytes) -> Answer:
        """The answer."""


@dataclass(frozen=True)
class Tally:
    """How many attempts succeeded and failed, and how many endpoints were disabled by that."""

    delivered: int = 0
    failed: int = 0
    disabled: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.delivered + other.delivered,
            self.failed + other.failed,
            self.disabled + other.disabled,
        )


@dataclass(frozen=True)
class Courier:
    """Sends what is due in a store, by a clock, until told to stop."""

    store: Engine
    post: Post = field(default_factory=lambda: Sender().post)
    clock: Callable[[], datetime] = now
    stretch: Callable[[], float] = jitter
    stopped: threading.Event = field(default_factory=threading.Event)

    def deliver(self) -> Tally:
        """One attempt for each message that is due now; endpoints do not wait for one another.

        One that does not answer, or is overloaded, is left alone for the rest of the round.
        """
        due = self.clock()
        endpoints = due_endpoints(self.store, due)
        if not endpoints:
            return Tally()
        with ThreadPoolExecutor(min(AT_ONCE, len(endpoints))) as pool:
            rounds = pool.map(lambda endpoint_id: self._round(endpoint_id, due), endpoints)
            return sum(rounds, start=Tally())

    def _round(self, endpoint_id: str, due: datetime) -> Tally:
        tally = Tally()
        while not self.stopped.is_set():
            taken = claim(self.store, endpoint_id, due=due, at=self.clock())
            if taken is None:
                break
            try:
                answer = self._attempt(taken, one(self.store, endpoint_id))
            except MissingError:  # removed a moment ago, and its deliveries with it
                break
            over = settle(self.store, taken, answer, at=self.clock(), stretch=self.stretch)
            if over:
                _LOG.warning("webhook endpoint %s is disabled now", endpoint_id)
            tally += Tally(answer.accepted, not answer.accepted, over)
            if answer.tired:
                break
        return tally

    def _attempt(self, taken: Claim, endpoint: Endpoint) -> Answer:
        answer = _sent(self.post, endpoint, taken.message_id, taken.body, self.clock())
        level = logging.INFO if answer.accepted else logging.WARNING
        _LOG.log(level, "webhook endpoint %s: %s", endpoint.endpoint_id, answer.said)
        return answer


def deliver(workspace: Workspace, say: Callable[[str], None] = quiet) -> Tally:
    """Send what is due now, once, and say how it went; nothing is said where nothing is due.

    Attempts that fail are no error: they are made again later, by whoever delivers then.

    Raises:
        StoreError: the store cannot be read or written.
    """
    tally = Courier(writing(workspace.store)).deliver()
    if tally != Tally():
        said = f"webhooks: {tally.delivered} delivered, {tally.failed} failed for now"
        if tally.disabled:
            said += f"; {tally.disabled} disabled, see `forewarn webhooks list`"
        say(said)
    return tally


def try_out(endpoint: Endpoint, *, post: Post, at: datetime) -> Answer:
    """What an endpoint answers to a message of the type webhook.test, signed like all others."""
    text = body(TEST, {"endpoint_id": endpoint.endpoint_id}, at=at)
    return _sent(post, endpoint, f"msg_test_{int(at.timestamp())}", text, at)


def start(workspace: Workspace, *, every_seconds: float = EVERY_SECONDS) -> Callable[[], None]:
    """Deliver in the background from now on; call what comes back to stop.

    Stopping waits for attempts under way, but not for long: a message cut off is sent again.
    """
    stopped = threading.Event()
    thread = threading.Thread(
        target=_rounds, args=(workspace, stopped, every_seconds), name="courier", daemon=True
    )
    thread.start()

    def stop() -> None:
        stopped.set()
        thread.join(_PATIENCE_SECONDS)

    return stop


def _rounds(workspace: Workspace, stopped: threading.Event, every_seconds: float) -> None:
    store: Engine | None = None
    while not stopped.wait(every_seconds):
        try:
            # Looked up by a reader, so that nothing is written while there is nothing to send.
            store = store or reading(workspace.store)
            if due_endpoints(store, now()):
                Courier(writing(workspace.store), stopped=stopped).deliver()
        except MissingError:
            continue  # nothing was ever published
        except ForewarnError as error:
            _LOG.warning("webhooks: %s", error)
        except Exception as error:  # noqa: BLE001 - the thread must outlive what nobody foresaw
            # No traceback: it may show a URL.
            _LOG.error("webhooks: internal error: %s", type(error).__name__)


def _sent(post: Post, endpoint: Endpoint, message_id: str, text: str, at: datetime) -> Answer:
    content = text.encode()
    headers = signed_headers(message_id, content, secrets=endpoint.secrets_at(at), at=at)
    return post(endpoint.url, headers, content)
