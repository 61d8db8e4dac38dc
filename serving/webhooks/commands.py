"""The commands `forewarn webhooks ...`: who is told, what was sent, and sending it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import BadInputError, ForewarnError, MissingError
from serving.console import Run, command
from serving.options import SentSince

if TYPE_CHECKING:
    from serving.webhooks.endpoints import Endpoint

LATEST = 5

app = typer.Typer(
    help="Tell other systems what changed, by signed webhooks.",
    epilog="Example: forewarn webhooks add https://example.com/hook",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

EndpointId = Annotated[str, typer.Argument(metavar="ID", help="The endpoint, such as ep_0a1b.")]


@app.command(
    epilog="Example: forewarn webhooks add https://example.com/hook "
    "--event account.risk_band.changed --event account.champion.left"
)
@command
def add(
    run: Run,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to send to, by https.")],
    *,
    event: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="Send this type; repeat for more.", show_default="all"),
    ] = None,
) -> None:
    """Send events to a URL from the next batch on; its secret is printed once, now."""
    from serving.database import writing
    from serving.moments import now
    from serving.webhooks import endpoints

    endpoint = endpoints.add(writing(run.workspace.store), url, event or [], at=now())
    run.show(f"endpoint {endpoint.endpoint_id}: {endpoint.host}", *_secret(endpoint))
    run.show(f"Next: forewarn webhooks test {endpoint.endpoint_id}")
    run.answer({**endpoint.shown(), "secret": endpoint.secret})


@app.command(name="list", epilog="Example: forewarn webhooks list --latest 20")
@command
def list_all(
    run: Run,
    *,
    latest: Annotated[int, typer.Option(min=0, help="How many deliveries to show.")] = LATEST,
) -> None:
    """List the endpoints, and the latest deliveries to each."""
    from serving.database import reading
    from serving.webhooks import deliveries, endpoints

    store = reading(run.workspace.store)
    found = [
        {
            **endpoint.shown(),
            "deliveries": deliveries.latest(store, endpoint.endpoint_id, limit=latest),
        }
        for endpoint in endpoints.every(store)
    ]
    for endpoint in found:
        run.show(*_lines(endpoint))
    if not found:
        run.show("no endpoints", "Next: forewarn webhooks add URL")
    run.answer({"endpoints": found})


@app.command(epilog="Example: forewarn webhooks remove ep_0a1b2c3d4e5f")
@command
def remove(run: Run, endpoint: EndpointId) -> None:
    """Send nothing more to an endpoint, and forget what was sent to it."""
    from serving.database import writing
    from serving.webhooks import endpoints

    endpoints.remove(writing(run.workspace.store), endpoint)
    run.show(f"endpoint {endpoint} is removed")
    run.answer({"endpoint_id": endpoint, "removed": True})


@app.command(epilog="Example: forewarn webhooks rotate ep_0a1b2c3d4e5f")
@command
def rotate(run: Run, endpoint: EndpointId) -> None:
    """Give an endpoint a new secret; for a day, messages bear the signatures of both."""
    from serving.database import writing
    from serving.moments import now, text
    from serving.webhooks import endpoints

    at = now()
    fresh = endpoints.rotate(writing(run.workspace.store), endpoint, at=at)
    until = text(at + endpoints.OVERLAP)
    run.show(*_secret(fresh), f"the secret before signs along until {until}")
    answer = {**fresh.shown(), "secret": fresh.secret, "previous_secret_until": until}
    run.answer(answer)


@app.command(epilog="Example: forewarn webhooks enable ep_0a1b2c3d4e5f")
@command
def enable(run: Run, endpoint: EndpointId) -> None:
    """Send again to an endpoint that was disabled because it failed for days or was gone."""
    from serving.database import writing
    from serving.webhooks import endpoints

    store = writing(run.workspace.store)
    endpoints.enable(store, endpoint)
    run.show(f"endpoint {endpoint} is enabled", "Next: forewarn webhooks resend --failed")
    run.answer(endpoints.one(store, endpoint).shown())


@app.command(epilog="Example: forewarn webhooks test ep_0a1b2c3d4e5f")
@command
def test(run: Run, endpoint: EndpointId) -> None:
    """Send a signed event of the type webhook.test now, and show what the endpoint answers."""
    from serving.database import reading
    from serving.moments import now
    from serving.webhooks import endpoints
    from serving.webhooks.courier import try_out
    from serving.webhooks.post import Sender

    found = endpoints.one(reading(run.workspace.store), endpoint)
    answer = try_out(found, post=Sender().post, at=now())
    run.answer({"endpoint_id": endpoint, "accepted": answer.accepted, "answer": answer.said})
    if not answer.accepted:
        raise ForewarnError(
            f"endpoint {endpoint}: expected an answer from 200 to 299; got: {answer.said}"
        )
    run.show(f"endpoint {endpoint} answered {answer.said}")


@app.command(epilog="Example: forewarn webhooks resend --failed --since 2026-01-31")
@command
def resend(
    run: Run,
    message: Annotated[
        str | None, typer.Argument(metavar="MESSAGE_ID", help="One message, arrived or not.")
    ] = None,
    *,
    failed: Annotated[
        bool, typer.Option("--failed", help="All that failed and have not arrived.")
    ] = False,
    since: SentSince = None,
) -> None:
    """Make messages due again, under the same id; whoever delivers next sends them."""
    from serving.database import writing
    from serving.moments import now
    from serving.webhooks import deliveries

    if failed == (message is not None) or (since is not None and not failed):
        raise BadInputError("resend: expected a MESSAGE_ID, or --failed with --since if wanted")
    begin = None if since is None else datetime(since.year, since.month, since.day, tzinfo=UTC)
    store = writing(run.workspace.store)
    again = deliveries.resend(store, message_id=message, since=begin, at=now())
    if message is not None and not again:
        raise MissingError(
            f"no message {message!r} went to an endpoint that is enabled; "
            "`forewarn webhooks list --latest 100` shows them"
        )
    run.show(f"{again} deliveries are due again")
    if again:
        run.show("Next: forewarn webhooks deliver")
    run.answer({"due": again})


@app.command(epilog="Example: forewarn webhooks deliver")
@command
def deliver(run: Run) -> None:
    """Send what is due now, once; the service does this by itself while it runs."""
    from dataclasses import asdict

    from serving.webhooks.courier import deliver as send

    with run.step("webhooks") as step:
        said: list[str] = []
        tally = send(run.workspace, said.append)
        step.done = "".join(said) or "webhooks: nothing is due"
    run.answer(asdict(tally))


def _secret(endpoint: Endpoint) -> tuple[str, str]:
    return (f"secret {endpoint.secret}", "It is shown only now; give it to who receives.")


def _lines(endpoint: dict[str, Any]) -> list[str]:
    head = f"{endpoint['endpoint_id']}  {endpoint['host']}"
    if endpoint["disabled_at"]:
        head += f"  disabled {endpoint['disabled_at']}: {endpoint['disabled_why']}"
    lines = [head, f"  {', '.join(endpoint['events'])}"]
    for row in endpoint["deliveries"]:
        told = f"  {row['message_id']}  {row['type']}  {row['state']}"
        if row["attempts"]:
            told += f" ({row['attempts']} attempts, last answer: {row['answer'] or 'none'})"
        lines.append(told + (f", next {row['next_at']}" if row["state"] == "waiting" else ""))
    return lines
