"""The model in use: what is saved, loaded, asked for risks, and asked why."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Self

import lightgbm as lgb
import numpy as np
import pandas as pd

from data.errors import BadInputError
from data.version import forewarn_version
from training import artefact, peers, twins
from training.bands import Bands
from training.explain import Points, apart, moved, points
from training.learner import Learner
from training.matrix import Numbers
from training.spec import ChurnSpec
from training.voice import tables

GOLDEN_ROWS = 8
FORETOLD = ("account_id", "as_of", "label", "risk", "arr", "segment")
Golden = list[list[float | None]]


@dataclass(frozen=True, kw_only=True)
class Model:
    """A trained model with all that is needed to use and to judge it.

    `golden_rows` are, per forest, rows of its matrix whose predictions are saved beside it, so that
    a loaded model proves itself. `rung` tells how few churned accounts it rests on, and `foretold`
    what it and its kind said of the past before it was known: account_id, as_of, label, risk, arr
    and segment of the rows of its backtest. `peers` are healthy accounts as `training.peers.pool`
    gives them, `twins` past accounts as `training.twins.past` does, and `journeys` is what
    `training.journeys.course` told of both cohorts, and `report` what its training found, as
    `TrainingReport.kept` has it: both for whoever shows them. `first_seal` is the seal that it was
    made with, where an account was taken out of these tables since.
    """

    learner: Learner
    spec: ChurnSpec
    base_rate: float
    bands: Bands
    golden_rows: list[Golden]
    rung: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, dict[str, float | None]] = field(default_factory=dict)
    verdict: str = "usable"
    audit: str = ""
    data_fingerprint: str = ""
    data_until: str = ""
    foretold: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(FORETOLD)), compare=False
    )
    peers: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    twins: pd.DataFrame = field(default_factory=pd.DataFrame, compare=False)
    journeys: dict[str, list[dict[str, Any]]] = field(default_factory=dict, compare=False)
    report: dict[str, Any] = field(default_factory=dict, compare=False)
    made_by: str = field(default_factory=forewarn_version)
    first_seal: str = ""

    @property
    def method(self) -> str:
        """How it came to know: rules, blend, hazard, classifier."""
        return self.learner.method

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features it reads."""
        return self.learner.names

    @property
    def version(self) -> str:
        """The first twelve hex digits of the seal that it was made with."""
        return (self.first_seal or self.seal)[:12]

    @property
    def seal(self) -> str:
        """A checksum of everything the model consists of: other content, other seal."""
        return str(artefact.seal(self._texts, self._content)["seal"])

    def risk(self, frame: pd.DataFrame) -> Numbers:
        """Calibrated probability of churn, one per row of a feature table."""
        return self.learner.risk(frame)

    def risks(self, frame: pd.DataFrame) -> dict[int, Numbers]:
        """The risk within so many days, by the days of every horizon; it never falls with them."""
        return self.learner.risks(frame)

    def causes(self, frame: pd.DataFrame) -> dict[str, Numbers]:
        """What each cause has in the risk, by cause; they add up to it. Empty if not told apart."""
        found = self.learner.incidence(frame)
        at = self.learner.near[-1]
        return {cause: table[:, at] for cause, table in found.items()} if len(found) > 1 else {}

    def band(self, frame: pd.DataFrame) -> tuple[Numbers, Numbers]:
        """The 80 % band of the estimate around the risk, low and high, one each per row."""
        return self.learner.band(frame)

    def points(self, frame: pd.DataFrame) -> Points:
        """Probability points per feature, one row per row of a feature table, with its index."""
        return points(self.learner, frame)

    def moved(self, before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
        """Points that each feature adds to the risk between two tables of rows, one by one."""
        return moved(self.learner, before, after)

    def apart(
        self, background: Sequence[pd.DataFrame], rows: Sequence[pd.DataFrame]
    ) -> list[Points]:
        """Points that set rows apart from the mean of a background, group by group."""
        return apart(self.learner, background, rows)

    def save(self, folder: Path) -> None:
        """Write the folder, whole or not at all."""
        artefact.write(folder, self._texts, self._content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model in `folder`, after its checksums, names and golden predictions were checked.

        Raises:
            MissingError: no model is there.
            BadInputError: the folder was altered, or the model answers differently than it did.
        """
        texts, content = artefact.read(folder)
        forests = [texts[forest["file"]] for forest in content["forests"]]
        model = cls(
            learner=Learner.from_dict(content["learner"], forests),
            spec=ChurnSpec.from_dict(content["spec"]),
            bands=Bands(**content["bands"]),
            golden_rows=[forest["rows"] for forest in content["forests"]],
            foretold=_read_foretold(texts[artefact.FORETOLD]),
            peers=_table(texts, artefact.PEERS, peers.from_text),
            twins=_table(texts, artefact.TWINS, twins.from_text),
            journeys=json.loads(texts.get(artefact.JOURNEYS, "{}")),
            report=json.loads(texts.get(artefact.REPORT, "{}")),
            first_seal=content.get(artefact.FIRST_SEAL, ""),
            **{name: content[name] for name in _PLAIN},
        )
        model._prove(folder, content["forests"])
        return model

    def _prove(self, folder: Path, forests: list[dict[str, Any]]) -> None:
        try:
            got = self._forests
        except lgb.basic.LightGBMError as error:
            raise BadInputError(f"{folder}: LightGBM cannot read the model; {error}") from None
        for ours, wanted in zip(got, forests, strict=True):
            if ours["names"] != wanted["names"]:
                raise BadInputError(
                    f"{folder}: the model's features are not those of its description"
                )
            distance = np.abs(np.subtract(ours["margins"], wanted["margins"]))
            if distance.max(initial=0) > artefact.TOLERANCE:
                raise BadInputError(f"{folder}: golden predictions differ; train again")

    @cached_property
    def _forests(self) -> list[dict[str, Any]]:
        forests = [voice.forest for voice in self.learner.voices if voice.forest is not None]
        return [
            {
                "file": artefact.forest_file(number),
                "names": forest.booster.feature_name(),
                "rows": rows,
                "margins": forest.margins(np.array(rows, dtype=np.float64)).tolist(),
            }
            for number, (forest, rows) in enumerate(zip(forests, self.golden_rows, strict=True))
        ]

    @cached_property
    def _texts(self) -> dict[str, str]:
        forests = [voice.forest for voice in self.learner.voices if voice.forest is not None]
        texts = {artefact.forest_file(n): forest.text for n, forest in enumerate(forests)}
        foretold = self.foretold.to_csv(
            index=False, date_format="%Y-%m-%d", quoting=csv.QUOTE_NONNUMERIC
        )
        if len(self.peers):
            texts[artefact.PEERS] = peers.to_text(self.peers)
        if len(self.twins):
            texts[artefact.TWINS] = twins.to_text(self.twins)
        for name, told in ((artefact.JOURNEYS, self.journeys), (artefact.REPORT, self.report)):
            if told:
                texts[name] = json.dumps(told, indent=1, allow_nan=False) + "\n"
        return {**texts, artefact.FORETOLD: foretold}

    @cached_property
    def _content(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in _PLAIN},
            "method": self.method,
            "learner": self.learner.to_dict(),
            "spec": self.spec.to_dict(),
            "spec_hash": self.spec.hash,
            "bands": asdict(self.bands),
            "forests": self._forests,
            **({artefact.FIRST_SEAL: self.first_seal} if self.first_seal else {}),
        }


_PLAIN = (
    *("base_rate", "rung", "metrics", "verdict", "audit"),
    *("data_fingerprint", "data_until", "made_by"),
)


def golden(learner: Learner, frame: pd.DataFrame) -> list[Golden]:
    """Per forest a few rows of its matrix, spread over the table and over its periods.

    Unknown values are None, as JSON has no NaN.
    """
    picks = np.unique(np.linspace(0, len(frame) - 1, GOLDEN_ROWS).astype(int))
    some = frame.iloc[picks]
    found = []
    for voice in learner.voices:
        if voice.columns is not None:
            X = next(tables(some, voice.columns, learner.periods, voice.periods[-1:]))
            found.append([[None if np.isnan(v) else float(v) for v in row] for row in X])
    return found


def _table(
    texts: Mapping[str, str], name: str, read: Callable[[str], pd.DataFrame]
) -> pd.DataFrame:
    return read(texts[name]) if name in texts else pd.DataFrame()


def _read_foretold(text: str) -> pd.DataFrame:
    # An account may be called NA; only what is empty is unknown.
    kinds: dict[str, type] = {"account_id": str, "segment": str}
    kinds |= dict.fromkeys(("label", "risk", "arr"), float)
    unknown = {name: [""] for name in FORETOLD if name != "account_id"}
    return pd.read_csv(
        StringIO(text, newline=""),
        dtype=kinds,
        parse_dates=["as_of"],
        keep_default_na=False,
        na_values=unknown,
    )
