"""`forewarn contract`: the documents of the API, written to a folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from data.errors import RefusedError
from serving.console import Run, command

OPENAPI, SWAGGER = "openapi.json", "swagger.json"
TOLD = 10


@command
def contract(
    run: Run,
    *,
    to: Annotated[Path, typer.Option(help="The folder to write them to.")] = Path(),
) -> None:
    """Write the API's contract as OpenAPI 3.0.3 and as Swagger 2.0.

    Refused where the OpenAPI document that is there already promises what the new one does not.
    """
    from serving.api import create_app
    from serving.contract.additive import taken_away
    from serving.contract.document import document
    from serving.contract.lint import broken
    from serving.contract.swagger import swagger

    new = document(create_app(run.workspace))
    older = swagger(new)
    _refuse("no CRM could import it", [*broken(new), *broken(older)])
    if (known := to / OPENAPI).exists():
        old = json.loads(known.read_text(encoding="utf-8"))
        _refuse("clients rely on it; add a new version path instead", taken_away(old, new))
    written = {OPENAPI: new, SWAGGER: older}
    to.mkdir(parents=True, exist_ok=True)
    for name, content in written.items():
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        (to / name).write_text(text, encoding="utf-8")
    run.show(*(f"wrote {to / name}" for name in written))
    run.answer({"files": [str(to / name) for name in written]})


def _refuse(why: str, lines: list[str]) -> None:
    if lines:
        more = f" and {len(lines) - TOLD} more" if len(lines) > TOLD else ""
        raise RefusedError(f"contract: {'; '.join(lines[:TOLD])}{more}: {why}")
