"""The BentoML service: hosts the application over the workspace that `forewarn serve` names."""

from __future__ import annotations

import os
from pathlib import Path

import bentoml

from data.errors import ForewarnError
from data.workspace import Workspace
from serving.api import create_app
from serving.guard import Guard
from serving.host import WORKSPACE_VARIABLE
from serving.published import Published

_WORKSPACE = Workspace.configured(Path(os.environ.get(WORKSPACE_VARIABLE, ".forewarn")))
_APP = create_app(_WORKSPACE)


# BentoML's own metrics and access log stay off: both write what an anonymous caller sends.
@bentoml.service(
    name="forewarn",
    workers=1,
    traffic={"timeout": 30},
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
)
@bentoml.asgi_app(_APP, path="/")
class Forewarn:
    """Hosts the application; ready while a batch can be read."""

    def __is_ready__(self) -> bool:
        try:
            Published(_WORKSPACE.store).batch()
        except ForewarnError:
            return False
        return True


Forewarn.add_asgi_middleware(Guard, access=_APP.state.access)  # type: ignore[attr-defined] # it is a Service by now
