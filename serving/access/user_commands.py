"""`forewarn users`: who may sign in to the page, and what they see there."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from data.errors import BadInputError, MissingError
from serving.access.tables import columns
from serving.console import Run, command

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serving.access.users import User
    from serving.engines import Address

Role = Literal["csm", "manager", "admin"]
Sees = Literal["own", "all"]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Whom, as they sign in.")]
FromStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input; ask nothing."),
]

app = typer.Typer(
    help="The people who may sign in to the page.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(epilog='Example: forewarn users add dana --csm "Dana Reyes"')
@command
def add(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    *,
    role: Annotated[
        Role, typer.Option(help="A CSM; a manager, who sees all; an admin, who runs this.")
    ] = "csm",
    csm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Whose accounts are theirs, as in the column csm of accounts.",
            show_default="NAME, for a CSM",
        ),
    ] = None,
    sees: Annotated[
        Sees | None,
        typer.Option(help="Their own accounts or all.", show_default="own, for a CSM"),
    ] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Let somebody sign in to the page, with a password that is asked for twice."""
    from serving.access import users
    from serving.moments import now

    store = run.workspace.store
    password = _password(from_stdin=password_stdin)
    user = users.create(store, name, password=password, role=role, at=now(), csm=csm, sees=sees)
    run.show(f"{name} ({role}) may sign in and {_sight(store, user)}.")
    run.answer(asdict(user))


@app.command(name="list", epilog="Example: forewarn users list")
@command
def list_users(run: Run) -> None:
    """Show who may sign in, what they see, and when they last did."""
    from serving.access import users

    found = users.every(run.workspace.store)
    run.show(*_table(found))
    run.answer({"users": [asdict(user) for user in found]})


@app.command(epilog="Example: forewarn users password dana")
@command
def password(run: Run, name: Name, *, password_stdin: FromStdin = False) -> None:
    """Give somebody another password and end their sessions."""
    from serving.access import users
    from serving.moments import now

    given = _password(from_stdin=password_stdin)
    user = users.set_password(run.workspace.store, name, given, at=now())
    run.show(f"{user.name} has another password; {_ended(user.sessions)}.")
    run.answer(asdict(user))


@app.command(epilog="Example: forewarn users remove dana")
@command
def remove(run: Run, name: Name) -> None:
    """Let somebody sign in no more and end their sessions; what they did stays, without a name."""
    from serving.access import users
    from serving.moments import now

    user = users.remove(run.workspace.store, name, at=now())
    run.show(f"{user.name} was taken out and stays as {user.user_id}; {_ended(user.sessions)}.")
    run.answer(asdict(user))


@app.command(name="end-sessions", epilog="Example: forewarn users end-sessions dana")
@command
def end_sessions(
    run: Run,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Whose.", show_default="everybody's")
    ] = None,
) -> None:
    """Sign somebody out everywhere, at once, or everybody."""
    from serving.access import users

    ended = users.end_sessions(run.workspace.store, name)
    run.show(_ended(ended).capitalize())
    run.answer({"ended": ended})


def _password(*, from_stdin: bool) -> str:
    """A password that was typed twice alike, unseen, or all that standard input holds.

    Raises:
        BadInputError: there is no terminal to ask at, or what was typed differs.
    """
    if from_stdin:
        return sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise BadInputError("no terminal to ask for a password at; expected --password-stdin")
    given = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != given:
        raise BadInputError("the two passwords differ; nothing was changed")
    return given


def _sight(store: Address, user: User) -> str:
    if user.sees == "all":
        return "sees all accounts"
    accounts = _managed(store, user.csm)
    of = f"sees the accounts of {user.csm}"
    return of if accounts is None else f"{of}, {accounts} in the batch that is served"


def _managed(store: Address, csm: str | None) -> int | None:
    """How many accounts of the served batch somebody manages; None without a batch."""
    from serving.database import reading
    from serving.store import Wanted, current_batch, totals

    try:
        engine = reading(store)
        batch = current_batch(engine)
    except MissingError:
        return None
    found = totals(engine, batch.batch_id, Wanted(csm=csm))
    return int(sum(group["accounts"] for group in found.values()))


def _ended(sessions: int) -> str:
    return f"{sessions} session{'' if sessions == 1 else 's'} ended"


def _table(found: list[User]) -> Iterator[RenderableType]:
    names = ("name", "role", "csm", "sees", "signed_in_at", "sessions")
    rows = [
        [str(v if (v := getattr(user, name)) is not None else "") for name in names]
        for user in found
    ]
    yield columns(names, rows)
    if not found:
        yield "Nobody may sign in yet. Next: forewarn users add NAME"
