"""The command `forewarn erase`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data.errors import BadInputError
from serving.console import Run, command

if TYPE_CHECKING:
    from data.suppress import Kind

BEYOND = (
    "Out of reach: the source itself, backups, files that were exported to elsewhere, and what "
    "others were sent. A service that runs forgets with its next batch or restart."
)


@command
def erase(
    run: Run,
    account: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT", help="The account's id.")
    ] = None,
    *,
    contact: Annotated[
        str | None,
        typer.Option(metavar="CONTACT_ID", help="A person instead, by the contact's id."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be erased.")
    ] = False,
    unseen: Annotated[
        bool, typer.Option("--unseen", help="Keep it out of later loads though nothing is here.")
    ] = False,
) -> None:
    """Erase an account or a person from everything here, and keep them out of later loads."""
    from serving.erase.erasure import erase as erased

    if (account is None) == (contact is None):
        raise BadInputError("erase: expected an ACCOUNT or --contact CONTACT_ID, one of the two")
    with run.step("erase") as step:
        kind: Kind = "contact" if account is None else "account"
        name = account or contact or ""
        done = erased(run.workspace, kind, name, dry=dry_run, unseen=unseen, say=step.say)
        step.done = f"erase: {_said(kind, len(done.places()), dry=dry_run)}"
    for place, counts in done.places().items():
        told = ", ".join(f"{what} {count:,}" for what, count in counts.items())
        run.show(f"{place}: {told}")
    if not dry_run:
        run.show(BEYOND)
    run.answer(done.to_dict())


def _said(kind: Kind, places: int, *, dry: bool) -> str:
    if not places:
        return f"nothing is left of that {kind}"
    return f"{kind} {'would be' if dry else ''} erased from {places} places".replace("  ", " ")
