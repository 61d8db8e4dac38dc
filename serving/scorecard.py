"""`forewarn scorecard`: the figures of a moment, and which of them go with staying."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data.errors import MissingError
from serving.console import Run, command
from serving.options import AsOf

if TYPE_CHECKING:
    import pandas as pd

    from features.indicators.fold import Card
    from features.indicators.scorecard import Alert, Scorecard


class By(StrEnum):
    """What figures are of."""

    PORTFOLIO = "portfolio"
    SEGMENT = "segment"
    ACCOUNT = "account"


@command
def scorecard(
    run: Run,
    *,
    as_of: AsOf = None,
    by: Annotated[By, typer.Option(help="Whose figures.")] = By.PORTFOLIO,
    account: Annotated[
        str | None, typer.Option(metavar="ID", help="Every figure of this account.")
    ] = None,
    drivers: Annotated[
        bool,
        typer.Option("--drivers", help="Which indicators go with staying, over the past; slow."),
    ] = False,
) -> None:
    """Show the indicators of a moment, those that are worse than expected first.

    Each figure says what it was made of, over which days; docs/indicators.md defines them. Levels,
    owners and actions are those of `scorecard` in mlflow.yml, else of features/scorecard.yml.
    """
    from features.indicators.scorecard import load_scorecard

    levels = load_scorecard(run.config.scorecard)
    if drivers:
        _drivers(run, levels)
        return
    moment = as_of or run.workspace.last_day
    with run.step("scorecard") as step:
        card, segments = _card(run, levels, moment)
        step.done = f"scorecard: {len(card.accounts):,} customers at {moment}"
    if account is not None:
        _of_account(run, levels, card, segments, account, moment)
    elif by is By.ACCOUNT:
        _of_accounts(run, levels, card, segments, moment)
    else:
        _of_groups(run, levels, card, moment, segments=by is By.SEGMENT)


def _card(run: Run, levels: Scorecard, as_of: date) -> tuple[Card, dict[str, str | None]]:
    """The figures of a moment, and the segment of each account."""
    import pandas as pd

    from data.churn import churn_rule
    from features.indicators.fold import card
    from features.indicators.measure import measured

    moment, config = pd.Timestamp(as_of), run.config
    found = measured(
        run.workspace,
        [moment],
        rule=config.spec(churn_rule(run.workspace.manifest()["churn"])).rule,
        settings=levels.settings,
        risks=_risks(run, as_of),
    )
    known = zip(found.accounts["account_id"], found.accounts["segment"], strict=True)
    segments = {str(name): None if pd.isna(segment) else str(segment) for name, segment in known}
    return card(found, moment), segments


def _risks(run: Run, as_of: date) -> pd.DataFrame | None:
    """The revenue and bands of the batch of that day; None where there is none."""
    import pandas as pd

    from serving import portfolio
    from serving.database import reading
    from serving.store import batch_at

    try:
        engine = reading(run.workspace.store)
        batch = batch_at(engine, as_of)
    except MissingError:
        return None
    if batch is None or batch.as_of != as_of:
        return None
    rows = portfolio.every(engine, batch.batch_id)
    return pd.DataFrame(
        {
            "account_id": [row.account_id for row in rows],
            "as_of": pd.Timestamp(as_of),
            "arr": pd.Series([row.arr for row in rows], dtype="float64"),
            "band": pd.Series([row.band for row in rows], dtype="object"),
        }
    )


def _of_groups(run: Run, levels: Scorecard, card: Card, as_of: date, *, segments: bool) -> None:
    from features.indicators.scorecard import alerts
    from serving.indicators import show

    groups = {"": card.portfolio, **(card.segments if segments else {})}
    fewest = levels.settings.fewest
    found = {
        name: alerts(figures, levels.of(name or None), fewest=fewest)
        for name, figures in groups.items()
    }
    raised = [(name, alert) for name, some in found.items() for alert in some]
    run.show(*show.alarmed(raised), "")
    if segments:
        run.show(show.side_by_side(groups))
    else:
        run.show(show.figures(f"All accounts at {as_of}", card.portfolio, levels.of()))
    told = {name: _plain(groups[name], found[name]) for name in groups}
    everything = {"as_of": f"{as_of}", "portfolio": told.pop("")}
    run.answer({**everything, "segments": told} if segments else everything)


def _of_accounts(
    run: Run, levels: Scorecard, card: Card, segments: dict[str, str | None], as_of: date
) -> None:
    from features.indicators.scorecard import alerts
    from serving.indicators import show

    found = {
        name: alerts(figures, levels.of(segments[name]), fewest=levels.settings.fewest)
        for name, figures in card.accounts.items()
    }
    run.show(*show.accounts(found))
    told = {name: _plain(figures, found[name]) for name, figures in card.accounts.items()}
    run.answer({"as_of": f"{as_of}", "accounts": told})


def _of_account(
    run: Run,
    levels: Scorecard,
    card: Card,
    segments: dict[str, str | None],
    account: str,
    as_of: date,
) -> None:
    from features.indicators.scorecard import alerts
    from serving.indicators import show

    if account not in card.accounts:
        raise MissingError(
            f"account {account!r} was no customer at {as_of}; expected the id of one that was"
        )
    figures, own = card.accounts[account], levels.of(segments[account])
    found = alerts(figures, own, fewest=levels.settings.fewest)
    run.show(*show.alarmed([("", alert) for alert in found]), "")
    run.show(show.figures(f"{account} at {as_of}", figures, own))
    told = {"account_id": account, "segment": segments[account], **_plain(figures, found)}
    run.answer({"as_of": f"{as_of}", **told})


def _drivers(run: Run, levels: Scorecard) -> None:
    from serving.indicators import show
    from training.movers import movers

    with run.step("drivers") as step:
        found = movers(run.workspace, run.config, settings=levels.settings, say=step.say)
        step.done = f"drivers: {len(found.movers)} indicators over {found.snapshots} snapshots"
    run.show(*show.moved(found))
    run.answer(
        {
            "snapshots": found.snapshots,
            "horizon_days": found.horizon_days,
            "claim": "association",
            "drivers": [one.to_dict() for one in found.movers],
        }
    )


def _plain(figures: Any, alerts: list[Alert]) -> dict[str, Any]:  # noqa: ANN401
    return {
        "alerts": [
            {
                "indicator": alert.figure.indicator,
                "value": alert.figure.value,
                "expected": alert.level.expect,
                "owner": alert.level.owner,
                "action": alert.level.action,
            }
            for alert in alerts
        ],
        "figures": [figure.to_dict() for figure in figures],
    }
