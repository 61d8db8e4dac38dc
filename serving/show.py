"""How a batch and an account look in a terminal, 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from features.audit.findings import CHECKS, AuditReport
from features.catalog import DIRECTIONS
from features.feature import Family
from serving.records import AccountRisk, Band, Batch, Change, Driver, Lever, Measure, Twin
from serving.words import BAND_NOTE, UNSCORED, likely, money, percent, stopped, unlearnt
from training.periods import INVOLUNTARY

REASONS = 3
EVIDENCE = 3
_COLOURS: dict[Band, str] = {"high": "bold red", "elevated": "yellow", "low": "green"}


def ranking(batch: Batch, rows: Sequence[AccountRisk]) -> Iterator[RenderableType]:
    """The riskiest accounts, each with its strongest reasons and the points that they add."""
    yield Text(f"\nThe {len(rows)} riskiest of {batch.n:,} accounts on {batch.as_of}", "bold")
    yield Text(_provenance(batch), "dim")
    yield from _warnings(batch)
    yield Text("")
    yield _listed("", "account", "risk", "likely", "band", "ARR at risk", "renewal", style="dim")
    for place, row in enumerate(rows, start=1):
        yield _listed(
            f"{place}",
            f"[bold]{_title(row)}[/bold]",
            f"[bold]{_risk(row)}[/bold]",
            _likely(row),
            _band(row),
            f"{money(row.arr_at_risk)} [dim]of {money(row.arr)}[/dim]",
            _day(row.renewal_at),
        )
        yield _reasons(row)
    yield Text(BAND_NOTE, "dim")


def totals(groups: Mapping[str, Mapping[str, float]]) -> Iterator[RenderableType]:
    """How many accounts are in each band or unscored, and the revenue at stake."""
    counts = {name: int(group["accounts"]) for name, group in groups.items()}
    bands = [f"{counts.get(band, 0)} {band}" for band in _COLOURS]
    others = [f"{counts[name]} {word}" for name, word in UNSCORED.items() if name in counts]
    yield Text(", ".join([*bands, *others]))
    arr, at_risk = (
        sum(group[name] for group in groups.values()) for name in ("arr", "arr_at_risk")
    )
    if arr:
        yield Text(f"ARR at risk (risk x ARR, summed): {money(at_risk)} of {money(arr)} a year")


def account(batch: Batch, row: AccountRisk) -> Iterator[RenderableType]:
    """Everything that is known about the risk of one account."""
    yield Text.from_markup(f"\n[bold]{_title(row)}[/bold]   {_band(row)}")
    yield Text(row.summary)
    yield from _estimate(row)
    yield Text("; ".join(_about(row)) + "\n", "dim")
    if row.explanation is not None:
        why = row.explanation
        yield _columns("points", "driver", "now", "usually", "healthy accounts", style="dim")
        yield _columns(f"{why.base_shown}", "where every account starts", "", "", "")
        for driver in why.drivers:
            yield from _driver(driver)
        yield _columns(
            f"[bold]{why.risk_shown}[/bold]", "[bold]risk, in percent[/bold]\n", "", "", ""
        )
        yield from _told("What would make a difference to the estimate", why.levers)
        yield from _told("Past accounts like it", why.twins)
        if why.change is not None:
            yield from _changed(why.change)
    yield Text(f"as of {batch.as_of}; {_provenance(batch)}", "dim")
    yield from _warnings(batch)
    yield Text(f"coverage: {row.coverage:.0%} of the inputs are known for this account", "dim")
    if _likely(row):
        yield Text(BAND_NOTE, "dim")
    yield Text("Points are the model's estimate, not a promise that a change will help.", "dim")


def next_steps(row: AccountRisk) -> Iterator[RenderableType]:
    """What to type after scoring."""
    yield Text(f"\nWhy one of them:  forewarn explain {row.account_id}")
    yield Text("In the browser:   forewarn serve")


def audit(report: AuditReport) -> Iterator[RenderableType]:
    """Each check with what came of it, then every finding in a sentence."""
    tried = f"{report.accounts:,} accounts on {' and '.join(report.snapshots)}"
    yield Text(f"\nChecked on {tried}\n", "dim")
    table = Table.grid(padding=(0, 2))
    for check, outcome in report.to_dict()["checks"].items():
        word, colon, reason = outcome.partition(": ")
        found = len(report.found_by(check))
        told = f"{found} {word}" if found else f"{word}{colon}{reason}"
        table.add_row(check, Text(told, _OUTCOMES.get(word, "dim")), CHECKS[check])
    yield table
    for finding in report.findings:
        yield Text(
            f"\n{_SEVERITIES[finding.severity]}: {finding.subject}", _OUTCOMES[finding.severity]
        )
        yield Padding(Text(f"{finding.sentence}."), (0, 0, 0, 2))


def catalog(families: Sequence[Family]) -> Iterator[RenderableType]:
    """Every feature by family: its name, what it is, its unit, which way it points, its sources."""
    for family in families:
        yield Text(f"\n{family.label} ({family.name})", "bold")
        table = Table.grid(padding=(0, 1))
        table.add_column(min_width=30)
        table.add_column(ratio=1)
        for feature in family.features:
            unit = feature.unit or feature.kind
            notes = [note for note in (unit, DIRECTIONS[feature.direction]) if note]
            sources = f"from {', '.join(feature.sources)}"
            known = f"({'; '.join([*notes, sources])})"
            table.add_row(feature.name, Text.assemble(f"{feature.definition} ", (known, "dim")))
        yield table


_OUTCOMES = {"ok": "green", "soft": "yellow", "hard": "bold red"}
_SEVERITIES = {"hard": "Leak, training is refused", "soft": "Worth a look"}


def _provenance(batch: Batch) -> str:
    """Where the figures come from."""
    return (
        f"data until {batch.metadata['data_until']}; model {batch.model_version} ({batch.method}); "
        f"batch {batch.batch_id}"
    )


def _warnings(batch: Batch) -> Iterator[RenderableType]:
    """That nothing was learnt, and which feeds are dead."""
    if note := unlearnt(batch.method, batch.metadata.get("rung", {})):
        yield Text(f"By {note}", "yellow")
    for feed in batch.metadata.get("dead_feeds", ()):
        yield Text(f"{stopped(feed)}; what rests on it is unknown, not zero", "yellow")


def _driver(driver: Driver) -> Iterator[RenderableType]:
    remark = " [dim](context, no reason to act)[/dim]" if driver.context else ""
    yield _columns(
        f"{driver.shown:+d}" if driver.shown else "0",
        f"{escape(driver.label)}{remark}",
        *(_text(value) for value in (driver.value, driver.usual, driver.healthy)),
    )
    if not driver.shown or driver.context:
        return
    yield Padding(Text(f"{driver.claim}."), (0, 0, 0, 8))
    for row in driver.evidence[:EVIDENCE]:
        named = f"{row.source} {row.row_id or ''}".rstrip()
        yield Padding(
            Text(f"{row.happened_at:%Y-%m-%d}  {row.what}  ({named})", "dim"), (0, 0, 0, 10)
        )


def _told(title: str, found: Sequence[Lever] | Sequence[Twin]) -> Iterator[RenderableType]:
    if not found:
        return
    yield Text(title, "bold")
    for one in found:
        yield Padding(Text(one.sentence), (0, 0, 0, 8))
    yield Text("")


def _changed(change: Change) -> Iterator[RenderableType]:
    """What moved the risk since the batch before: parts that add up, and what happened since."""
    yield Text(f"Since {change.since}: {change.sentence}", "bold")
    yield _columns("points", "what moved", "now", "then", "", style="dim")
    yield _columns(f"{change.before_shown}", f"risk on {change.since}", "", "", "")
    for move in change.moves:
        if not move.shown:
            continue
        yield _columns(
            f"{move.shown:+d}", escape(move.label), _text(move.value), _text(move.before), ""
        )
        if not move.context:
            yield Padding(Text(f"{move.claim}."), (0, 0, 0, 8))
    for label, points in (
        ("data arrived, went missing or was corrected", change.data_shown),
        (f"another model than {change.model_version}", change.model_shown),
    ):
        if points:
            yield _columns(f"{points:+d}", label, "", "", "")
    yield _columns(
        f"[bold]{change.after_shown}[/bold]", "[bold]risk now, in percent[/bold]", "", "", ""
    )
    for row in change.events:
        yield Padding(Text(f"{row.happened_at:%Y-%m-%d}  {row.what}", "dim"), (0, 0, 0, 8))
    yield Text("")


def _reasons(row: AccountRisk) -> RenderableType:
    lines = Table.grid(padding=(0, 1))
    lines.add_column(width=3, justify="right")
    lines.add_column(ratio=1)
    drivers = row.explanation.reasons(REASONS) if row.explanation else ()
    for driver in drivers:
        lines.add_row(f"+{driver.shown}", escape(driver.sentence))
    if not drivers:
        lines.add_row("", escape(row.summary))
    return Padding(lines, (0, 0, 1, 4))


def _listed(*cells: str, style: str = "") -> Table:
    return _line(cells, widths=(3, None, 8, 9, 9, 20, 10), right=(0, 2, 3, 5), style=style)


def _columns(*cells: str, style: str = "") -> Table:
    return _line(cells, widths=(6, None, 14, 14, 16), right=(0, 2, 3, 4), style=style)


def _line(
    cells: Sequence[str], *, widths: Sequence[int | None], right: Sequence[int], style: str
) -> Table:
    # Rich cannot let a cell span columns, so every line is a table of its own; the column without
    # a width takes what the others leave.
    table = Table.grid(padding=(0, 1), expand=True)
    for place, width in enumerate(widths):
        table.add_column(
            width=width,
            min_width=width,
            ratio=None if width else 1,
            justify="right" if place in right else "left",
            no_wrap=True,
            overflow="ellipsis",
        )
    table.add_row(*cells, style=style)
    return table


def _about(row: AccountRisk) -> list[str]:
    facts = (
        ("segment", row.segment),
        ("managed by", row.csm),
        ("ARR", None if row.arr is None else money(row.arr)),
        ("of it at risk", None if row.arr_at_risk is None else money(row.arr_at_risk)),
        ("renewal", None if row.renewal_at is None else _day(row.renewal_at)),
    )
    return [f"{word} {value}" for word, value in facts if value is not None]


def _title(row: AccountRisk) -> str:
    return escape(f"{row.name} ({row.account_id})" if row.name else row.account_id)


def _risk(row: AccountRisk) -> str:
    return "" if row.risk is None else percent(row.risk)


def _likely(row: AccountRisk) -> str:
    if row.risk_low is None or row.risk_high is None:
        return ""
    return likely(row.risk_low, row.risk_high)


def _estimate(row: AccountRisk) -> Iterator[RenderableType]:
    """The band of the estimate, and the risk at other horizons where the model speaks of them."""
    if band := _likely(row):
        yield Text(f"risk {_risk(row)} (likely {band})")
    if len(row.risks) > 1:
        told = (f"{days} days {percent(risk)}" for days, risk in row.risks.items())
        yield Text(f"by horizon: {', '.join(told)}")
    if failing := row.causes.get(INVOLUNTARY):
        yield Text(f"of the risk, by failed payments: {percent(failing)}")


def _band(row: AccountRisk) -> str:
    if row.band is None:
        return f"[dim]{UNSCORED[row.status]}[/dim]"
    return f"[{_COLOURS[row.band]}]{row.band}[/]"


def _text(value: Measure | None) -> str:
    return "" if value is None else value.text


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
