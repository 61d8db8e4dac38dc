"""The commands `forewarn run` and `forewarn runs`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serving.console import Run, command
from serving.options import AsOf, MappingFile, MaxBad, Source

if TYPE_CHECKING:
    from rich.console import RenderableType


class Format(StrEnum):
    """Who may take the files of a run in; Typer cannot repeat a Literal."""

    salesforce = "salesforce"
    hubspot = "hubspot"
    csv = "csv"


@command
def run_all(  # noqa: PLR0913 - one option for each thing that can be said
    run: Run,
    source: Source,
    *,
    mapping: MappingFile = None,
    max_bad: MaxBad = 0.01,
    as_of: AsOf = None,
    export: Annotated[
        list[Format] | None,
        typer.Option(
            metavar="FORMAT", help="salesforce, hubspot or csv: write its files, too; repeatable."
        ),
    ] = None,
    only_changes: Annotated[
        bool, typer.Option("--only-changes", help="Export what changed since the export before.")
    ] = False,
) -> None:
    """From a source to the ten riskiest accounts: land, audit, train if need be, score, notify.

    Made for a scheduler: one run at a time, and after a failure the last good batch is served on.
    Running again takes up what was broken off, and publishes nothing that is published already.
    """
    from serving.runs.lock import alone
    from serving.runs.log import logged
    from serving.runs.steps import STEPS, Job

    job = Job(
        run, source, mapping, max_bad, as_of, [form.value for form in export or ()], only_changes
    )
    with alone(run.workspace), logged(run.workspace, source) as entry:
        for name, step in STEPS:
            entry.at(name)
            step(job)
            entry.batch_id = job.batch.batch_id if job.batch else None
        entry.done("published" if job.new else "nothing new")
    run.answer({"run_id": entry.run_id, **job.told})


@command
def runs(
    run: Run,
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many.")] = 10,
) -> None:
    """Show the last runs: when, how they ended and where, and what was published."""
    from serving.runs.log import last_runs

    found = last_runs(run.workspace, limit=limit)
    run.show(_table(found))
    run.answer({"runs": found})


def _table(found: list[dict[str, Any]]) -> RenderableType:
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    if not found:
        return "No run yet. Next: forewarn run SOURCE"
    table = Table("started (UTC)", "outcome", "step", "batch", "what came of it", box=SIMPLE)
    table.columns[0].no_wrap = True
    for row in found:
        started = row["started_at"][:16].replace("T", " ")
        code = f" ({row['exit_code']})" if row["exit_code"] else ""
        outcome = f"{row['outcome'] or 'under way'}{code}"
        cells = (started, outcome, row["step"], row["batch_id"] or "", row["detail"] or "")
        table.add_row(*map(Text, cells))
    return table
