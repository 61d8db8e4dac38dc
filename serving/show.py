"""How a batch and an account look in a terminal, 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import reduce

from rich.console import RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from features.audit.findings import CHECKS, AuditReport
from features.catalog import DIRECTIONS
from features.feature import Family
from serving.language import Language, language
from serving.measures import likely, money, percent
from serving.records import AccountRisk, Band, Batch, Change, Driver, Measure
from serving.spoken import learnt_after, stopped, unlearnt
from training.periods import INVOLUNTARY

REASONS = 3
EVIDENCE = 3
_COLOURS: dict[Band, str] = {"high": "bold red", "elevated": "yellow", "low": "green"}
_UNSCORED = ("decided", "insufficient_history")


def ranking(batch: Batch, rows: Sequence[AccountRisk]) -> Iterator[RenderableType]:
    """The riskiest accounts, each with its strongest reasons and the points that they add."""
    english = language("en")
    yield Text(f"\nThe {len(rows)} riskiest of {batch.n:,} accounts on {batch.as_of}", "bold")
    yield Text(_provenance(batch, english), "dim")
    yield from _warnings(batch, english)
    yield Text("")
    yield _listed("", "account", "risk", "likely", "band", "ARR at risk", "renewal", style="dim")
    for place, row in enumerate(rows, start=1):
        at_risk, arr = money(row.arr_at_risk, english), money(row.arr, english)
        yield _listed(
            f"{place}",
            f"[bold]{_title(row)}[/bold]",
            f"[bold]{_risk(row, english)}[/bold]",
            _likely(row, english),
            _band(row, english),
            f"{at_risk} [dim]of {arr}[/dim]",
            _day(row.renewal_at),
        )
        yield _reasons(row)
    yield Text(english.say("screen.band_note"), "dim")


def totals(groups: Mapping[str, Mapping[str, float]]) -> Iterator[RenderableType]:
    """How many accounts are in each band or unscored, and the revenue at stake."""
    english = language("en")
    counts = {name: int(group["accounts"]) for name, group in groups.items()}
    bands = [f"{counts.get(band, 0)} {band}" for band in _COLOURS]
    others = [
        f"{counts[name]} {english.say(f'screen.status_{name}')}"
        for name in _UNSCORED
        if name in counts
    ]
    yield Text(", ".join([*bands, *others]))
    arr, at_risk = (
        sum(group[name] for group in groups.values()) for name in ("arr", "arr_at_risk")
    )
    if arr:
        told = f"{money(at_risk, english)} of {money(arr, english)}"
        yield Text(f"ARR at risk (risk x ARR, summed): {told} a year")


def account(batch: Batch, row: AccountRisk, speaking: Language) -> Iterator[RenderableType]:
    """Everything that is known about the risk of one account, whose words are in that language."""
    say = speaking.say
    yield Text.from_markup(f"\n[bold]{_title(row)}[/bold]   {_band(row, speaking)}")
    yield Text(row.summary)
    yield from _estimate(row, speaking)
    yield Text("; ".join(_about(row, speaking)) + "\n", "dim")
    if row.explanation is not None:
        why = row.explanation
        heads = ("points", "driver", "now", "usually", "healthy")
        yield _columns(*(say(f"screen.{name}") for name in heads), style="dim")
        yield _columns(speaking.number(why.base_shown), say("screen.start"), "", "", "")
        for driver in why.drivers:
            yield from _driver(driver, speaking)
        total, risk = speaking.number(why.risk_shown), say("screen.risk_total")
        yield _columns(f"[bold]{total}[/bold]", f"[bold]{risk}[/bold]\n", "", "", "")
        if why.peers is not None:
            yield from _told(say("screen.peers"), [why.peers.sentence])
        note = say("phrases.lever_note")
        yield from _told(say("screen.levers", note=note), [one.sentence for one in why.levers])
        note = say("phrases.likeness")
        yield from _told(say("screen.twins", note=note), [one.sentence for one in why.twins])
        if why.change is not None:
            yield from _changed(why.change, speaking)
    yield Text(_provenance(batch, speaking), "dim")
    yield from _warnings(batch, speaking)
    known = speaking.percent(round(100 * row.coverage))
    yield Text(say("screen.coverage", percent=known), "dim")
    if _likely(row, speaking):
        yield Text(say("screen.band_note"), "dim")
    yield Text(say("screen.no_promise"), "dim")


def next_steps(row: AccountRisk, corrections: int) -> Iterator[RenderableType]:
    """What to type after scoring; `corrections` are those that wait to be learnt from."""
    yield Text(f"\nWhy one of them:  forewarn explain {row.account_id}")
    yield Text("In the browser:   forewarn serve")
    if corrections:
        yield Text(f"Sort words as {corrections:,} corrections teach:  forewarn words learn")


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


def _provenance(batch: Batch, speaking: Language) -> str:
    """Where the figures come from."""
    until = batch.data_until
    return speaking.say(
        "screen.as_of",
        date=speaking.day(batch.as_of),
        until=speaking.say("phrases.unknown") if until is None else speaking.day(until),
        model=batch.model_version,
        method=batch.method,
        batch=batch.batch_id,
    )


def _warnings(batch: Batch, speaking: Language) -> Iterator[RenderableType]:
    """That nothing was learnt, that the model knows the future, and which feeds are dead."""
    if note := unlearnt(batch.method, batch.metadata.get("rung", {}), speaking):
        yield Text(note, "yellow")
    if learnt := learnt_after(batch, speaking):
        yield Text(learnt, "yellow")
    for feed in batch.metadata.get("dead_feeds", ()):
        yield Text(stopped(feed, speaking), "yellow")


def _driver(driver: Driver, speaking: Language) -> Iterator[RenderableType]:
    remark = f" [dim]({speaking.say('screen.no_reason')})[/dim]" if driver.context else ""
    values = (driver.value, driver.usual, driver.healthy) if driver.shown else (None, None, None)
    yield _columns(
        speaking.number(driver.shown, signed=True),
        f"{escape(driver.label)}{remark}",
        *(_text(value) for value in values),
    )
    if not driver.shown or driver.context:
        return
    yield Padding(Text(driver.claim), (0, 0, 0, 8))
    for row in driver.evidence[:EVIDENCE]:
        day, named = speaking.day(row.happened_at.date()), f"{row.source} {row.row_id or ''}"
        yield Padding(Text(f"{day}  {row.what}  ({named.rstrip()})", "dim"), (0, 0, 0, 10))
    if driver.why_no_rows:
        yield Padding(Text(driver.why_no_rows, "dim"), (0, 0, 0, 10))


def _told(title: str, sentences: Sequence[str]) -> Iterator[RenderableType]:
    if not sentences:
        return
    yield Text(title, "bold")
    for sentence in sentences:
        yield Padding(Text(sentence), (0, 0, 0, 8))
    yield Text("")


def _changed(change: Change, speaking: Language) -> Iterator[RenderableType]:
    """What moved the risk since the batch before: parts that add up, and what happened since."""
    say, number, since = speaking.say, speaking.number, speaking.day(change.since)
    yield Text(say("screen.since", date=since, sentence=change.sentence), "bold")
    heads = ("points", "what_moved", "now", "then")
    yield _columns(*(say(f"screen.{name}") for name in heads), "", style="dim")
    yield _columns(number(change.before_shown), say("screen.risk_on", date=since), "", "", "")
    for move in change.moves:
        if not move.shown:
            continue
        values = (_text(value) for value in (move.value, move.before))
        yield _columns(number(move.shown, signed=True), escape(move.label), *values, "")
        if not move.context:
            yield Padding(Text(move.claim), (0, 0, 0, 8))
    for label, points in (
        (say("screen.data_part"), change.data_shown),
        (say("screen.model_part", version=change.model_version), change.model_shown),
    ):
        if points:
            yield _columns(number(points, signed=True), label, "", "", "")
    total, risk = number(change.after_shown), say("screen.risk_now")
    yield _columns(f"[bold]{total}[/bold]", f"[bold]{risk}[/bold]", "", "", "")
    for row in change.events:
        day = speaking.day(row.happened_at.date())
        yield Padding(Text(f"{day}  {row.what}", "dim"), (0, 0, 0, 8))
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
    return _line(cells, widths=(6, None, 16, 16, 16), right=(0, 2, 3, 4), style=style, wrap=True)


def _line(
    cells: Sequence[str],
    *,
    widths: Sequence[int | None],
    right: Sequence[int],
    style: str,
    wrap: bool = False,
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
            no_wrap=not wrap,
            overflow="fold" if wrap else "ellipsis",
        )
    table.add_row(*cells, style=style)
    return table


def _about(row: AccountRisk, speaking: Language) -> list[str]:
    facts = (
        ("segment", row.segment),
        ("managed_by", row.csm),
        ("arr", None if row.arr is None else money(row.arr, speaking)),
        ("arr_at_risk", None if row.arr_at_risk is None else money(row.arr_at_risk, speaking)),
        ("renewal", None if row.renewal_at is None else speaking.day(row.renewal_at)),
    )
    return [speaking.say(f"screen.{name}", value=told) for name, told in facts if told is not None]


def _title(row: AccountRisk) -> str:
    return escape(f"{row.name} ({row.account_id})" if row.name else row.account_id)


def _risk(row: AccountRisk, speaking: Language) -> str:
    return "" if row.risk is None else percent(row.risk, speaking)


def _likely(row: AccountRisk, speaking: Language) -> str:
    if row.risk_low is None or row.risk_high is None:
        return ""
    return likely(row.risk_low, row.risk_high, speaking)


def _estimate(row: AccountRisk, speaking: Language) -> Iterator[RenderableType]:
    """The band of the estimate, and the risk at other horizons where the model speaks of them."""
    say = speaking.say
    if band := _likely(row, speaking):
        yield Text(say("screen.risk_likely", risk=_risk(row, speaking), range=band))
    if len(row.risks) > 1:
        told = [
            say("screen.horizon", days, risk=percent(risk, speaking))
            for days, risk in row.risks.items()
        ]
        listed = reduce(lambda first, second: say("phrases.then", first=first, second=second), told)
        yield Text(say("screen.by_horizon", risks=listed))
    if failing := row.causes.get(INVOLUNTARY):
        yield Text(say("screen.failed_payments", risk=percent(failing, speaking)))


def _band(row: AccountRisk, speaking: Language) -> str:
    if row.band is None:
        return f"[dim]{speaking.say(f'screen.status_{row.status}')}[/dim]"
    return f"[{_COLOURS[row.band]}]{speaking.say(f'screen.band_{row.band}')}[/]"


def _text(value: Measure | None) -> str:
    return "" if value is None else value.text


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
