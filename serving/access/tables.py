"""How the commands of this folder show rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


def columns(names: tuple[str, ...], rows: list[list[str]]) -> RenderableType:
    """Rows under their names, as a table."""
    from rich.box import SIMPLE
    from rich.table import Table
    from rich.text import Text

    table = Table(*(name.removesuffix("_at").replace("_", " ") for name in names), box=SIMPLE)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
