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
from serving.database import reading
from serving.store import current_batch

WORKSPACE_VARIABLE = "FOREWARN_WORKSPACE"


def host_service(
    workspace: Workspace, *, host: str, port: int, say: Callable[[str], None]
) -> NoReturn:
    """Become `bentoml serve` over the workspace's published batches; does not return.

    BentoML starts a worker that cannot start again and again, so what it needs is checked here.

    Raises:
        MissingError: nothing has been published.
        BadInputError: the store is damaged or of another version, or the address cannot be had.
    """
    batch = current_batch(reading(workspace.store))
    _check_address(host, port)
    say(f"serving batch {batch.batch_id} on http://{host}:{port} in a few seconds; Ctrl-C stops it")
    home = workspace.root.resolve() / "bentoml"  # else BentoML fills a folder in the user's home
    home.mkdir(exist_ok=True)
    settings = {
        WORKSPACE_VARIABLE: str(workspace.root.resolve()),
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",  # any other word counts as no
    }
    arguments = ["serve", "serving.service:Forewarn", "--host", host, "--port", str(port)]
    sys.stdout.flush()
    os.execve(  # noqa: S606 - no shell on purpose: fixed program, checked arguments
        sys.executable, [sys.executable, "-m", "bentoml", *arguments], {**os.environ, **settings}
    )


def _check_address(host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
    except ValueError:
        raise BadInputError(f"--host: expected an IP address; got {host!r}") from None
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BadInputError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another --port"
            ) from None
