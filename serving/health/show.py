"""How health scores and a look at their past look in a terminal, 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rich.box import SIMPLE
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from features.catalog import BY_NAME
from features.health.recipe import BANDS, Band
from features.health.score import Health, Input, Part
from features.health.together import Together
from serving.health.snapshot import Snapshot
from training.health.told import Check, Figure, HealthBacktest, Suggestion

_COLOURS: dict[Band, str] = {"good": "green", "fair": "yellow", "poor": "bold red"}
_CHECKS = {
    "poor_leaves": "the poor band leaves at least {wanted:.0f} times as often as all: {value:.1f}",
    "seen_early": "of those that left, below good 60 to 90 days before, at least {wanted:.0%}: "
    "{value:.0%}",
    "not_all_good": "at most {wanted:.0%} are good: {value:.0%}",
}


def accounts(found: Snapshot, *, limit: int) -> Iterator[RenderableType]:
    """The accounts in the worst health, with the score of each ingredient."""
    names = list(found.recipe.ingredients)
    table = _table("account", "health", "band", "before", "known", *names)
    for account_id, health in list(found.accounts.items())[:limit]:
        table.add_row(
            Text(account_id),
            _number(health.score),
            _band(health),
            Text(health.was or "", "dim"),
            f"{health.coverage:.0%}",
            *(_whole(part.score) for part in health.ingredients),
        )
    counts = [health.band for health in found.accounts.values()]
    told = ", ".join(f"{counts.count(band)} {band}" for band in reversed(BANDS))
    yield table
    yield _together(found.together)
    yield f"{len(counts):,} accounts on {found.as_of}: {told}, {counts.count(None)} without a score"
    yield "Next: forewarn health ACCOUNT"


def account(account_id: str, health: Health, as_of: date) -> Iterator[RenderableType]:
    """The trace of one account: every point back to its value."""
    head = Text(f"\n{account_id}: ", "bold")
    if health.score is None:
        head.append(f"insufficient data on {as_of}, {health.coverage:.0%} of the weights known")
        head.append(
            f" (a score needs {health.floor.coverage:.0%} and {health.floor.ingredients} "
            "ingredients)"
        )
    else:
        head.append(f"health {health.score:.1f} of 100, ")
        head.append_text(_band(health))
        head.append(f", was {health.was}" if health.was else "")
        head.append(f", on {as_of}; {health.coverage:.0%} of the weights known")
    yield head
    table = _table("ingredient", "value", "worst", "best", "score", "share", "points")
    for part in health.ingredients:
        _trace(table, part)
    yield table
    bands = health.bands
    yield f"good from {bands.good:g}, fair from {bands.fair:g}; points add up to the score"


def backtest(found: HealthBacktest) -> Iterator[RenderableType]:
    """Whether the score would have foretold who left."""
    if found.verdict != "told":
        return
    yield (
        f"{found.rows:,} rows of {found.snapshots} months, {found.first} to {found.last}; "
        f"{found.churned} accounts left within {found.window_days} days, {found.base_rate:.1%} of "
        "the rows"
    )
    ranks = _table("ingredient", "weight", "known", "ROC-AUC", "95 %", "where known")
    if found.score is not None:
        ranks.add_row(Text("health score", "bold"), "", f"{found.scored:.0%}", *_auc(found.score))
    for one in found.ingredients:
        known = "" if one.roc_auc_known is None else f"{one.roc_auc_known:.3f}"
        ranks.add_row(one.name, f"{one.weight:g}", f"{one.known:.0%}", *_auc(one.roc_auc), known)
    yield ranks
    yield "0.5 is chance; where an ingredient is unknown it says nothing\n"
    parts = _table("band", "rows", "share", "left", "rate", "times all", "95 %")
    for band in found.bands:
        parts.add_row(
            Text(band.band, _COLOURS[band.band]),
            f"{band.rows:,}",
            f"{band.share:.0%}",
            f"{band.churned}",
            "" if band.rate.value is None else f"{band.rate.value:.1%}",
            "" if band.times.value is None else f"{band.times.value:.1f}",
            _range(band.times, ".1f"),
        )
    yield parts
    yield from map(_checked, found.checks)
    yield from _suggested(found.suggestion)


def _trace(table: Table, part: Part) -> None:
    name = Text(part.name, "bold")
    table.add_row(
        name,
        "",
        "",
        "",
        _whole(part.score),
        f"{part.share:.0%}",
        Text(f"{part.points:.1f}", "bold"),
    )
    for one in part.inputs:
        table.add_row(
            f"  {one.feature}",
            _value(one),
            f"{one.worst:g}",
            f"{one.best:g}",
            _whole(one.score),
            f"{one.share:.0%}" if one.score is not None else "",
            f"{one.points:.1f}" if one.score is not None else "",
        )
    table.add_row("")


def _value(one: Input) -> Text:
    if one.value is None:
        return Text("expired" if one.expired else "unknown", "dim")
    unit = BY_NAME[one.feature].unit if one.feature in BY_NAME else ""
    said = f"{one.value:.3g} {unit}"
    if one.age is not None:
        said += f", {one.age:.0f} days old"
    return Text(f"{said}, expired" if one.expired else said, "dim" if one.expired else "")


def _checked(check: Check) -> Text:
    if check.value is None:
        return Text(f"?  {check.name.replace('_', ' ')}: nothing to judge by", "dim")
    said = _CHECKS[check.name].format(wanted=check.wanted, value=check.value)
    return Text(f"{'yes' if check.passed else 'no '} {said}", "green" if check.passed else "yellow")


def _suggested(found: Suggestion | None) -> Iterator[RenderableType]:
    if found is None:
        yield "\nno weights are suggested: too few accounts left, or no ingredient tells who leaves"
        return
    yield "\nweights that the past would have chosen; nothing was changed:\n"
    yield found.yml()
    if found.roc_auc is not None and found.roc_auc_now is not None:
        yield (
            f"\nlearnt on earlier months, such weights ranked later ones with ROC-AUC "
            f"{_short(found.roc_auc)}; the present ones {_short(found.roc_auc_now)} "
            f"({found.better:.0%} sure that the suggested are better)"
        )


def _auc(figure: Figure) -> tuple[str, str]:
    return "" if figure.value is None else f"{figure.value:.3f}", _range(figure, ".2f")


def _short(figure: Figure) -> str:
    return "unknown" if figure.value is None else f"{figure.value:.3f}"


def _range(figure: Figure, shape: str) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return f"{figure.low:{shape}} to {figure.high:{shape}}"


def _band(health: Health) -> Text:
    return (
        Text("no score", "dim") if health.band is None else Text(health.band, _COLOURS[health.band])
    )


def _together(all_of_them: Together) -> str:
    if all_of_them.mean is None:
        return "health of all: no account has a score"
    by_arr = "unknown" if all_of_them.mean_by_arr is None else f"{all_of_them.mean_by_arr:.1f}"
    return (
        f"health of all: {all_of_them.mean:.1f} on average, {by_arr} weighted by revenue; in "
        f"neither are {all_of_them.without_score:,} accounts without a score, which pay "
        f"{all_of_them.arr_without_score:,.0f} a year"
    )


def _number(score: float | None) -> str:
    return "" if score is None else f"{score:.1f}"


def _whole(score: float | None) -> str:
    return "" if score is None else f"{score:.0f}"


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    for place, name in enumerate(columns):
        words = place == 0 or name in ("band", "before", "value")
        table.add_column(name, justify="left" if words else "right", no_wrap=place == 0)
    return table
