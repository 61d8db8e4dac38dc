"""The commands `forewarn digest` and `forewarn words learn`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from data.errors import RefusedError
from serving.console import Run, command
from serving.options import BatchOf

app = typer.Typer(
    help="Let your people's corrections teach how the customers' words are sorted.",
    epilog="Example: forewarn words learn",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


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


@app.callback()
def words() -> None:
    """Let your people's corrections teach how the customers' words are sorted."""


@app.command(epilog="Example: forewarn words learn")
@command
def learn(run: Run) -> None:
    """Learn from all corrections, from 200 on, and use it where that is better than without.

    What it taught is held to accounts that it had not learnt from, and counts from the next batch.
    """
    from serving.words.lesson import teach

    with run.step("words learn") as step:
        learnt = teach(run.workspace, step.say)
        step.done = "" if learnt.figures.why_not else f"words: {learnt.sentence}"
    run.answer(learnt.to_dict())
    if learnt.figures.why_not:
        raise RefusedError(learnt.sentence)
