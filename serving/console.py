"""What every command shares: options, progress on stderr, results on stdout, errors in one line."""

from __future__ import annotations

import inspect
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from data.errors import ForewarnError, full_disk
from data.workspace import Workspace

if TYPE_CHECKING:
    from training.config import Config

WIDTH = 100
INTERRUPTED = 130

WorkspaceOption = Annotated[
    Path, typer.Option("--workspace", help="Folder for everything that forewarn writes.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Settings file.", show_default="mlflow.yml, if it exists"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@dataclass
class Step:
    """A running step: `say` shows what it is doing, `done` is what its line says at the end.

    Where `done` is empty, there is no line.
    """

    done: str
    say: Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One command: where it works, with which settings, and how it speaks."""

    workspace: Workspace
    config_file: Path | None
    as_json: bool
    out: Console = field(default_factory=lambda: _console(sys.stdout))
    err: Console = field(default_factory=lambda: _console(sys.stderr))

    @property
    def config(self) -> Config:
        """The settings, read now.

        Raises:
            BadInputError: no such file, or a setting that is unknown or wrong.
        """
        from training.config import load_config

        return load_config(self.config_file)

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A line on stderr when the step is done, with its time; live until then on a terminal."""
        started = time.perf_counter()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        live = Progress(
            *columns, console=self.err, transient=True, disable=not self.err.is_terminal
        )
        with live:
            task = live.add_task(escape(title), total=None)
            step = Step(
                done=title,
                say=lambda message: live.update(task, description=escape(f"{title}: {message}")),
            )
            yield step
        took = time.perf_counter() - started
        if step.done:
            self.err.print(
                f"{escape(step.done)} [dim]({took:.1f} s)[/dim]", highlight=False, soft_wrap=True
            )

    def show(self, *things: RenderableType) -> None:
        """Print results for a human; nothing when JSON was asked for."""
        if self.as_json:
            return
        with self.out.capture() as captured:
            for thing in things:
                # Plain text is data: brackets in it are no markup.
                self.out.print(thing, highlight=False, markup=not isinstance(thing, str))
        text = captured.get()
        if not self.out.is_terminal:  # tables are padded with blanks, which a file has no use for
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        self.out.file.write(text)

    def answer(self, content: dict[str, Any]) -> None:
        """Print the one JSON object, if it was asked for; NaN is refused because JSON has none."""
        if self.as_json:
            sys.stdout.write(json.dumps(content, allow_nan=False, default=str) + "\n")


def command(function: Callable[..., None]) -> Callable[..., None]:
    """`function` with the common options in place of its first parameter, a `Run`.

    Errors become one line on stderr and the exit code that their kind declares; anything unforeseen
    is exit 1. With --debug the traceback comes as well.
    """

    @wraps(function)
    def guarded(
        *, workspace: Path, config: Path | None, json: bool, debug: bool, **given: object
    ) -> None:
        try:
            function(Run(Workspace.configured(workspace), config, as_json=json), **given)
            sys.stdout.flush()
        except (typer.Exit, typer.Abort):
            raise
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except Exception as error:  # noqa: BLE001 - the last resort before the user
            if debug:
                traceback.print_exc()
            raise typer.Exit(_told(error)) from None

    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    signature = inspect.Signature([*own, *_COMMON])
    guarded.__signature__ = signature  # type: ignore[attr-defined]
    guarded.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return guarded


def complain(message: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"forewarn: {' '.join(message.split())}\n")


def _told(error: Exception) -> int:
    error = full_disk(error) or error
    if isinstance(error, ForewarnError):
        complain(str(error))
        return error.exit_code
    complain(f"internal error: {type(error).__name__}: {error}; --debug shows where")
    return 1


def _option(name: str, annotation: object, default: object) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, annotation=annotation, default=default)


_COMMON = (
    _option("workspace", WorkspaceOption, Path(".forewarn")),
    _option("config", ConfigOption, None),
    _option("json", JsonOption, default=False),
    _option("debug", DebugOption, default=False),
)


def _console(stream: Any) -> Console:  # noqa: ANN401
    # Wider than WIDTH is harder to read; a pipe has no width of its own.
    console = Console(file=stream, soft_wrap=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console
