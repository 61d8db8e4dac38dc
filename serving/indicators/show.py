"""How a scorecard looks in a terminal: what is worse than expected first, then every figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from features.indicators.catalog import BY_ID, INDICATORS
from features.indicators.indicator import Figure
from features.indicators.scorecard import Alert, Level
from serving.indicators.spoken import amount, basis, expected, shown
from serving.language import language
from training.movers import FEWEST_CHURNED, Moved, Mover

STRONGEST = 5
MOST_ACCOUNTS = 20
_ENGLISH = language("en")


def alarmed(alerts: Sequence[tuple[str, Alert]]) -> Iterator[RenderableType]:
    """The alerts, each with the group it is of, what is to be done and by whom."""
    if not alerts:
        yield Text(_say("none_worse"), "green")
        return
    table = _table(_say("worse"), "", "value", "expected", "owner", "action")
    for group, alert in alerts:
        of = f"[dim]{escape(group)}[/dim] " if group else ""
        table.add_row(
            of + escape(_name(alert.figure.indicator)),
            f"[bold red]{escape(shown(alert.figure, _ENGLISH))}[/bold red]",
            expected(alert.figure.indicator, alert.level, _ENGLISH),
            escape(alert.level.owner),
            escape(alert.level.action),
        )
    yield table


def figures(title: str, found: Sequence[Figure], levels: Mapping[str, Level]) -> RenderableType:
    """Every figure with what it was made of; those without a value say why, at the end."""
    table = _table(title, "", "value", "expected", "made of", "n", "stretch")
    for figure in sorted(found, key=lambda one: one.value is None):
        level = levels.get(figure.indicator)
        partial = " [yellow]partial[/yellow]" if figure.partial else ""
        table.add_row(
            escape(_name(figure.indicator)),
            f"{_styled(figure)}{partial}",
            "" if level is None else _level(figure.indicator, level),
            basis(figure, _ENGLISH),
            _ENGLISH.number(figure.n) if figure.n else "",
            f"[dim]{_days(figure)}[/dim]",
        )
    return table


def side_by_side(groups: Mapping[str, Sequence[Figure]]) -> RenderableType:
    """The value of each indicator in each segment, the portfolio first."""
    table = _table("", "", *(name or "all" for name in groups))
    for place, indicator in enumerate(INDICATORS):
        cells = [_styled(some[place]) for some in groups.values()]
        table.add_row(escape(_name(indicator.id)), *cells)
    return table


def accounts(alerts: Mapping[str, Sequence[Alert]]) -> Iterator[RenderableType]:
    """The accounts with the most figures that are worse than expected, and which these are."""
    worst = sorted(alerts, key=lambda name: (-len(alerts[name]), name))[:MOST_ACCOUNTS]
    table = _table(f"The {len(worst)} of {len(alerts):,} accounts with most alerts", "", "", "")
    for name in worst:
        told = ", ".join(
            f"{_name(alert.figure.indicator)} {shown(alert.figure, _ENGLISH)}"
            for alert in alerts[name]
        )
        table.add_row(escape(name), f"{len(alerts[name])}", escape(told))
    yield table
    yield Text("One of them in full: forewarn scorecard --account ID", "dim")


def moved(found: Moved) -> Iterator[RenderableType]:
    """The indicators that go with staying most, and how surely."""
    title = (
        f"What goes with staying, over {found.snapshots} monthly snapshots and "
        f"{found.horizon_days} days after each"
    )
    headers = ("", "best third stayed", "worst third", "difference", "AUC", "left")
    table = _table(title, *headers)
    sure = [one for one in found.movers if one.verdict == "associated"]
    for one in sure[:STRONGEST]:
        table.add_row(escape(_name(one.indicator)), *_cells(one))
    yield table if sure else Text("No indicator is told apart from chance.", "yellow")
    few = [_name(one.indicator) for one in found.movers if one.verdict == "not_enough_data"]
    rest = [_name(one.indicator) for one in found.movers if one.verdict == "not_told_apart"]
    note = (
        "Association, not cause: these accounts differ in more than one thing. Intervals are 95 %, "
        f"from drawn accounts; of {len(found.movers)} indicators one may stand out by chance."
    )
    yield Text(note, "dim")
    if rest:
        yield Text(f"Not told apart from chance: {', '.join(rest)}.", "dim")
    if few:
        enough = f"(fewer than {FEWEST_CHURNED} accounts left, or values are all alike)"
        yield Text(f"Not enough data {enough}: {', '.join(few)}.", "dim")


def _cells(one: Mover) -> Iterator[str]:
    for share in (one.best, one.worst):
        yield "" if share is None else f"{100 * share:.1f}%"
    gap, auc = one.difference, one.auc
    yield (
        ""
        if gap is None
        else (f"{100 * gap.value:+.1f} ({100 * gap.low:+.1f} to {100 * gap.high:+.1f})")
    )
    yield "" if auc is None else f"{auc.value:.2f} ({auc.low:.2f} to {auc.high:.2f})"
    yield f"{one.churned}"


def _level(indicator: str, level: Level) -> str:
    sign = "≤" if BY_ID[indicator].better == "less" else "≥"
    return f"{sign} {amount(indicator, level.expect, _ENGLISH)}"


def _days(figure: Figure) -> str:
    """How long the stretch is, and its end where that is not the moment itself."""
    start, end = date.fromisoformat(figure.start), date.fromisoformat(figure.end)
    return f"{(end - start).days} d to {end:%m-%d}"


def _styled(figure: Figure) -> str:
    told = escape(shown(figure, _ENGLISH))
    return told if figure.value is not None else f"[dim]{told}[/dim]"


def _name(indicator: str) -> str:
    return _ENGLISH.say(f"indicator_names.{indicator}")


def _say(key: str) -> str:
    return _ENGLISH.say(f"figures.{key}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for place, column in enumerate(columns):
        right = column in {"value", "n"}
        fixed = not place or column in {"made of", "stretch"}
        table.add_column(column, justify="right" if right else "left", no_wrap=fixed)
    return table
