"""What a file of plays may say: each play, when it is suggested, and how much work there is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, field_validator

from data.errors import unknown
from features.catalog import BY_NAME, FAMILIES
from serving.records import Band

Role = Literal["csm", "executive", "support", "product", "manager"]
GoalKind = Literal["onboarding", "activation", "outcome", "integration"]
# What customers speak of, as their own words are sorted.
Category = Literal[
    "renewal_likelihood",
    "upsell_readiness",
    "onboarding_clarity",
    "value_realisation",
    "support_friction",
    "pricing_perception",
]
_Text = Annotated[str, Field(min_length=1, max_length=200)]
_Days = Annotated[int, Field(ge=1, le=3650)]


def _edge(given: object) -> object:
    number = isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given <= 1
    if number or given in ("elevated", "high"):
        return given
    raise ValueError("`elevated`, `high`, or a risk from 0 to 1")


# A risk: the limit of a band, or a number.
Edge = Annotated[float | str, PlainValidator(_edge)]


def _several(given: object) -> object:
    return [given] if isinstance(given, str) else given


def _one_of(what: str, known: frozenset[str]) -> BeforeValidator:
    def checked(given: object) -> object:
        for name in given if isinstance(given, list) else []:
            if name not in known:
                raise ValueError(str(unknown(what, str(name), known)))
        return given

    return BeforeValidator(checked)


_Families = Annotated[
    tuple[str, ...],
    Field(strict=False),
    _one_of("family", frozenset(f.name for f in FAMILIES if f.name != "profile")),
    BeforeValidator(_several),
]
_Features = Annotated[tuple[str, ...], Field(strict=False), _one_of("feature", frozenset(BY_NAME))]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Condition(_Settings):
    """What must be so of an account for a play to be suggested; all that is said, none by default.

    `reason` is a family of features that raises its risk by at least `points`, by one of `features`
    if those are given. `rating` is whether the newest rating (NPS), unless it is too old to count
    (`situation.LATELY_DAYS`), is above or below the ones before it, the higher of which is
    `rated_at_least`. `words` are categories of what they said of which one is as urgent as
    `urgency_at_least`.
    """

    reason: _Families = ()
    features: _Features = ()
    points: float = Field(default=0.02, gt=0, le=1)
    bands: Annotated[tuple[Band, ...], Field(strict=False)] = ()
    renewal_within_days: _Days | None = None
    customer_months_below: Annotated[int, Field(ge=1)] | None = None
    champions_left: Annotated[int, Field(ge=1)] | None = None
    engaged_people_at_most: Annotated[int, Field(ge=0)] | None = None
    silent_days_at_least: _Days | None = None
    goals_overdue: Annotated[tuple[GoalKind, ...], Field(strict=False)] = ()
    rating: Literal["rose", "fell"] | None = None
    rated_at_least: Annotated[float, Field(ge=0, le=10)] = 0
    words: Annotated[tuple[Category, ...], Field(strict=False)] = ()
    urgency_at_least: Annotated[float, Field(ge=0, le=1)] = 0
    health_below: Annotated[float, Field(gt=0, le=100)] | None = None
    pulse_at_most: Annotated[float, Field(ge=1, le=5)] | None = None


class Play(_Settings):
    """One play: its name, what suggests it, who does it, how, by when, and how success shows.

    After it was closed it is not suggested again for `cool_down_days`. Where it is called for, the
    plays that it goes `instead` of are not, by their ids.
    """

    name: _Text
    when: Annotated[tuple[Condition, ...], Field(strict=False, min_length=1)]
    instead: Annotated[tuple[str, ...], Field(strict=False)] = ()
    owner: Role
    steps: Annotated[tuple[_Text, ...], Field(strict=False, min_length=1, max_length=8)]
    success: _Text
    due_days: _Days
    cool_down_days: _Days


class HoldOut(_Settings):
    """What chance keeps back, so that plays can be compared with no play.

    That is a `share` of what would be suggested at risks from the edge `above` and `below` another,
    for as long as it is followed what becomes of the account.
    """

    share: float = Field(default=0.2, ge=0, le=0.9)
    above: Edge = "elevated"
    below: Edge = "high"


class Alerts(_Settings):
    """When somebody is told: once a risk comes `above` an edge, and at `checkpoints`.

    It is told again only after it was below the share `rearm` of that edge. A checkpoint is so many
    days before a renewal.
    """

    above: Edge = "high"
    rearm: float = Field(default=0.8, gt=0, le=1)
    checkpoints: Annotated[tuple[_Days, ...], Field(strict=False)] = (180, 90)


class Work(_Settings):
    """How much is suggested at once, and what is kept back."""

    per_account: int = Field(default=2, ge=1, le=10)
    weekly_budget: int = Field(default=5, ge=1, le=1000)
    expire_days: _Days = 14
    hold_out: HoldOut = HoldOut()
    alerts: Alerts = Alerts()


class Playbook(_Settings):
    """A file of plays, by id, in its order: earlier ones go first where nothing else decides."""

    work: Work = Work()
    plays: Annotated[Mapping[str, Play], Field(min_length=1)]

    @field_validator("plays")
    @classmethod
    def _instead_of_plays(cls, plays: Mapping[str, Play]) -> Mapping[str, Play]:
        for id_, play in plays.items():
            for other in play.instead:
                if other not in plays or other == id_:
                    raise ValueError(str(unknown("play", other, {*plays} - {id_})))
                if plays[other].instead:
                    raise ValueError(f"that {other}, for which {id_} goes, goes for none")
        return plays

    def id_of(self, name: str) -> str | None:
        """The id of the play of that name, or with that id; None of one of the firm's own."""
        if name in self.plays:
            return name
        return next((id_ for id_, play in self.plays.items() if play.name == name), None)

    @cached_property
    def for_families(self) -> dict[str, str]:
        """The first play that is suggested for a family of reasons whatever else is so, by family.

        Those that want certain features or new customers are for few, and left out.
        """
        found: dict[str, str] = {}
        for id_, play in self.plays.items():
            for condition in play.when:
                if not condition.features and condition.customer_months_below is None:
                    found |= {name: id_ for name in condition.reason if name not in found}
        return found
