"""The command that writes files for a CRM: `forewarn export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from data.errors import BadInputError
from serving.console import Run, command

Form = Literal["salesforce", "hubspot", "csv"]
Crm = Literal["salesforce", "hubspot"]
FormOption = Annotated[Form | None, typer.Option("--format", help="Who is to take the files in.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        metavar="BATCH|DATE|last",
        help="Only what changed since that batch, the newest of that date or before, or the last "
        "export.",
        show_default="all accounts",
    ),
]
MinChange = Annotated[
    float,
    typer.Option(min=0, max=1, help="With --since: from how large a difference a risk moved."),
]
Fields = Annotated[
    Path | None,
    typer.Option(help="A file that names the fields of your CRM.", show_default="ours"),
]
LimitRows = Annotated[int | None, typer.Option(min=1, help="Most records in a file.")]
To = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Where to write.", show_default="in the workspace"),
]
Setup = Annotated[
    Crm | None,
    typer.Option("--setup", help="Write what creates our fields in a CRM, and nothing else."),
]


@command
def export(  # noqa: PLR0913 - one option for each thing that can be said
    run: Run,
    *,
    form: FormOption = None,
    since: SinceOption = None,
    min_change: MinChange = 0.01,
    fields: Fields = None,
    limit_rows: LimitRows = None,
    to: To = None,
    setup: Setup = None,
) -> None:
    """Write the served batch as files for Salesforce, HubSpot or a spreadsheet."""
    if (form is None) == (setup is None):
        got = "neither" if form is None else "both"
        raise BadInputError(f"export: expected --format or --setup; got {got}")
    if setup is not None:
        _set_up(run, setup, fields, to)
        return
    assert form is not None  # noqa: S101 - one of both is given
    from serving.export.exported import export as write

    with run.step("export") as step:
        done = write(
            run.workspace,
            form,
            since=since,
            min_change=min_change,
            fields=fields,
            limit_rows=limit_rows,
            to=to,
        )
        step.done = (
            f"export: {done.manifest['rows']:,} records of batch {done.manifest['batch_id']}"
        )
    run.show(*done.lines())
    run.answer(done.to_dict())


def _set_up(run: Run, crm: Crm, fields: Path | None, to: Path | None) -> None:
    from serving.export.setup import write_setup

    folder = write_setup(run.workspace, crm, fields=fields, to=to)
    run.show(f"{crm}: what creates the fields is in {folder}")
    run.answer({"folder": str(folder), "setup": crm})
