"""The two steps that have commands of their own as well: `forewarn land` and `forewarn score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from serving.console import Run

if TYPE_CHECKING:
    from datetime import date

    from data.report import LandReport
    from serving.records import Batch

RISKIEST = 10


def landed(run: Run, source: str, mapping: Path | None, max_bad: float) -> LandReport:
    """A source landed, as one step."""
    from data.land import land

    with run.step("land") as step:
        report = land(source, run.workspace, mapping=mapping, max_bad=max_bad, say=step.say)
        rows = sum(table.kept for table in report.tables)
        step.done = (
            f"land: {len(report.tables)} tables, {rows:,} rows until {report.data_until:%Y-%m-%d}"
        )
    return report


def scored(run: Run, as_of: date | None) -> tuple[Batch, bool]:
    """The batch of a moment, by default the last day of the data, as one step; whether it is new.

    Where it was published before, nothing is published.
    """
    from serving.score import score

    with run.step("score") as step:
        day = as_of or run.workspace.last_day
        batch = score(run.workspace, run.config, as_of=day, say=step.say)
        new = not batch.created_at  # the store says when a batch that it held was made
        step.done = (
            f"score: {batch.n:,} accounts in batch {batch.batch_id}"
            if new
            else f"score: nothing new; batch {batch.batch_id} was published before"
        )
    return batch, new


def shown(run: Run, batch: Batch) -> dict[str, Any]:
    """Show the riskiest accounts of a batch and what to type next; the same as plain values."""
    from serving import show, store
    from serving.database import reading
    from serving.words.lesson import waiting

    engine = reading(run.workspace.store)
    riskiest = store.ranked(engine, batch.batch_id, by="risk", limit=RISKIEST)
    totals = store.totals(engine, batch.batch_id)
    run.show(*show.ranking(batch, riskiest), *show.totals(totals))
    run.show(*show.next_steps(riskiest[0], waiting(run.workspace)))
    rows = [row.model_dump(mode="json") for row in riskiest]
    return {**batch.model_dump(mode="json"), "totals": totals, "riskiest": rows}
