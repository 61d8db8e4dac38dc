"""What `forewarn run` does: STEPS, from top to bottom.

Each step may be repeated, and then ends where it ended before. So a run that was killed is taken up
by running again: what it left whole is found there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.errors import RefusedError
from serving import models
from serving.console import Run
from serving.runs.work import landed, scored, shown

if TYPE_CHECKING:
    from serving.export.fields import Target
    from serving.records import Batch


@dataclass
class Job:
    """A run as it was asked for, and what it has come to.

    `told` is what each step has to tell, by its name. `batch` is there once there is one; `new` is
    whether this run published it.
    """

    run: Run
    source: str
    mapping: Path | None
    max_bad: float
    as_of: date | None
    exports: Sequence[Target] = ()
    only_changes: bool = False
    told: dict[str, Any] = field(default_factory=dict)
    batch: Batch | None = None
    new: bool = False


def _land(job: Job) -> None:
    """The tables of the source take the place of those in the lake."""
    report = landed(job.run, job.source, job.mapping, job.max_bad)
    job.told["land"] = report.to_dict()


def _audit(job: Job) -> None:
    """The data must not tell another past, for those who left, than the model learnt from."""
    from training.audited import audit_past

    with job.run.step("audit") as step:
        report = audit_past(job.run.workspace, job.run.config, say=step.say)
        changed = len(report.findings)
        step.done = f"audit: {changed} tables were rewritten for the past" if changed else ""
    if report.findings:
        job.told["audit"] = report.to_dict()
    report.refuse_leaks()


def _train(job: Job) -> None:
    """Where no model is in use yet, one is trained, and must be of use."""
    run = job.run
    if models.in_use(run) is not None:
        return
    report = models.trained(run)
    job.told["train"] = report.to_dict()
    if models.in_use(run) is None:
        run.show(*models.told(run, report))
        run.answer(job.told)
        raise RefusedError(models.why_not(run, report))


def _score(job: Job) -> None:
    """Risks and reasons are published in one transaction, with what webhooks have to tell."""
    job.batch, job.new = scored(job.run, job.as_of)
    job.told["score"] = shown(job.run, job.batch) | {"new": job.new}


def _plan(job: Job) -> None:
    """Plays are suggested, and managers alerted, by what is served now."""
    from serving.plays import work

    with job.run.step("plays") as step:
        _, found = work.planned(job.run.workspace, job.run.config)
        step.done = work.told(found)
    job.told["plays"] = {
        name: getattr(found, name) for name in ("suggested", "held_out", "alerts", "digests")
    }


def _judge(job: Job) -> None:
    """What became of those who were given a play is looked at, once that can be known."""
    from serving.plays import effect

    if effect.may_tell(job.run.workspace, job.run.config):
        with job.run.step("effect") as step:
            told = effect.looked(job.run.workspace, job.run.config)
            step.done = f"effect: {told['verdict'].replace('_', ' ')}"


def _export(job: Job) -> None:
    """Files for other systems are written, in the formats that were asked for."""
    from serving.export.exported import LAST, export

    since = LAST if job.only_changes else None
    for target in job.exports:
        with job.run.step("export") as step:
            done = export(job.run.workspace, target, since=since)
            step.done = f"export: {done.manifest['rows']:,} records for {target} in {done.folder}"
        job.told.setdefault("export", []).append(done.to_dict())


def _notify(job: Job) -> None:
    """Messages that are due are delivered; what fails is tried again by whoever comes next."""
    from serving.webhooks.courier import deliver

    with job.run.step("notify") as step:
        said: list[str] = []
        deliver(job.run.workspace, said.append)
        step.done = "".join(said)


STEPS: tuple[tuple[str, Callable[[Job], None]], ...] = (
    ("land", _land),
    ("audit", _audit),
    ("train", _train),
    ("score", _score),
    ("export", _export),
    ("notify", _notify),
    # Last: others need neither, and a mistake in the firm's file of plays is to keep nothing back.
    ("plays", _plan),
    ("effect", _judge),
)
