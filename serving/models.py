"""The commands that make models and choose between them: train, backtest, promote, rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import RefusedError
from serving.console import Run, command

if TYPE_CHECKING:
    from pathlib import Path

    from training.report import TrainingReport

NEXT = "Next: forewarn score"


@command
def train(run: Run) -> None:
    """Learn from the landed data, judge it by the past, register what is usable as challenger."""
    report = trained(run)
    run.show(*told(run, report))
    run.answer(report.to_dict())
    if report.verdict != "usable":
        raise RefusedError(why_not(run, report))


@command
def backtest(run: Run) -> None:
    """Judge by the past what would be learnt from the landed data; nothing is registered."""
    from training.run import examine

    with run.step("backtest") as step:
        report = examine(run.workspace, run.config, say=step.say)
        step.done = f"backtest: {report.sentence}"
    run.show(*told(run, report))
    run.answer(report.to_dict())
    if report.verdict != "usable":
        raise RefusedError(f"{_words(report.verdict)}; `forewarn train` would keep no learnt model")


@command
def promote(run: Run) -> None:
    """Let the challenger take the champion's place if it is better in nine of ten draws."""
    from training.promote import promote as through_the_gate

    with run.step("promote") as step:
        promotion = through_the_gate(run.workspace, run.config, say=step.say)
        step.done = f"promote: {_words(promotion.outcome)}"
    run.show(*promotion.lines())
    run.answer(promotion.to_dict())
    if promotion.outcome not in ("promoted", "nothing_to_do"):
        raise RefusedError(f"{_words(promotion.outcome)}: {promotion.sentence}")
    if promotion.outcome == "promoted":
        run.show(NEXT)


@command
def rollback(run: Run) -> None:
    """Make the previous champion the champion again, at once."""
    from training.promote import rollback as back

    with run.step("rollback") as step:
        champion, replaced = back(run.workspace, run.config)
        step.done = f"rollback: model {champion}"
    run.show(f"model {champion} is the champion again, in place of {replaced}", NEXT)
    run.answer({"champion": champion, "replaced": replaced})


def trained(run: Run) -> TrainingReport:
    """The report of a training, done as one step."""
    from training.run import train as train_model

    with run.step("train") as step:
        report = train_model(run.workspace, run.config, say=step.say)
        step.done = f"train: {report.sentence}"
    return report


def told(run: Run, report: TrainingReport) -> list[str]:
    """The report as lines; the last says where it lies, if there was enough to write one."""
    page = run.workspace.root / "report.html"
    return [*report.lines(), *([] if report.method == "none" else [f"report: {page}"])]


def why_not(run: Run, report: TrainingReport) -> str:
    """What to say when a training did not end with something learnt in use."""
    word = _words(report.verdict)
    if report.model_version is None:
        return f"{word}; no model was kept"
    champion = in_use(run)
    if champion is None:
        return report.promotion
    if report.verdict == "not_enough_data" and champion.name == report.model_version:
        return f"{word} to learn from; the expert rules are used until there is"
    return f"{word}; {report.promotion}"


def in_use(run: Run) -> Path | None:
    """The folder of the champion; None where there is none."""
    from training.track import champion

    return champion(run.workspace, registered_model=run.config.registered_model)


def _words(name: str) -> str:
    return name.replace("_", " ")
