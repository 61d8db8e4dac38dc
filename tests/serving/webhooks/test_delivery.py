"""Messages arrive signed, are tried again on schedule, and never go where they are not wanted."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError

from serving.database import transaction
from serving.tables import DELIVERY
from serving.webhooks import deliveries, endpoints
from serving.webhooks.courier import Courier, Tally, try_out
from serving.webhooks.outbox import announce
from serving.webhooks.post import Answer, Sender

FAILED = {"run_id": "r1", "step": "land", "outcome": "failed", "exit_code": 2}
OK, BAD = Tally(1, 0), Tally(0, 1)


@pytest.fixture
def endpoint(store, receiver, clock) -> str:
    """An endpoint at the receiver; its id."""
    return endpoints.add(store, receiver.url(), (), at=clock()).endpoint_id


@pytest.fixture
def tell(store):
    """Announce that a run failed, so many times."""

    def announce_runs(count: int = 1) -> None:
        for number in range(count):
            announce(store, "scoring_run.failed", {**FAILED, "run_id": f"r{number}"})

    return announce_runs


def states(store, endpoint_id) -> list[tuple[str, int, str | None]]:
    rows = deliveries.latest(store, endpoint_id, limit=9)
    return [(row["state"], row["attempts"], row["answer"]) for row in rows]


def test_a_message_arrives_once_as_it_was_written_and_verifies(
    store, clock, courier, receiver, endpoint, tell
):
    clock.now = datetime.now(UTC)
    tell()
    assert courier.deliver() == OK
    assert courier.deliver() == Tally()
    (request,) = receiver.requests
    assert request.path == "/hook"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == f"127.0.0.1:{receiver.port}"
    secret = endpoints.one(store, endpoint).secret
    content = Webhook(secret).verify(request.body, request.headers)
    assert content["data"] == {**FAILED, "run_id": "r0"}
    assert states(store, endpoint) == [("delivered", 1, "204")]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(request.body.replace(b"land", b"lamb"), request.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 43 + "=").verify(request.body, request.headers)
    assert "." not in request.message_id


def test_for_a_day_after_a_rotation_both_secrets_verify(
    store, clock, courier, receiver, endpoint, tell
):
    clock.now = datetime.now(UTC) - endpoints.OVERLAP
    old = endpoints.one(store, endpoint).secret
    new = endpoints.rotate(store, endpoint, at=clock()).secret
    assert old != new
    clock.move(hours=23, minutes=59)
    tell()
    courier.deliver()
    clock.move(minutes=2)
    tell()
    courier.deliver()
    both, one = receiver.requests
    for secret in (old, new):
        assert Webhook(secret).verify(both.body, both.headers)
    assert Webhook(new).verify(one.body, one.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(one.body, one.headers)


def test_attempts_follow_the_schedule_with_one_id_and_fresh_timestamps(
    store, clock, courier, receiver, endpoint, tell
):
    receiver.answers = [(500, {})] * 9
    tell()
    began, waits = clock(), (0, 5, 5 * 60, 30 * 60, 7200, 5 * 3600, 10 * 3600, 14 * 3600)
    for wait in (*waits, 20 * 3600):
        clock.move(seconds=wait - 0.001)
        assert courier.deliver() == Tally()
        clock.move(seconds=0.001)
        assert courier.deliver() == BAD
    clock.move(hours=24)
    assert courier.deliver() == OK
    assert clock() - began == timedelta(hours=75, minutes=35, seconds=5)
    assert len({request.message_id for request in receiver.requests}) == 1
    assert len({request.body for request in receiver.requests}) == 1
    stamps = [int(request.headers["webhook-timestamp"]) for request in receiver.requests]
    assert stamps[0] == int(began.timestamp())
    assert [later - sooner for sooner, later in pairwise(stamps)] == [
        *waits[1:],
        20 * 3600,
        24 * 3600,
    ]
    assert states(store, endpoint) == [("delivered", 10, "204")]


def test_delays_are_stretched_by_up_to_a_fifth():
    found = [deliveries.jitter() for _ in range(200)]
    assert 1 <= min(found) < max(found) <= 1.2
    assert len(set(found)) > 100


def test_after_the_last_failure_the_endpoint_is_disabled_and_can_be_enabled_again(
    store, clock, courier, receiver, endpoint, tell
):
    receiver.answers = [(500, {})] * len(deliveries.DELAYS)
    tell()
    for _ in deliveries.DELAYS:
        courier.deliver()
        clock.move(hours=24)
    found = endpoints.one(store, endpoint)
    assert found.disabled_why == "10 attempts failed, the last with: 500"
    assert states(store, endpoint) == [("failed", 10, "500")]
    tell()  # nobody listens now
    assert courier.deliver() == Tally()
    assert deliveries.resend(store, message_id=None, since=None, at=clock()) == 0
    endpoints.enable(store, endpoint)
    assert courier.deliver() == Tally()
    assert deliveries.resend(store, message_id=None, since=None, at=clock()) == 1
    assert courier.deliver() == OK
    assert len({request.message_id for request in receiver.requests}) == 1


def test_one_message_that_fails_for_days_does_not_disable_an_endpoint_that_takes_others(
    store, clock, courier, receiver, endpoint, tell
):
    receiver.answers = [(400, {})]
    tell()
    courier.deliver()
    tell()
    assert courier.deliver() == OK
    for _ in deliveries.DELAYS[1:]:
        clock.move(hours=24)
        receiver.answers = [(400, {})]
        assert courier.deliver() == BAD
    assert endpoints.one(store, endpoint).disabled_at is None
    assert sorted(states(store, endpoint)) == [("delivered", 1, "204"), ("failed", 10, "400")]


def test_an_endpoint_that_is_gone_is_disabled_at_once(
    store, clock, courier, receiver, endpoint, tell
):
    receiver.answers = [(410, {})]
    tell(3)
    assert courier.deliver() == Tally(0, 1, 1)
    clock.move(days=2)
    assert courier.deliver() == Tally()
    assert endpoints.one(store, endpoint).disabled_why == "it answered 410 Gone"
    endpoints.enable(store, endpoint)
    assert courier.deliver() == Tally(2, 0)


@pytest.mark.usefixtures("endpoint")
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_by_all_that_waits_for_the_endpoint(
    clock, courier, receiver, tell, status
):
    later = format_datetime(clock() + timedelta(seconds=90), usegmt=True)
    receiver.answers = [(status, {"Retry-After": later if status == 429 else "90"})]
    tell(3)
    assert courier.deliver() == BAD
    clock.move(seconds=89)
    assert courier.deliver() == Tally()
    clock.move(seconds=1)
    assert courier.deliver() == Tally(3, 0)


@pytest.mark.parametrize(
    ("status", "retry_after", "seconds"),
    [
        (503, "120", 120),
        (429, "Sat, 31 Jan 2026 09:02:00 GMT", 120),
        (429, "Sat, 31 Jan 2026 08:00:00 GMT", 0),
        (503, "soon", 0),
        (503, "-5", 0),
        (503, "²", 0),
        (503, "Sat, 31 Jan 99999999999999999999 09:02:00 GMT", 0),
        (500, "120", 0),
    ],
)
def test_a_retry_after_that_makes_no_sense_is_not_heard(clock, status, retry_after, seconds):
    assert Answer("", status, retry_after).wait_seconds(clock()) == seconds


@pytest.mark.usefixtures("endpoint")
def test_no_retry_after_stops_delivery_for_more_than_a_day(clock, courier, receiver, tell):
    receiver.answers = [(503, {"Retry-After": "99999999999999"})]
    tell()
    courier.deliver()
    clock.move(hours=24)
    assert courier.deliver() == OK


def test_a_redirection_is_a_failure_and_is_not_followed(store, courier, receiver, endpoint, tell):
    receiver.answers = [(302, {"Location": receiver.url("/elsewhere")})]
    tell()
    assert courier.deliver() == BAD
    assert [request.path for request in receiver.requests] == ["/hook"]
    assert states(store, endpoint) == [("waiting", 1, "302")]


def test_nobody_there_is_a_failure_and_others_do_not_wait_for_it(
    store, clock, courier, endpoint, tell
):
    nobody = endpoints.add(store, "http://127.0.0.1:9/hook", (), at=clock()).endpoint_id
    tell(3)
    # One attempt shows that nobody is there.
    assert courier.deliver() == Tally(3, 1)
    (first,) = [state for state in states(store, nobody) if state[1]]
    assert first == ("waiting", 1, "no connection, or no valid certificate")
    assert states(store, endpoint) == [("delivered", 1, "204")] * 3


def test_who_answers_a_byte_at_a_time_is_cut_off(store, clock, endpoint, tell, receiver):
    """Each byte comes well within a timeout of the connection; only the whole has a deadline."""
    receiver.before = lambda: time.sleep(1.0)
    tell()
    impatient = Courier(store, post=Sender(timeout_seconds=0.2).post, clock=clock)
    began = time.monotonic()
    assert impatient.deliver() == BAD
    assert time.monotonic() - began < 0.9
    assert states(store, endpoint) == [("waiting", 1, "no answer in time")]


@pytest.mark.usefixtures("endpoint")
def test_a_message_can_be_sent_again_whether_it_arrived_or_not(
    store, clock, courier, receiver, tell
):
    tell(2)
    courier.deliver()
    again = receiver.requests[0].message_id
    assert deliveries.resend(store, message_id=again, since=None, at=clock()) == 1
    assert courier.deliver() == OK
    assert [request.message_id for request in receiver.requests].count(again) == 2
    assert deliveries.resend(store, message_id="msg_none", since=None, at=clock()) == 0


@pytest.mark.usefixtures("endpoint")
def test_only_what_failed_since_a_day_is_sent_again(store, clock, courier, receiver, tell):
    receiver.answers = [(400, {})] * 2
    for _ in range(2):
        tell()
        courier.deliver()
        clock.move(seconds=1)
    tell()
    courier.deliver()
    second = clock() - timedelta(seconds=1)
    assert deliveries.resend(store, message_id=None, since=second, at=clock()) == 1
    # The second is due already; what arrived and what nobody tried yet is left as it is.
    assert deliveries.resend(store, message_id=None, since=None, at=clock()) == 1
    assert courier.deliver() == Tally(2, 0)


@pytest.mark.usefixtures("endpoint")
def test_four_that_deliver_at_once_send_each_message_once(store, clock, receiver, tell):
    tell(20)
    start, tallies = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        tallies.append(Courier(store, clock=clock).deliver())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(tallies, start=Tally()) == Tally(20, 0)
    assert len({request.message_id for request in receiver.requests}) == 20


def test_a_removed_endpoint_is_sent_nothing_and_leaves_nothing(
    store, courier, receiver, endpoint, tell, messages
):
    tell()
    endpoints.remove(store, endpoint)
    assert courier.deliver() == Tally()
    assert messages(store) == []
    with transaction(store) as connection:
        assert connection.execute(select(DELIVERY)).first() is None
    assert receiver.requests == []


def test_a_trial_is_signed_too_and_leaves_no_trace(store, receiver, endpoint, messages):
    found = endpoints.one(store, endpoint)
    answer = try_out(found, post=Sender().post, at=datetime.now(UTC))
    assert (answer.accepted, answer.said) == (True, "204")
    (request,) = receiver.requests
    content = Webhook(found.secret).verify(request.body, request.headers)
    assert (content["type"], content["data"]) == ("webhook.test", {"endpoint_id": endpoint})
    assert messages(store) == []


def test_nothing_that_is_logged_or_printed_holds_a_secret_or_a_path(
    store, clock, courier, receiver, tell, caplog
):
    found = endpoints.add(store, receiver.url("/key-4711?token=4712"), (), at=clock())
    caplog.set_level("DEBUG")
    receiver.answers = [(500, {})]
    tell()
    courier.deliver()
    clock.move(seconds=5)
    courier.deliver()
    lines = [r.getMessage() for r in caplog.records if r.name == "forewarn"]
    assert lines == [f"webhook endpoint {found.endpoint_id}: {said}" for said in ("500", "204")]
    assert receiver.requests[0].path == "/key-4711?token=4712"
    told = f"{caplog.text} {found!r} {found.shown()}"
    for hidden in ("4711", "4712", found.secret):
        assert hidden not in told
