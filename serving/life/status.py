"""What people are told of how the service fares."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import BaseModel

from data.version import forewarn_version
from serving.life.health import Health
from serving.life.life import Life
from serving.moments import now
from serving.records import Batch

STALE_AFTER_DAYS = 8
_OF_A_RUN = ("started_at", "finished_at", "outcome", "step", "detail", "batch_id")


def age(batch: Batch) -> timedelta:
    """How long ago the moment is that a batch speaks of."""
    return now() - datetime.fromisoformat(f"{batch.as_of}T00:00Z")


class StoppedFeed(BaseModel):
    """A table that the model reads and that says nothing; `since` is the day of its newest row."""

    table: str
    state: str
    since: date | None = None


class ServiceStatus(BaseModel):
    """How the service fares; what there is not is left out.

    `stale` is true without a batch, and when the moment that the batch speaks of, `as_of`, is more
    than `stale_after_days` days ago. Members that begin with `run_` tell of the last scoring run;
    without `run_outcome` it has not ended.
    """

    service_version: str
    started_at: datetime
    ready: bool
    stale: bool
    stale_after_days: int = STALE_AFTER_DAYS
    batch_id: str | None = None
    as_of: date | None = None
    age_days: int | None = None
    created_at: datetime | None = None
    account_count: int | None = None
    horizon_days: int | None = None
    data_until: date | None = None
    stopped_feeds: list[StoppedFeed] = []
    model_version: str | None = None
    method: str | None = None
    model_present: bool
    run_id: str | None = None
    run_started_at: datetime | None = None
    run_finished_at: datetime | None = None
    run_outcome: str | None = None
    run_step: str | None = None
    run_detail: str | None = None
    run_batch_id: str | None = None

    @classmethod
    def of(cls, found: Health, life: Life, run: dict[str, Any] | None) -> Self:
        """That of a process, with the last run, if there was one."""
        batch = found.served
        of_run = {f"run_{name}": run[name] for name in _OF_A_RUN} if run else {}
        return cls(
            service_version=forewarn_version(),
            started_at=datetime.fromisoformat(life.started_at),
            ready=found.ready and not life.draining,
            stale=batch is None or age(batch).days > STALE_AFTER_DAYS,
            model_present=found.model == "ok",
            run_id=run["run_id"] if run else None,
            **({} if batch is None else _of_batch(batch)),
            **of_run,
        )


def _of_batch(batch: Batch) -> dict[str, Any]:
    return {
        **batch.model_dump(
            include={"batch_id", "as_of", "horizon_days", "model_version", "method"}
        ),
        "age_days": age(batch).days,
        "created_at": batch.created_at or None,
        "account_count": batch.n,
        "data_until": batch.metadata.get("data_until"),
        "stopped_feeds": batch.metadata.get("dead_feeds", ()),
    }
