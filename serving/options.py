"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a date such as 2025-12-31; got {text!r}") from None


AsOf = Annotated[
    date | None,
    typer.Option(
        parser=_day,
        metavar="DATE",
        help="The moment, a midnight UTC; only what was known before it is used.",
        show_default="the last day of the data",
    ),
]
BatchOf = Annotated[
    date | None,
    typer.Option(
        parser=_day,
        metavar="DATE",
        help="Use the newest batch of that date or before.",
        show_default="the batch that is served",
    ),
]
Since = Annotated[
    date | None,
    typer.Option(
        parser=_day,
        metavar="DATE",
        help="Tell what changed since the newest batch of that date or before.",
        show_default="the batch before",
    ),
]
Expires = Annotated[
    date | None,
    typer.Option(
        parser=_day,
        metavar="DATE",
        help="The first day, UTC, on which it works no more.",
        show_default="never",
    ),
]
Due = Annotated[
    date | None,
    typer.Option(parser=_day, metavar="DATE", help="The day by which it is to be done, UTC."),
]
SentSince = Annotated[
    date | None,
    typer.Option(
        "--since",
        parser=_day,
        metavar="DATE",
        help="With --failed: only messages of that day, UTC, or later.",
        show_default="all",
    ),
]
Lang = Annotated[
    str,
    typer.Option(
        metavar="LANGUAGE", help="en, el, lv, fa, zh-Hans or zh-Hant: the language of the answer."
    ),
]
Source = Annotated[
    str,
    typer.Argument(help="A folder of CSV or Parquet files, a DuckDB file or a postgresql:// URL."),
]
MappingFile = Annotated[
    Path | None, typer.Option(help="A file that says which of your tables are which of forewarn's.")
]
MaxBad = Annotated[
    float, typer.Option(min=0, max=1, help="Share of bad rows per table that is accepted.")
]
