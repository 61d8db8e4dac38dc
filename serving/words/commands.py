"""The command `forewarn digest`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from serving.console import Run, command
from serving.options import BatchOf


@command
def digest(
    run: Run,
    *,
    week: BatchOf = None,
    csm: Annotated[str | None, typer.Option(help="Only the accounts of this manager.")] = None,
) -> None:
    """Tell what customers said in the week up to a batch, as Markdown, the most urgent first."""
    from serving.published import Published
    from serving.words import digest as told
    from serving.words.corrections import Corrections

    published = Published(run.workspace.store)
    batch = told.batch_of(published, week)
    found = told.heard(published, Corrections(run.workspace.store), batch, csm=csm)
    run.show(*(Text(line) for line in told.lines(batch, found)))
    run.answer({"batch_id": batch.batch_id, "as_of": batch.as_of, "accounts": told.rows(found)})
