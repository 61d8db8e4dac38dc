"""The command `forewarn`: parse, call, print."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from data.errors import BadInputError
from serving import asking, documents, models, scorecard
from serving.access import commands as keys
from serving.access import user_commands as users
from serving.console import INTERRUPTED, Run, command, complain
from serving.erase import commands as erasing
from serving.export import commands as exports
from serving.health import commands as healths
from serving.options import AsOf, BatchOf, Lang, MappingFile, MaxBad, Since, Source
from serving.plays import commands as plays
from serving.runs import commands as runs
from serving.runs.work import landed, scored, shown
from serving.webhooks import commands as webhooks
from serving.words import commands as words

HOST, PORT = "127.0.0.1", 3000

app = typer.Typer(
    name="forewarn",
    help="Warns which business accounts are about to leave, and why.",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command(epilog="Example: forewarn synth company --accounts 600 --seed 0")
@command
def synth(  # noqa: PLR0913 - one option for each thing that can be simulated
    run: Run,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    *,
    accounts: Annotated[int, typer.Option(help="How many accounts were ever customers.")] = 600,
    seed: Annotated[int, typer.Option(min=0, help="The same seed, the same company.")] = 0,
    years: Annotated[float, typer.Option(help="How many years of history.")] = 3.0,
    events: Annotated[
        int | None,
        typer.Option(help="About how many usage events.", show_default="1,000 per account"),
    ] = None,
    cause: Annotated[
        str | None,
        typer.Option(help="The one reason for which customers leave.", show_default="seven"),
    ] = None,
) -> None:
    """Write the tables of a synthetic company whose customers leave for known reasons."""
    from data.synth.company import simulate, write

    with run.step("synth") as step:
        company = simulate(accounts=accounts, seed=seed, years=years, events=events, only=cause)
        step.say(f"writing to {directory}")
        write(directory, company)
        rows = {name: len(table) for name, table in company.tables.items()}
        step.done = f"synth: {len(rows)} tables, {sum(rows.values()):,} rows in {directory}"
    run.show(f"Next: forewarn run {directory}")
    run.answer({"directory": str(directory), "rows": rows})


@app.command(epilog="Example: forewarn land exports --mapping mapping.yml")
@command
def land(run: Run, source: Source, *, mapping: MappingFile = None, max_bad: MaxBad = 0.01) -> None:
    """Read a source into validated tables; bad rows go to a quarantine with the reason."""
    report = landed(run, source, mapping, max_bad)
    run.show(*report.lines())
    run.answer(report.to_dict())


@app.command(epilog="Example: forewarn features --as-of 2025-12-31")
@command
def features(
    run: Run,
    *,
    as_of: AsOf = None,
    monthly: Annotated[bool, typer.Option("--monthly", help="All months of the data.")] = False,
    catalog: Annotated[bool, typer.Option("--catalog", help="Only list the features.")] = False,
) -> None:
    """Write a table of features, one row per account and moment, or list what it has."""
    from dataclasses import asdict

    from features.catalog import CATALOG, FAMILIES
    from serving.feature_table import write_features
    from serving.show import catalog as listed

    if catalog:
        run.show(*listed(FAMILIES))
        run.answer({"features": [asdict(feature) for feature in CATALOG]})
        return
    if monthly and as_of:
        raise BadInputError("features: expected --as-of or --monthly; got both; leave one out")
    moment = None if monthly else as_of or run.workspace.last_day
    with run.step("features") as step:
        written = write_features(run.workspace, run.config, moment, say=step.say)
        step.done = f"features: {written.rows:,} rows in {written.path}"
    run.show(f"{written.coverage:.0%} of the numeric values are known")
    run.answer(written.to_dict())


@app.command(epilog="Example: forewarn audit")
@command
def audit(run: Run) -> None:
    """Look for leaks: features or source columns that know what they could not have known."""
    from serving import show
    from training.audited import audit_workspace

    with run.step("audit") as step:
        report = audit_workspace(run.workspace, run.config, say=step.say)
        step.done = f"audit: {len(report.findings)} findings, {len(report.hard)} of them leaks"
    run.show(*show.audit(report))
    run.answer(report.to_dict())
    report.refuse_leaks()


app.add_typer(keys.app, name="keys")
app.add_typer(users.app, name="users")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(asking.app, name="surveys")
app.add_typer(plays.app, name="plays")
app.add_typer(words.app, name="words")
app.command(epilog="Example: forewarn train")(models.train)
app.command(epilog="Example: forewarn backtest")(models.backtest)
app.command(epilog="Example: forewarn promote")(models.promote)
app.command(epilog="Example: forewarn rollback")(models.rollback)
app.command(epilog="Example: forewarn export --format salesforce")(exports.export)
app.command(name="run", epilog="Example: forewarn run company")(runs.run_all)
app.command(epilog="Example: forewarn runs")(runs.runs)
app.command(epilog="Example: forewarn erase A00042")(erasing.erase)
app.command(
    epilog="Example: forewarn scorecard --by segment; forewarn scorecard --account A00042; "
    "forewarn scorecard --drivers"
)(scorecard.scorecard)
app.command(epilog="Example: forewarn health A00042")(healths.health)
app.command(epilog="Example: forewarn digest --csm dana")(words.digest)


@app.command(epilog="Example: forewarn score --as-of 2025-12-31")
@command
def score(run: Run, *, as_of: AsOf = None) -> None:
    """Publish the risk of every account at a moment, with reasons; show the riskiest."""
    batch, _ = scored(run, as_of)
    run.answer(shown(run, batch))


@app.command(epilog="Example: forewarn explain A00042 --since 2025-09-30 --lang el")
@command
def explain(
    run: Run,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id.")],
    *,
    as_of: BatchOf = None,
    since: Since = None,
    lang: Lang = "en",
) -> None:
    """Show why an account has its risk, what changed, and the rows behind it, as published."""
    from serving import show
    from serving.account import compared, published
    from serving.language import language
    from serving.spoken import spoken

    speaking = language(lang)
    batch, row = published(run.workspace, account, as_of=as_of)
    if since is not None:
        row = compared(run.workspace, run.config, batch, row, since=since, language=speaking)
    elif lang != "en":
        row = spoken(row, batch, speaking)
    run.show(*show.account(batch, row, speaking))
    run.answer({"batch": batch.model_dump(mode="json"), "account": row.model_dump(mode="json")})


@app.command(epilog="Example: forewarn serve --port 3000")
@command
def serve(
    run: Run,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = PORT,
) -> None:
    """Serve the published batch: the API and the page, until Ctrl-C."""
    from serving.host import host_service

    host_service(run.workspace, host=host, port=port, say=complain)


app.command(epilog="Example: forewarn contract --to docs")(documents.contract)


def main() -> None:
    """The console script: usage errors in one line and exit 2, an interruption exit 130."""
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:
            complain("stopped")
    except _UsageError as error:
        where = error.ctx.command_path if error.ctx else "forewarn"
        if said := error.format_message():  # without a command the help itself is the answer
            complain(f"{said} (see `{where} --help`)")
        code = BadInputError.exit_code
    sys.exit(code)


# Typer bundles its parser; this is the one public way to the base of its usage errors.
_UsageError: Any = typer.BadParameter.__base__
