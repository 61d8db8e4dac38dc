"""How the service is started: checked first, then handed to BentoML in this very process."""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

from data.errors import BadInputError
from data.workspace import Workspace
from serving.access.browser import BEHIND_PROXY_VARIABLE
from serving.access.listening import (
    LISTENS_VARIABLE,
    listening,
    readable_on_the_way,
    require_somebody,
)
from serving.database import reading
from serving.life.drain import DRAIN_VARIABLE, PARENT_VARIABLE, drain_seconds
from serving.life.health import model_folder
from serving.life.ports import holder
from serving.records import Batch
from serving.store import current_batch
from training import artefact

WORKSPACE_VARIABLE = "FOREWARN_WORKSPACE"
# What a request may still take when the worker has drained; the drain itself waits longer.
_GRACE_SECONDS = 10


def host_service(
    workspace: Workspace, *, host: str, port: int, say: Callable[[str], None]
) -> NoReturn:
    """Become `bentoml serve` over the workspace's published batches; does not return.

    Raises:
        MissingError: nothing has been published, or the model behind it is gone.
        BadInputError: the store or the model is damaged or of another version, the address cannot
            be had, others could ask unknown, or a setting in the environment is wrong.
    """
    batch = check(workspace, host=host, port=port)
    say(f"serving batch {batch.batch_id} on http://{host}:{port} in a few seconds; Ctrl-C stops it")
    if readable_on_the_way(workspace.store, host):
        say(
            "passwords can be read on the way here: put a proxy that speaks https in front, and "
            f"set {BEHIND_PROXY_VARIABLE}=true"
        )
    home = workspace.root.resolve() / "bentoml"  # else BentoML fills a folder in the user's home
    home.mkdir(exist_ok=True)
    settings = {
        WORKSPACE_VARIABLE: str(workspace.root.resolve()),
        LISTENS_VARIABLE: listening(host),
        PARENT_VARIABLE: str(os.getpid()),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",  # any other word counts as no
    }
    if sys.stderr.isatty() and DRAIN_VARIABLE not in os.environ:
        settings[DRAIN_VARIABLE] = "0"  # nothing is routed here, and somebody waits after Ctrl-C
    command = [
        *("-m", "bentoml", "serve", "serving.service:Forewarn"),
        *("--host", host, "--port", str(port)),
        *("--timeout-graceful-shutdown", str(_GRACE_SECONDS)),
    ]
    sys.stdout.flush()
    os.execve(  # noqa: S606 - no shell on purpose: fixed program, checked arguments
        sys.executable, [sys.executable, *command], {**os.environ, **settings}
    )


def check(workspace: Workspace, *, host: str, port: int) -> Batch:
    """The batch that would be served, when everything that the service needs is there.

    BentoML starts a worker that cannot start again and again, so all of it is looked at before.

    Raises:
        BadInputError: as `host_service` has it.
    """
    family = _family(host)
    batch = current_batch(reading(workspace.store))
    artefact.read(model_folder(workspace.models, batch))
    require_somebody(workspace.store, host)
    drain_seconds()
    _check_port(family, host, port)
    return batch


def _family(host: str) -> socket.AddressFamily:
    try:
        return socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        raise BadInputError(f"--host: expected an IP address; got {host!r}") from None


def _check_port(family: socket.AddressFamily, host: str, port: int) -> None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            why = f"{error.strerror}{_by(port)}"
            raise BadInputError(
                f"cannot listen on {host}:{port}: {why}; choose another --port"
            ) from None


def _by(port: int) -> str:
    found = holder(port)
    return "" if found is None else f" by process {found.pid} ({found.name()})"
