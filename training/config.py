"""The settings of a firm, read from `mlflow.yml`, checked, and frozen."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from data.churn import ChurnRule, churn_rule
from data.engine import EngineName
from data.errors import BadInputError
from training.spec import ChurnSpec

DEFAULT_FILE = Path("mlflow.yml")


def _rule(given: object) -> object:
    return given if given is None or isinstance(given, ChurnRule) else churn_rule(_mapping(given))


def _mapping(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadInputError(f"churn: expected settings such as `kind: contract`; got {given!r}")
    return given


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class BandRule(_Settings):
    """A band starts where the odds of churn are this many times the odds at the base rate."""

    high: float = Field(default=4.0, gt=1)
    elevated: float = Field(default=2.0, gt=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high <= self.elevated:
            raise ValueError("`high` above `elevated`")
        return self


class Preset(_Settings):
    """LightGBM settings of each forest of a bag; small on purpose, because churners are few."""

    n_estimators: int = Field(default=60, ge=1, le=5000)
    learning_rate: float = Field(default=0.075, gt=0, le=1)
    num_leaves: int = Field(default=8, ge=2, le=255)
    min_child_samples: int = Field(default=20, ge=1)
    shrinkage_rows: float = Field(default=60.0, ge=0)
    feature_fraction: float = Field(default=0.5, gt=0, le=1)
    bagging_fraction: float = Field(default=0.5, gt=0, le=1)
    num_threads: int = Field(default=2, ge=1)


Horizon = Annotated[int, Field(ge=7, le=730)]


class Config(_Settings):
    """Every setting of training and scoring; the defaults are those of the file `mlflow.yml`."""

    experiment: str = Field(default="forewarn", min_length=1)
    registered_model: str = Field(default="forewarn", pattern=r"^[A-Za-z0-9_-]+$")
    engine: EngineName = "duckdb"
    churn: Annotated[ChurnRule | None, BeforeValidator(_rule)] = None
    horizon_days: int = Field(default=90, ge=7, le=730)
    horizons: Annotated[tuple[Horizon, ...], Field(strict=False)] = (30, 60, 90, 180, 365)
    lead_days: int = Field(default=14, ge=0)
    min_history_days: int = Field(default=56, ge=0)
    contraction_frac: float = Field(default=0.2, gt=0, lt=1)
    data_latency_days: int = Field(default=0, ge=0)
    train_share: float = Field(default=0.6, gt=0, le=0.6)
    bootstrap: int = Field(default=500, ge=100, le=10_000)
    capacity: int = Field(default=25, ge=1)
    seed: int = Field(default=0, ge=0)
    bands: BandRule = BandRule()
    rules: Annotated[Path | None, Field(strict=False)] = None
    health: Annotated[Path | None, Field(strict=False)] = None
    scorecard: Annotated[Path | None, Field(strict=False)] = None
    lightgbm: Preset = Preset()
    search_trials: int = Field(default=40, ge=0, le=200)

    @model_validator(mode="after")
    def _window_is_not_empty(self) -> Self:
        if self.lead_days >= self.horizon_days:
            raise ValueError("`lead_days` below `horizon_days`")
        return self

    def spec(self, declared: ChurnRule) -> ChurnSpec:
        """What is predicted; `declared` is the mapping's rule, which `churn` here overrides."""
        return ChurnSpec(
            rule=self.churn or declared,
            horizon_days=self.horizon_days,
            lead_days=self.lead_days,
            min_history_days=self.min_history_days,
            contraction_frac=self.contraction_frac,
            data_latency_days=self.data_latency_days,
        )


def load_config(path: Path | None = None) -> Config:
    """The settings in `path`; without a path those in `mlflow.yml` here, or else the defaults.

    Raises:
        BadInputError: no such file, not YAML, an unknown setting, or a value of the wrong kind.
    """
    file = path or DEFAULT_FILE
    if not file.exists():
        if path is None:
            return Config()
        raise BadInputError(f"{file}: no such settings file; leave out --config for the defaults")
    content = _read(file)
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        raise BadInputError(f"{file}: {_first(error)}") from None
    except BadInputError as error:
        raise BadInputError(f"{file}: {error}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{file}: expected YAML text; {reason}") from None
    if not isinstance(content, dict):
        raise BadInputError(f"{file}: expected lines `setting: value`; got {content!r:.60}")
    return content


def _first(error: ValidationError) -> str:
    """One line on the first thing that is wrong."""
    problem = error.errors()[0]
    name = ".".join(map(str, problem["loc"])) or "settings"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {name!r}; {_nearest(str(problem['loc'][-1]))}"
    wanted = problem["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    plain = wanted.replace("a valid integer", "a whole number").replace("valid ", "")
    return f"{name}: expected {plain}; got {problem['input']!r:.60}"


def _nearest(unknown: str) -> str:
    known = {name: name for name in Config.model_fields}
    known |= {name: f"bands.{name}" for name in BandRule.model_fields}
    known |= {name: f"lightgbm.{name}" for name in Preset.model_fields}
    near = difflib.get_close_matches(unknown, known, n=1, cutoff=0.5)
    return f"did you mean {known[near[0]]!r}?" if near else f"expected some of {sorted(known)}"
