"""Why, as the API answers it: lists instead of mappings, and each number beside its words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Self

from pydantic import BaseModel

from serving import records
from serving.records import Probability


class Row(BaseModel):
    """A row of the firm's own data that stands behind a reason."""

    source: str
    row_id: str | None = None
    day: date
    happened_at: datetime
    what: str

    @classmethod
    def of(cls, item: records.Evidence) -> Self:
        """That of an evidence, whose time is naive UTC."""
        return cls(
            source=item.source,
            row_id=item.row_id,
            day=item.happened_at.date(),
            happened_at=item.happened_at.replace(tzinfo=UTC),
            what=item.what,
        )


class Driver(BaseModel):
    """What one family of signs does to the risk; `points` of all and `base` add up to the risk.

    `shown` are whole percentage points, which add up to the percentage shown. A driver that is
    `context` describes the account and is no reason to act.
    """

    family: str
    label: str
    context: bool
    direction: str
    points: float
    shown: int
    says: str | None = None
    claim: str
    sentence: str
    feature: str | None = None
    unit: str | None = None
    value: float | None = None
    value_text: str | None = None
    usual: float | None = None
    usual_text: str | None = None
    healthy: float | None = None
    healthy_text: str | None = None
    data_until: date
    rows: list[Row]
    why_no_rows: str | None = None

    @classmethod
    def of(cls, driver: records.Driver) -> Self:
        """That of a driver of a published explanation."""
        return cls(
            **driver.model_dump(include=_DRIVER),
            unit=driver.unit or None,
            **_number("value", driver.value),
            **_number("usual", driver.usual),
            **_number("healthy", driver.healthy),
            rows=[Row.of(item) for item in driver.evidence],
            why_no_rows=driver.why_no_rows or None,
        )


class Move(BaseModel):
    """What a family of signs did to the risk since the batch before.

    `value` is that of today, and `previous` that of then, of the one sign that it speaks of.
    """

    family: str
    label: str
    context: bool
    points: float
    shown: int
    says: str | None = None
    claim: str
    feature: str | None = None
    unit: str | None = None
    value: float | None = None
    value_text: str | None = None
    previous: float | None = None
    previous_text: str | None = None

    @classmethod
    def of(cls, move: records.Move) -> Self:
        """That of a move of a published change."""
        return cls(
            **move.model_dump(include=_MOVE),
            unit=move.unit or None,
            **_number("value", move.value),
            **_number("previous", move.before),
        )


class Change(BaseModel):
    """What moved the risk since the batch before: parts that add up.

    `previous_risk` and the points of the account, of its data and of the model add up to the risk;
    the points of all `moves` add up to those of the account. `events` happened since.
    """

    since: date
    since_batch_id: str
    since_model_version: str
    previous_risk: Probability
    account_points: float
    account_shown: int
    data_points: float
    data_shown: int
    model_points: float
    model_shown: int
    sentence: str
    moves: list[Move]
    events: list[Row]

    @classmethod
    def of(cls, change: records.Change) -> Self:
        """That of a published change."""
        return cls(
            since=change.since,
            since_batch_id=change.batch_id,
            since_model_version=change.model_version,
            previous_risk=change.before,
            account_points=change.account,
            account_shown=change.account_shown,
            data_points=change.data,
            data_shown=change.data_shown,
            model_points=change.model,
            model_shown=change.model_shown,
            sentence=change.sentence,
            moves=[Move.of(move) for move in change.moves],
            events=[Row.of(item) for item in change.events],
        )


class Gap(BaseModel):
    """What a family of signs does to the risk beside that of healthy peers."""

    family: str
    label: str
    context: bool
    points: float
    shown: int


class Peers(BaseModel):
    """Healthy accounts like this one; their `risk` and the points of all gaps add up to its own."""

    accounts: int
    traits: list[str]
    risk: Probability
    risk_shown: int
    sentence: str
    gaps: list[Gap]

    @classmethod
    def of(cls, peers: records.Peers) -> Self:
        """Those of a published explanation."""
        return cls(
            accounts=peers.n,
            traits=list(peers.traits),
            risk=peers.risk,
            risk_shown=peers.risk_shown,
            sentence=peers.sentence,
            gaps=[Gap(**gap.model_dump()) for gap in peers.gaps],
        )


class Setting(BaseModel):
    """A sign and the value that it is set to."""

    feature: str
    value: float


class Lever(BaseModel):
    """What the model would estimate if some signs had other values; no promise that it falls so.

    `with_them` say the same in another way and were set along with them.
    """

    risk: Probability
    sentence: str
    settings: list[Setting]
    with_them: list[Setting]

    @classmethod
    def of(cls, lever: records.Lever) -> Self:
        """That of a published explanation."""
        return cls(
            risk=lever.risk,
            sentence=lever.sentence,
            settings=_settings(lever.features),
            with_them=_settings(lever.with_them),
        )


class Twin(BaseModel):
    """A past account that the same families of signs moved, and what became of it."""

    account_id: str
    name: str | None = None
    as_of: date
    became: str | None = None
    left_on: date | None = None
    families: list[str]
    sentence: str


class Explanation(BaseModel):
    """Where a risk comes from: `base` and the points of all drivers, the strongest first."""

    base: float
    base_shown: int
    risk_shown: int
    drivers: list[Driver]
    change: Change | None = None
    peers: Peers | None = None
    levers: list[Lever]
    twins: list[Twin]

    @classmethod
    def of(cls, why: records.Explanation) -> Self:
        """That of a published account."""
        return cls(
            base=why.base,
            base_shown=why.base_shown,
            risk_shown=why.risk_shown,
            drivers=[Driver.of(driver) for driver in why.drivers],
            change=None if why.change is None else Change.of(why.change),
            peers=None if why.peers is None else Peers.of(why.peers),
            levers=[Lever.of(lever) for lever in why.levers],
            twins=[Twin(**twin.model_dump()) for twin in why.twins],
        )


_MOVE = {"family", "label", "context", "points", "shown", "says", "claim", "feature"}
_DRIVER = {*_MOVE, "direction", "sentence", "data_until"}


def _number(name: str, measured: records.Measure | None) -> dict[str, Any]:
    if measured is None:
        return {}
    return {name: measured.value, f"{name}_text": measured.text or None}


def _settings(values: Mapping[str, float]) -> list[Setting]:
    return [Setting(feature=name, value=value) for name, value in values.items()]
