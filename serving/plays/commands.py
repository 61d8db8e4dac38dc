"""`forewarn plays`: what is suggested to whom, and beginning and closing it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import BadInputError, unknown
from serving.console import Run, command
from serving.options import Due

if TYPE_CHECKING:
    from collections.abc import Callable

    from serving.plays.board import PlayDesk
    from serving.records import AccountRisk
    from serving.written.once import Answer

app = typer.Typer(
    help="What is suggested to do about accounts, and what came of it.",
    invoke_without_command=True,
    rich_markup_mode="rich",
)

COMMAND_KEY = "command"  # who types here needs no key
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")]


@app.callback(epilog="Example: forewarn plays --csm csm-02")
@command
def plays(  # noqa: PLR0913 - one option for each thing that can be asked
    run: Run,
    context: typer.Context,
    *,
    csm: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only accounts of this manager.")
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Only this account, with the steps.")
    ] = None,
    digest: Annotated[
        bool, typer.Option("--digest", help="Plan the day first, and show whom to tell what.")
    ] = False,
    effect: Annotated[
        bool, typer.Option("--effect", help="Tell whether plays made a difference.")
    ] = False,
    play: Annotated[
        str | None, typer.Option(metavar="PLAY", help="With --effect: only this play.")
    ] = None,
) -> None:
    """List the plays that are suggested and those that run, the most to lose first."""
    from serving import moments
    from serving.plays import show
    from serving.plays.catalogue import playbook

    if context.invoked_subcommand is not None:
        return
    if effect:
        _effect(run, play)
        return
    if play is not None:
        raise BadInputError("--play goes with --effect; add it")
    if digest:
        _planned(run)
        return

    def wanted(row: AccountRisk) -> bool:
        return csm in (None, row.csm) and account in (None, row.account_id)

    book = playbook(run.workspace.root)
    found = _desk(run).board(wanted)
    run.show(*show.board(found, moments.now().date()))
    if account is not None:
        run.show(*show.steps(found, book))
    run.answer(show.rows(found))


def _effect(run: Run, play: str | None) -> None:
    from serving.language import language
    from serving.plays.catalogue import playbook
    from serving.plays.effect import looked
    from serving.plays.effect_show import alike, of_play
    from serving.plays.effect_told import sentences

    with run.step("effect") as step:
        told = looked(run.workspace, run.config, play=play)
        step.done = f"effect: {told['verdict'].replace('_', ' ')}"
    said = sentences(told, language("en"))
    run.show(*of_play(told, playbook(run.workspace.root)), *said, *alike(told))
    run.answer({**told, "sentences": said})


def _planned(run: Run) -> None:
    from serving.plays import show, work

    with run.step("plays") as step:
        day, found = work.planned(run.workspace, run.config)
        step.done = work.told(found) or "plays: nothing new since the last time"
    told = _desk(run).digests(day.today)
    run.show(*show.digests(told), *filter(None, [show.why_not(found)]))
    run.answer(
        {
            "day": str(day.today),
            "batch_id": day.batch.batch_id,
            "suggested": found.suggested,
            "held_out": found.held_out,
            "ended": found.ended,
            "alerts": found.alerts,
            "left_out": [vars(one) for one in found.left_out],
            "digests": [
                {
                    **digest.model_dump(mode="json"),
                    "alerts": [one.model_dump(mode="json") for one in alerts],
                    "suggested": [one.model_dump(mode="json") for one in offers],
                }
                for digest, alerts, offers in told
            ],
        }
    )


@app.command(epilog="Example: forewarn plays start A00042 silence --owner dana")
@command
def start(  # noqa: PLR0913 - one option for each thing that is written down
    run: Run,
    account: AccountId,
    play: Annotated[str, typer.Argument(metavar="PLAY", help="A play's id, or your own words.")],
    *,
    owner: Annotated[str | None, typer.Option(help="Who does it.")] = None,
    due: Due = None,
    by: Annotated[str | None, typer.Option(help="Who begins it.")] = None,
    note: Annotated[
        str | None, typer.Option(help="Anything to remember; why, where it was held out.")
    ] = None,
) -> None:
    """Begin a play on an account; a suggestion of it is taken."""
    from serving.plays.catalogue import playbook
    from serving.written.contents import NewIntervention
    from serving.written.desk import Desk

    book = playbook(run.workspace.root)
    play_id = book.id_of(play)
    said = NewIntervention(
        play=play if play_id is None else book.plays[play_id].name,
        play_id=play_id,
        owner=owner,
        due_at=_midnight(due),
        assigned_by=by,
        note=note,
    )
    desk = Desk(run.workspace.store)
    kept = _handed_in(lambda: desk.intervention(account, said, _attempt(("play", account), said)))
    run.show(
        f"begun: {kept['play']} on {account}", f"Next: forewarn plays close {_id(kept)} OUTCOME"
    )
    run.answer(kept)


@app.command(epilog="Example: forewarn plays close iv_1K0 success")
@command
def close(
    run: Run,
    play: Annotated[str, typer.Argument(metavar="ID", help="The play's id, such as iv_1K0.")],
    outcome: Annotated[
        str,
        typer.Argument(metavar="OUTCOME", help="success, no_change, lost, no_reply or cancelled."),
    ],
) -> None:
    """Close a play that runs, with what came of it."""
    from typing import get_args

    from serving.written.contents import Closing, Outcome
    from serving.written.desk import Desk

    if outcome not in get_args(Outcome):
        raise unknown("outcome", outcome, get_args(Outcome))
    said = Closing.model_validate({"outcome": outcome})
    desk = Desk(run.workspace.store)
    kept = _handed_in(lambda: desk.close(play, said, _attempt(("close", play), said)))
    run.show(f"closed: {kept['play']} on {kept['account_id']}, {outcome.replace('_', ' ')}")
    run.answer(kept)


@app.command(epilog="Example: forewarn plays decline A00042 silence done")
@command
def decline(
    run: Run,
    account: AccountId,
    play: Annotated[str, typer.Argument(metavar="PLAY", help="The suggested play's id.")],
    why: Annotated[
        str,
        typer.Argument(metavar="WHY", help="done, not_so, wrong_time, other_play or no_time."),
    ],
    *,
    by: Annotated[str | None, typer.Option(help="Who declines it.")] = None,
) -> None:
    """Decline a suggestion; it is not made again while it cools down."""
    from serving.plays.board import REFUSALS, Declining

    if why not in REFUSALS:
        raise unknown("reason", why, REFUSALS)
    desk = _desk(run)
    offers = {one.play_id: one for one in desk.waiting(account) if not one.held_out}
    if play not in offers:
        raise unknown(f"suggestion for {account}", play, map(str, offers))
    said = Declining.model_validate({"why": why, "decided_by": by})
    name = offers[play].assignment_id
    kept = _handed_in(lambda: desk.decline(name, said, _attempt(("decline", name), said)))
    run.show(f"declined: {kept['play']} on {account}")
    run.answer(kept)


def _desk(run: Run) -> PlayDesk:
    from serving.plays.board import PlayDesk
    from serving.published import Published

    return PlayDesk(run.workspace, Published(run.workspace.store))


def _attempt(target: tuple[str, ...], said: Any) -> Any:  # noqa: ANN401
    from serving.written.once import Attempt

    return Attempt(key_id=COMMAND_KEY, target=target, content=said, key=None)


def _handed_in(write: Callable[[], Answer]) -> dict[str, Any]:
    """What was written, or one line on why it was not.

    Raises:
        BadInputError: it was declined.
    """
    from serving.written.once import DeclinedError

    try:
        kept: dict[str, Any] = json.loads(write().body)
    except DeclinedError as error:
        raise BadInputError(f"{error.detail}; nothing was written") from None
    return kept


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), UTC)


def _id(kept: dict[str, Any]) -> str:
    return str(kept["intervention_id"])
