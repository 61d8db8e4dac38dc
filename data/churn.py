"""What losing a customer means for a firm: the end of a contract, or a long silence."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from data.contract import ACTIVITY
from data.errors import BadInputError


@dataclass(frozen=True, kw_only=True)
class ChurnRule:
    """How churn is recognised.

    `contract`: paid service ends and does not start again within `grace_days`.
    `silence`: no row in table `of` during `days` days. An account is a customer to watch while it
    has at least `min_events` rows in all and one in the last `active_days` days (by default twice
    `days`).
    """

    kind: Literal["contract", "silence"] = "contract"
    grace_days: int = 30
    of: str = "usage_events"
    days: int = 180
    min_events: int = 1
    active_days: int = 360

    def to_dict(self) -> dict[str, Any]:
        """The settings that matter for this kind, as they would stand in a mapping file."""
        relevant = (
            ("kind", "grace_days")
            if self.kind == "contract"
            else ("kind", "of", "days", "min_events", "active_days")
        )
        return {name: value for name, value in asdict(self).items() if name in relevant}


_FIELDS = {
    "contract": {"grace_days"},
    "silence": {"of", "days", "min_events", "active_days"},
}


def churn_rule(given: dict[str, Any] | None) -> ChurnRule:
    """The rule that a mapping or settings file declares; None gives the default, contract churn.

    Raises:
        BadInputError: an unknown kind or setting, or a number of days that is not positive.
    """
    settings = dict(given or {})
    kind = settings.pop("kind", "contract")
    if kind not in _FIELDS:
        raise BadInputError(f"churn.kind: expected contract or silence; got {kind!r}")
    unknown = sorted(set(settings) - _FIELDS[kind])
    if unknown:
        raise BadInputError(
            f"churn: unknown setting {unknown[0]!r} for kind {kind}; "
            f"expected some of {sorted(_FIELDS[kind])}"
        )
    for name, value in settings.items():
        _check(name, value)
    if kind == "silence":
        settings.setdefault("days", 180)
        settings.setdefault("active_days", 2 * settings["days"])
    return ChurnRule(kind=kind, **settings)


def _check(name: str, value: object) -> None:
    if name == "of":
        if value not in ACTIVITY:
            raise BadInputError(f"churn.of: expected one of {list(ACTIVITY)}; got {value!r}")
        return
    lowest = 0 if name == "grace_days" else 1
    if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
        raise BadInputError(f"churn.{name}: expected a whole number >= {lowest}; got {value!r}")
