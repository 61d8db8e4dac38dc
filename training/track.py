"""The only door to MLflow: a run recorded, a model registered, and which one is in use."""

from __future__ import annotations

import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from data.workspace import Workspace
from training.config import Config
from training.model import Model

CHAMPION, PREVIOUS = "champion", "previous"
FOLDER_TAG = "folder"
_TRACKED = "mlflow"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a training leaves behind; `artifacts` is a folder whose files are kept with the run."""

    params: dict[str, Any]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: Path


def record(workspace: Workspace, config: Config, content: Record) -> str:
    """The id of a new MLflow run that holds the record."""
    with session(workspace, config) as (client, experiment):
        import mlflow

        _end_killed_runs(client, experiment)
        with mlflow.start_run(experiment_id=experiment, tags=content.tags) as run:
            mlflow.log_params(content.params)
            mlflow.log_metrics(content.metrics)
            mlflow.log_artifacts(str(content.artifacts))
        return str(run.info.run_id)


def register(workspace: Workspace, config: Config, model: Model, *, run_id: str) -> None:
    """Log the model saved in `workspace.models` under its version, and make it the champion.

    The booster is kept as an MLflow model with a signature (raw log-odds features in, uncalibrated
    probability out), the whole folder beside it as files. The alias `previous` moves to the old
    champion; `champion` moves last, because that is what readers follow.
    """
    name = config.registered_model
    with session(workspace, config) as (client, _):
        import mlflow

        with mlflow.start_run(run_id=run_id):
            mlflow.log_artifacts(str(workspace.models / model.version), "model")
            source = _log_booster(model)
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        tags = {FOLDER_TAG: model.version, "sha256": model.seal, "spec": model.spec.hash}
        made = client.create_model_version(name, source, run_id, tags=tags)
        aliases = client.get_registered_model(name).aliases
        if CHAMPION in aliases:
            client.set_registered_model_alias(name, PREVIOUS, aliases[CHAMPION])
        client.set_registered_model_alias(name, CHAMPION, made.version)


def champion(workspace: Workspace, *, registered_model: str = "forewarn") -> Path | None:
    """The folder of the model that the alias `champion` points at, or None if none is set.

    Reads MLflow's table directly: importing MLflow and checking its database takes seconds, and
    scoring asks for nothing else. A test holds this against MLflow's own answer.
    """
    if not workspace.tracking.exists():
        return None
    connection = sqlite3.connect(f"{workspace.tracking.resolve().as_uri()}?mode=ro", uri=True)
    try:
        found = connection.execute(_CHAMPION, (FOLDER_TAG, registered_model, CHAMPION)).fetchone()
    finally:
        connection.close()
    return workspace.models / found[0] if found else None


_CHAMPION = """
SELECT t.value FROM registered_model_aliases a
JOIN model_version_tags t ON t.name = a.name AND t.version = a.version AND t.key = ?
WHERE a.name = ? AND a.alias = ?
"""


@contextmanager
def session(workspace: Workspace, config: Config) -> Iterator[tuple[Any, str]]:
    """MLflow's client and our experiment in the workspace's database, made if absent, in silence.

    The caller holds the workspace: two first starts at once would both create the tables, and one
    would die.
    """
    os.environ.update(_QUIET)
    workspace.models.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about its own libraries
        import mlflow

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        address = f"sqlite:///{workspace.tracking.resolve()}"
        mlflow.set_tracking_uri(address)
        mlflow.set_registry_uri(address)
        client = mlflow.MlflowClient(address, address)
        found = client.get_experiment_by_name(config.experiment)
        place = (workspace.models.resolve() / _TRACKED).as_uri()
        if found is None:
            yield client, client.create_experiment(config.experiment, artifact_location=place)
        else:
            yield client, found.experiment_id


def _log_booster(model: Model) -> str:
    import mlflow.lightgbm
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema([ColSpec("double", name) for name in model.features])
    signature = ModelSignature(inputs, Schema([ColSpec("double")]))
    # Without requirements given, MLflow starts a child process to guess them: 38 seconds.
    requirements = [f"lightgbm=={installed('lightgbm')}"]
    logged = mlflow.lightgbm.log_model(
        model.booster, name="booster", signature=signature, pip_requirements=requirements
    )
    return str(logged.model_uri)


def _end_killed_runs(client: Any, experiment: str) -> None:  # noqa: ANN401
    """A killed training leaves its run `RUNNING` for ever; the workspace lock says it is not."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        client.set_terminated(run.info.run_id, "KILLED")
