"""The model in use: what is saved, loaded, asked for risks, and asked why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import pandas as pd

from data.errors import BadInputError
from training import artefact
from training.bands import Bands
from training.calibrate import Calibration
from training.explain import Points, contributions, points
from training.fit import margins
from training.matrix import Columns, Numbers, matrix
from training.spec import ChurnSpec

GOLDEN_ROWS = 8
ALL = ""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model with all that is needed to use and to judge it.

    `healthy` holds, per segment and under "" for all, the median of each numeric feature among
    healthy training rows. `golden_rows` are rows of its matrix whose predictions are saved beside
    it, so that a loaded model proves itself.
    """

    text: str
    columns: Columns
    calibration: Calibration
    spec: ChurnSpec
    base_rate: float
    bands: Bands
    healthy: dict[str, dict[str, float]]
    golden_rows: list[list[float | None]]
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    verdict: str = "usable"
    method: str = "lightgbm"
    data_fingerprint: str = ""
    made_by: str = field(default_factory=lambda: installed("forewarn"))

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads, in the order of its matrix."""
        return self.columns.names

    @property
    def version(self) -> str:
        """The first twelve hex digits of the seal."""
        return self.seal[:12]

    @property
    def seal(self) -> str:
        """A checksum of everything the model consists of: other content, other seal."""
        return str(artefact.seal(self.text, self._content)["seal"])

    def risk(self, frame: pd.DataFrame) -> Numbers:
        """Calibrated probability of churn, one per row of a feature table."""
        return self.calibration.risk(margins(self.booster, matrix(frame, self.columns)))

    def points(self, frame: pd.DataFrame) -> Points:
        """Probability points per feature, one row per row of a feature table, with its index."""
        effects, expected = contributions(self.booster, matrix(frame, self.columns))
        found = points(effects, expected, self.calibration, self.features)
        return Points(found.base, found.features.set_axis(frame.index))

    def healthy_value(self, feature: str, segment: str | None) -> float | None:
        """Median among healthy training rows of the segment; of all where the segment is unknown.

        None for a category or a feature that no such row knew.
        """
        return self.healthy.get(segment or ALL, self.healthy[ALL]).get(feature)

    def save(self, folder: Path) -> None:
        """Write the folder, whole or not at all."""
        artefact.write(folder, self.text, self._content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model in `folder`, after its checksums, names and golden predictions were checked.

        Raises:
            MissingError: no model is there.
            BadInputError: the folder was altered, or the model answers differently than it did.
        """
        text, content = artefact.read(folder)
        model = cls(
            text=text,
            columns=Columns.from_dict(content["columns"]),
            calibration=Calibration(**content["calibration"]),
            spec=ChurnSpec.from_dict(content["spec"]),
            bands=Bands(**content["bands"]),
            golden_rows=content["golden"]["rows"],
            **{name: content[name] for name in _PLAIN},
        )
        model._prove(folder, content["golden"]["margins"])
        return model

    def _prove(self, folder: Path, expected: list[float]) -> None:
        try:
            names, got = self.booster.feature_name(), self._golden
        except lgb.basic.LightGBMError as error:
            raise BadInputError(f"{folder}: LightGBM cannot read the model; {error}") from None
        if tuple(names) != self.columns.names:
            raise BadInputError(f"{folder}: the model's features are not those of its description")
        if np.abs(np.subtract(got, expected)).max(initial=0) > artefact.TOLERANCE:
            raise BadInputError(f"{folder}: golden predictions differ; train again")

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's model of the raw log-odds, before calibration."""
        return lgb.Booster(model_str=self.text)

    @cached_property
    def _golden(self) -> list[float]:
        rows = np.array(self.golden_rows, dtype=np.float64)
        return margins(self.booster, rows).tolist()

    @cached_property
    def _content(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "columns": self.columns.to_dict(),
            "calibration": asdict(self.calibration),
            "spec": self.spec.to_dict(),
            "spec_hash": self.spec.hash,
            "bands": asdict(self.bands),
            "golden": {"rows": self.golden_rows, "margins": self._golden},
        }


_PLAIN = ("base_rate", "healthy", "metrics", "verdict", "method", "data_fingerprint", "made_by")


def golden(X: Numbers) -> list[list[float | None]]:
    """A few rows spread over the matrix; unknown values are None, as JSON has no NaN."""
    picks = np.unique(np.linspace(0, len(X) - 1, GOLDEN_ROWS).astype(int))
    return [[None if np.isnan(value) else float(value) for value in row] for row in X[picks]]


def healthy_medians(
    frame: pd.DataFrame, columns: Columns, segment: pd.Series | None
) -> dict[str, dict[str, float]]:
    """Medians of the numeric features of `frame` (healthy rows), for all ("") and per segment."""
    numeric = [name for name in columns.names if name not in columns.codes]
    groups = {ALL: frame[numeric].median()}
    if segment is not None:
        per_segment = frame[numeric].groupby(segment).median()
        groups |= {str(name): row for name, row in per_segment.iterrows()}
    return {
        name: {str(feature): float(value) for feature, value in row.dropna().items()}
        for name, row in groups.items()
    }
