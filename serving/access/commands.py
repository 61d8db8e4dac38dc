"""`forewarn keys`: who may ask the service, and who has read what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from serving.access.tables import columns
from serving.console import Run, command
from serving.options import Expires

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serving.access.keys import Key

Role = Literal["reader", "writer", "admin", "monitor"]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="As `forewarn keys list` shows it.")]

app = typer.Typer(
    help="The keys with which programs and people may ask the service.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(epilog="Example: forewarn keys create salesforce --role writer")
@command
def create(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will use it.")],
    *,
    role: Annotated[
        Role, typer.Option(help="What it may do: read; read and write; all; only read metrics.")
    ] = "reader",
    expires: Expires = None,
    per_minute: Annotated[
        int,
        typer.Option(
            min=1, max=1_000_000, help="How often it may ask, in each worker of the service."
        ),
    ] = 1200,
) -> None:
    """Make a key and show its secret, once."""
    from serving.access import keys
    from serving.moments import now

    until = None if expires is None else datetime.combine(expires, time(), UTC)
    key, secret = keys.create(
        run.workspace.store, name, role=role, at=now(), expires_at=until, per_minute=per_minute
    )
    run.show(
        secret,
        f"Key {key.key_id} for {name} ({role}). The secret is shown this once and stored nowhere: "
        "keep it where secrets are kept.",
    )
    run.answer({**_told(key), "secret": secret})


@app.command(name="list", epilog="Example: forewarn keys list")
@command
def list_keys(run: Run) -> None:
    """Show all keys: what they may do, whether they work, when they were last used."""
    from serving.access import keys

    found = keys.every(run.workspace.store)
    run.show(*_table(found))
    run.answer({"keys": [_told(key) for key in found]})


@app.command(epilog="Example: forewarn keys revoke 1f0c93ab")
@command
def revoke(run: Run, key_id: KeyId) -> None:
    """Let a key work no more, at once."""
    from serving.access import keys
    from serving.access.ring import LATEST_SECONDS
    from serving.moments import now

    key = keys.revoke(run.workspace.store, key_id, at=now())
    run.show(
        f"Key {key_id} was revoked at {key.revoked_at}; "
        f"a running service knows it within {LATEST_SECONDS:.0f} s."
    )
    run.answer(_told(key))


@app.command(epilog="Example: forewarn keys rotate 1f0c93ab --overlap-days 2")
@command
def rotate(
    run: Run,
    key_id: KeyId,
    *,
    overlap_days: Annotated[
        int, typer.Option(min=0, max=365, help="How long the secret before works too.")
    ] = 7,
) -> None:
    """Give a key a new secret and show it, once; the one before works on for some days."""
    from serving.access import keys
    from serving.moments import now

    overlap = timedelta(overlap_days)
    key, secret = keys.rotate(run.workspace.store, key_id, at=now(), overlap=overlap)
    run.show(
        secret,
        f"Key {key_id} has this new secret, shown this once. The one before works until "
        f"{key.previous_until}; any older one works no more.",
    )
    run.answer({**_told(key), "secret": secret})


@app.command(epilog="Example: forewarn keys audit --account A00042")
@command
def audit(
    run: Run,
    *,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Of this account.", show_default="all")
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY_ID", help="With this key.", show_default="all")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many.")] = 100,
) -> None:
    """Show who read whose explanation, and what was erased, the newest first."""
    from serving.access.audit import entries

    found = entries(run.workspace.store, account_id=account, key_id=key, limit=limit)
    names = ("happened_at", "key_id", "action", "subject", "request_id")
    run.show(columns(names, [[row[name] or "" for name in names] for row in found]))
    run.answer({"audit": found})


def _told(key: Key) -> dict[str, Any]:
    from serving.moments import now

    return {
        "key_id": key.key_id,
        "name": key.name,
        "role": key.role,
        "scopes": sorted(key.scopes),
        "per_minute": key.per_minute,
        "state": key.state(now()),
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "previous_until": key.previous_until,
        "last_used_at": key.last_used_at,
    }


def _table(found: list[Key]) -> Iterator[RenderableType]:
    names = ("key_id", "name", "role", "per_minute", "state", "expires_at", "last_used_at")
    rows = [[str(_told(key)[name] or "") for name in names] for key in found]
    yield columns(names, rows)
    if not found:
        yield "No key yet: whoever uses this machine may ask. Next: forewarn keys create NAME"
