"""What the landed data can speak about at a moment, read from the lake and never written to it."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from data.engine import SqlError
from data.errors import ForewarnError
from data.workspace import Workspace
from features.build import Glance
from features.workbench import Sight
from serving.facts import baseline
from serving.ondemand.asked import OutOfReachError
from serving.score import STALE_AFTER_DAYS

MOST_GROUNDS = 8


@dataclass(frozen=True)
class Ground:
    """The moments of a baseline, the asked one last, and how the feeds of the lake were then."""

    moments: tuple[pd.Timestamp, ...]
    data_until: pd.Timestamp
    landed: dict[str, Any]
    states: pd.DataFrame
    _sights: dict[frozenset[str], Sight] = field(default_factory=dict)

    @property
    def moment(self) -> pd.Timestamp:
        """The asked moment."""
        return self.moments[-1]

    def sight(self, unknown_tables: Collection[str]) -> Sight:
        """What can be spoken about where the asker knows nothing of some tables."""
        key = frozenset(unknown_tables)
        if key not in self._sights:
            self._sights[key] = Sight.of(self.moments, self.landed, self.states, withheld=key)
        return self._sights[key]


class Grounds:
    """Remembers what was read of the lake for some moments, until another lake is landed."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._of = lru_cache(MOST_GROUNDS)(self._read)

    def at(self, as_of: date) -> Ground:
        """The ground of a moment.

        Raises:
            OutOfReachError: the data cannot speak about a moment so far from them.
            ForewarnError: nothing was landed, or it cannot be read.
        """
        manifest = self._workspace.lake / "manifest.json"
        try:
            landing = manifest.stat().st_mtime_ns if manifest.exists() else 0
            return self._of(as_of, landing)
        except (SqlError, OSError):
            # Most likely another lake took its place just now.
            raise ForewarnError(f"{self._workspace.lake} cannot be read just now") from None

    def _read(self, as_of: date, _landing: int) -> Ground:
        manifest, moment = self._workspace.manifest(), pd.Timestamp(as_of).as_unit("us")
        until = pd.Timestamp(manifest["data_until"])
        with (
            tempfile.TemporaryDirectory() as spill,
            Glance.at(self._workspace, spill=Path(spill)) as lake,
        ):
            first, since = lake.since()
            last = until + pd.Timedelta(days=STALE_AFTER_DAYS)
            if not first <= moment <= last:
                raise OutOfReachError(
                    f"expected a day from {first:%Y-%m-%d} to {last:%Y-%m-%d}, which is as "
                    f"far as the data of the firm can speak; got {as_of}"
                )
            moments = tuple(sorted(baseline(moment, since=since)))
            return Ground(moments, until, manifest["tables"], lake.feeds(moments))
