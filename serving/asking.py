"""The command `forewarn surveys`: neutral questions to ask, and what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from serving.console import Run, command

Kind = Annotated[
    Literal["onboarding", "monthly", "exit"], typer.Argument(help="Which set of questions.")
]
app = typer.Typer(help="Questions to ask customers, and their answers.", no_args_is_help=True)


@app.command(epilog="Example: forewarn surveys show monthly --lang el")
@command
def show(
    run: Run,
    kind: Kind,
    *,
    lang: Annotated[str, typer.Option(help="en, el, lv, fa, zh-Hans or zh-Hant.")] = "en",
) -> None:
    """Show a set of questions as it is put to customers."""
    from data.asking.sets import LANGUAGES, question_set
    from data.errors import BadInputError

    if lang not in LANGUAGES:
        raise BadInputError(f"--lang: expected one of {', '.join(LANGUAGES)}; got {lang!r}")
    asked = question_set(kind)
    table = Table("", "question", "answers", title=f"{asked.title.said[lang]} ({kind})")
    for place, question in enumerate(asked.questions, start=1):
        known = asked.scale.choices() if question.kind == "scale" else {}
        known |= {name: dict(words.said) for name, words in question.choices.items()}
        answers = " | ".join(labels[lang] for labels in known.values())
        note = " [dim](control)[/dim]" if question.control else ""
        table.add_row(str(place), question.ask.said[lang] + note, answers)
    run.show(table, f"Asked: {asked.when}")
    run.answer(asked.model_dump(mode="json"))


@app.command(epilog="Example: forewarn surveys form monthly monthly.xlsx")
@command
def form(
    run: Run,
    kind: Kind,
    path: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="Where to write it.")],
) -> None:
    """Write a set of questions as an XLSForm, which most survey tools import."""
    from data.asking.sets import question_set
    from data.asking.xlsform import HIDDEN, write

    write(question_set(kind), path)
    run.show(
        f"{path}: import it into ODK, KoboToolbox, SurveyCTO or another tool that reads XLSForm.",
        f"Let each invitation fill in {', '.join(HIDDEN)}; then bring the answers back with "
        f"`forewarn surveys take {kind} ANSWERS.csv --into SOURCE`.",
    )
    run.answer({"kind": kind, "path": str(path)})


@app.command(epilog="Example: forewarn surveys take monthly answers.csv --into company")
@command
def take(
    run: Run,
    kind: Kind,
    answers: Annotated[Path, typer.Argument(metavar="ANSWERS.csv", help="One column a question.")],
    *,
    into: Annotated[Path, typer.Option(help="The folder of CSV files that is landed.")],
) -> None:
    """Bring exported answers into the tables surveys and feedback of a source folder."""
    from data.asking.answers import answered
    from data.asking.sets import question_set
    from data.asking.sheet import merge

    found = answered(question_set(kind), answers)
    new = merge(into, {"surveys": found.surveys, "feedback": found.feedback})
    if found.months:
        table = Table("month", "answers", "score", "control", title=f"{kind}, mean of 1 to 5")
        for month in found.months:
            figures = (_figure(month.score), _figure(month.control))
            table.add_row(month.month, str(month.answers), *figures)
        run.show(table)
    if found.ignored:
        run.show(f"No questions of this set, and left out: {', '.join(found.ignored)}")
    run.show(
        *(f"{into / name}.csv: {count:,} new rows" for name, count in new.items()),
        f"Next: forewarn run {into}",
    )
    months = [vars(month) for month in found.months]
    run.answer({"new": new, "months": months, "ignored": list(found.ignored)})


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
