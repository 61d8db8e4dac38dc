"""The only door to MLflow: a run recorded, a model registered, and which one is in use."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from data.errors import ForewarnError
from data.workspace import Workspace
from training.config import Config
from training.model import Model

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
FOLDER_TAG = "folder"
BUSY_SECONDS = 30.0
_TRACKED = "mlflow"
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True, kw_only=True)
class Child:
    """A nested run: a fold or a trial."""

    name: str
    params: dict[str, Any]
    metrics: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a training leaves behind; `artifacts` is a folder whose files are kept with the run."""

    params: dict[str, Any]
    metrics: dict[str, float]
    tags: dict[str, str]
    artifacts: Path
    children: Sequence[Child] = ()


def record(workspace: Workspace, config: Config, content: Record) -> str:
    """The id of a new MLflow run that holds the record, each child a run below it."""
    with session(workspace, config) as (client, experiment):
        import mlflow

        _end_killed_runs(client, experiment)
        with mlflow.start_run(experiment_id=experiment, tags=content.tags) as run:
            mlflow.log_params(content.params)
            mlflow.log_metrics(content.metrics)
            mlflow.log_artifacts(str(content.artifacts))
            for child in content.children:
                with mlflow.start_run(experiment_id=experiment, run_name=child.name, nested=True):
                    mlflow.log_params(child.params)
                    mlflow.log_metrics(child.metrics)
        return str(run.info.run_id)


def register(workspace: Workspace, config: Config, model: Model, *, run_id: str) -> None:
    """Log the model saved in `workspace.models` under its version, and make it the challenger.

    Its main forest is kept as an MLflow model with a signature (the columns of its matrix in, the
    uncalibrated chance of one period out), the whole folder beside it as files. Rules have no
    forest: their folder is all there is.
    """
    name = config.registered_model
    with session(workspace, config) as (client, _):
        import mlflow

        with mlflow.start_run(run_id=run_id):
            mlflow.log_artifacts(str(workspace.models / model.version), "model")
            source = _log_forest(model) or f"runs:/{run_id}/model"
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        tags = {
            FOLDER_TAG: model.version,
            "sha256": model.seal,
            "spec": model.spec.hash,
            "method": model.method,
            "data": model.data_fingerprint,
        }
        made = client.create_model_version(name, source, run_id, tags=tags)
        client.set_registered_model_alias(name, CHALLENGER, made.version)


def promote(workspace: Workspace, config: Config, version: str) -> None:
    """Make the model of that version the champion, and the champion the previous one.

    The caller holds the workspace. The alias `champion` moves last, because that is what readers
    follow: whatever is interrupted before leaves the old champion in use.
    """
    name = config.registered_model
    with session(workspace, config) as (client, _):
        aliases = client.get_registered_model(name).aliases
        versions = client.search_model_versions(
            f"name = '{name}' and tags.{FOLDER_TAG} = '{version}'"
        )
        number = max(versions, key=lambda found: int(found.version)).version
        if CHAMPION in aliases:
            client.set_registered_model_alias(name, PREVIOUS, aliases[CHAMPION])
        client.set_registered_model_alias(name, CHAMPION, number)


def champion(workspace: Workspace, *, registered_model: str = "forewarn") -> Path | None:
    """The folder of the model that the alias `champion` points at, or None if none is set."""
    return aliased(workspace, CHAMPION, registered_model)


def aliased(workspace: Workspace, alias: str, registered_model: str) -> Path | None:
    """The folder of the model that an alias points at, or None if it is not set.

    Raises:
        ForewarnError: the database is locked by another process for longer than half a minute.

    Reads MLflow's table directly: importing MLflow and checking its database takes seconds, and
    scoring asks for nothing else. A test holds this against MLflow's own answer.
    """
    if not workspace.tracking.exists():
        return None
    address = f"{workspace.tracking.resolve().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)
    try:
        found = connection.execute(_ALIASED, (FOLDER_TAG, registered_model, alias)).fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise ForewarnError(f"{workspace.tracking}: {error}; try again") from None
        found = None  # a database that a first start is only just making
    finally:
        connection.close()
    return workspace.models / found[0] if found else None


_ALIASED = """
SELECT t.value FROM registered_model_aliases a
JOIN model_version_tags t ON t.name = a.name AND t.version = a.version AND t.key = ?
WHERE a.name = ? AND a.alias = ?
"""


@contextmanager
def session(workspace: Workspace, config: Config) -> Iterator[tuple[Any, str]]:
    """MLflow's client and our experiment in the workspace's database, made if absent, in silence.

    First starts at once take turns: each would create the tables, and all but one would die.
    """
    os.environ.update(_QUIET)
    workspace.models.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about its own libraries
        import mlflow

        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        with _turn(workspace):
            address = f"sqlite:///{workspace.tracking.resolve()}"
            mlflow.set_tracking_uri(address)
            mlflow.set_registry_uri(address)
            client = mlflow.MlflowClient(address, address)
            found = client.get_experiment_by_name(config.experiment)
            place = (workspace.models.resolve() / _TRACKED).as_uri()
            experiment = (
                found.experiment_id
                if found
                else client.create_experiment(config.experiment, artifact_location=place)
            )
        yield client, experiment


@contextmanager
def _turn(workspace: Workspace) -> Iterator[None]:
    with workspace.tracking.with_suffix(".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _log_forest(model: Model) -> str | None:
    import mlflow.lightgbm
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    forest = model.learner.voices[0].forest
    if forest is None:
        return None
    inputs = Schema([ColSpec("double", name) for name in forest.booster.feature_name()])
    signature = ModelSignature(inputs, Schema([ColSpec("double")]))
    # Without requirements given, MLflow starts a child process to guess them: 38 seconds.
    requirements = [f"lightgbm=={installed('lightgbm')}"]
    logged = mlflow.lightgbm.log_model(
        forest.booster, name="booster", signature=signature, pip_requirements=requirements
    )
    return str(logged.model_uri)


def _end_killed_runs(client: Any, experiment: str) -> None:  # noqa: ANN401
    """A killed training leaves its run `RUNNING` for ever; the workspace lock says it is not."""
    for run in client.search_runs([experiment], "attributes.status = 'RUNNING'"):
        client.set_terminated(run.info.run_id, "KILLED")
