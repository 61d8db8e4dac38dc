"""What is published and read back: a batch, an account's risk, and why."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.practice.record import Practice

Band = Literal["high", "elevated", "low"]
Status = Literal["scored", "decided", "insufficient_history"]
Probability = Annotated[float, Field(ge=0, le=1)]
# How many of an account's reasons are told wherever it is listed.
TOLD = 3
# What sort of sentence a reason is: one about a feature (`serving.claims`), or one about a family.
Says = Literal[
    "high",
    "low",
    "rising",
    "falling",
    "missing",
    "protective",
    "together",
    "unknown",
    "context",
    "nothing",
]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Evidence(_Record):
    """One landed row behind a driver; `row_id` is the source's own id, where it has one.

    `kind` and `args` are what `what` tells in words.
    """

    source: str
    row_id: str | None = None
    happened_at: datetime
    kind: str = ""
    args: dict[str, str | float | bool] = {}
    what: str = ""


class Measure(_Record):
    """A value as a number and as a person reads it, with its unit."""

    value: float
    text: str = ""


class Driver(_Record):
    """What one family of features does to the risk of one account.

    `points` are probability points; over all drivers of an explanation they add up, with `base`, to
    the risk. `shown` are whole percentage points that add up to the whole percentage shown.
    `claim` is the plain statement; `sentence` adds the account's usual value and that of healthy
    peers, and what happened. `says` is the kind of statement it is, and `feature` the one that it
    speaks of; None when several signs work together. `usual` is the account's own median over
    earlier snapshots, `healthy` that of healthy peers. `why_no_rows` tells it where no landed row
    is listed. A `context` driver describes the account and is never a reason to act.
    """

    family: str
    label: str = ""
    context: bool
    points: float
    shown: int
    direction: Literal["raises", "lowers", "none"]
    says: Says | None = None
    claim: str = ""
    sentence: str = ""
    feature: str | None = None
    unit: str = ""
    value: Measure | None = None
    usual: Measure | None = None
    healthy: Measure | None = None
    data_until: date
    evidence: tuple[Evidence, ...] = ()
    why_no_rows: str = ""


class Move(_Record):
    """What a family did to the risk between two batches.

    `feature` is the one that its claim speaks of, now of `value` and of `before` at the earlier
    batch; None when several signs moved together.
    """

    family: str
    label: str = ""
    context: bool
    points: float
    shown: int
    says: Says | None = None
    claim: str = ""
    feature: str | None = None
    unit: str = ""
    value: Measure | None = None
    before: Measure | None = None


class Change(_Record):
    """What moved the risk since the batch `batch_id` of `since`, which was `before`.

    `before` + `account` + `data` + `model` is the risk of today, and the points of all moves add up
    to `account`: the account itself moved. `data`: feeds that began or stopped, and what was
    corrected of the past. `model`: what another model says of the same row. The `_shown` are whole
    percentage points and add up as well. `events` happened since in the families that moved most.
    """

    since: date
    batch_id: str
    model_version: str
    before: Probability
    before_shown: int
    after_shown: int
    account: float
    account_shown: int
    data: float
    data_shown: int
    model: float
    model_shown: int
    moves: tuple[Move, ...]
    events: tuple[Evidence, ...] = ()
    sentence: str = ""


class Gap(_Record):
    """What a family does to the risk beside that of healthy peers, in points."""

    family: str
    label: str = ""
    context: bool
    points: float
    shown: int


class Peers(_Record):
    """Healthy accounts like it: `n` that share the `traits`, out of segment, tenure, contract.

    `risk` is what the model says of an account in their middle (at the mean of their log-odds); the
    points of all gaps add up from there to the account's own risk.
    """

    n: int
    traits: tuple[str, ...]
    risk: Probability
    risk_shown: int
    gaps: tuple[Gap, ...]
    sentence: str = ""


class Lever(_Record):
    """What the model would estimate if these features had these values, and that as a sentence.

    `with_them` are features that say the same in another way and were set along with them.
    """

    risk: Probability
    features: dict[str, float]
    with_them: dict[str, float] = {}
    sentence: str = ""


class Twin(_Record):
    """A past account that the same `families` moved, on `as_of`, and what became of it.

    `became`: left (on `left_on`), back (left then, and a customer again now), silent (for the
    window, where silence is what counts as leaving), or stayed.
    """

    account_id: str
    name: str | None = None
    as_of: date
    became: Literal["left", "back", "silent", "stayed"] | None = None
    left_on: date | None = None
    families: tuple[str, ...]
    sentence: str = ""


class Explanation(_Record):
    """`base` plus the points of all drivers is the risk; drivers stand with the strongest first.

    `change` tells what moved the risk since the batch before; None where that did not score the
    account, or predicted something else. `levers` are what it would be if something were as
    healthy accounts have it, the lowest estimate first, `twins` past accounts that are alike, and
    `peers` tells what sets it apart from healthy accounts like it, where any are known.
    """

    base: float
    base_shown: int
    risk_shown: int
    drivers: tuple[Driver, ...]
    change: Change | None = None
    peers: Peers | None = None
    levers: tuple[Lever, ...] = ()
    twins: tuple[Twin, ...] = ()

    def reasons(self, limit: int | None = None) -> tuple[Driver, ...]:
        """The drivers that raise the risk and can be acted on, strongest first."""
        return tuple(d for d in self.drivers if d.shown > 0 and not d.context)[:limit]


class Person(_Record):
    """Somebody at an account, as known at the moment of a batch.

    `last_inbound` is the day on which they last came to us or answered, `last_outbound` that of our
    last touch with them, `answered` the share of our messages of half a year that they answered,
    and `last_use` when they used the product in the last year. `share` is their part of what the
    account's people said to us in half a year: over all of them it adds up to 1, and is None where
    nobody said anything. `main` carries most of that.
    """

    contact_id: str
    name: str | None = None
    role: str | None = None
    joined_on: date | None = None
    left_on: date | None = None
    last_inbound: date | None = None
    last_outbound: date | None = None
    answered: Probability | None = None
    last_use: date | None = None
    share: Probability | None = None
    main: bool = False


class Goal(_Record):
    """What a customer wants to reach, and how that stood at the moment of a batch."""

    goal_id: str
    kind: str | None = None
    set_on: date
    due_on: date | None = None
    achieved_on: date | None = None
    abandoned_on: date | None = None
    baseline: float | None = None
    current: float | None = None
    target: float | None = None
    state: Literal["achieved", "abandoned", "overdue", "open"]


class Standing(_Record):
    """How an account stands with us: its running contract, and what its manager thinks of it.

    `pulse` is the newest judgement that was landed, from 1 (worst) to 5, even if it has expired.
    """

    plan: str | None = None
    seats: int | None = None
    auto_renew: bool | None = None
    customer_since: date | None = None
    term_started_on: date | None = None
    pulse: float | None = None
    pulse_at: date | None = None
    pulse_by: str | None = None


class Dossier(_Record):
    """What is known of an account beside its risk, for who prepares a talk with it.

    The most important people stand first, and `more_people` says how many are left out; so with
    goals, overdue ones first. Both are None where no source tells of any. `timeline` is what
    happened within a year, the newest first; its rows have no words before `serving.dossier.told`
    gives them some.
    """

    people: tuple[Person, ...] | None = None
    more_people: int = 0
    goals: tuple[Goal, ...] | None = None
    more_goals: int = 0
    timeline: tuple[Evidence, ...] = ()
    facts: Standing = Standing()


class AccountRisk(_Record):
    """One account in one batch.

    `risk` is the calibrated probability of churn within the batch's horizon; it is given exactly
    when `status` is "scored". `risks` has it for every horizon that the model speaks of, by days,
    never falling with them; at the batch's horizon it is `risk` exactly. `risk_low` and `risk_high`
    are the 80 % band of the estimate: how far it might move with other accounts to learn from, not
    how sure it is that this one leaves. `causes` shares the risk out between leaving voluntarily
    and by failed payments, where the model tells them apart. `method` is how the model came to
    know. `previous_risk` is that of the batch before, where it predicted the same of the account,
    and `driver` the family of the strongest reason. An account without a risk has none of these.
    `notice_at` is when an account said that it leaves, and `champions_left` counts the champions
    and executives known to have left it within half a year. `arr` is yearly revenue, `arr_at_risk`
    is risk times arr; both None when revenue is unknown. `coverage` is the known share of the
    model's features, 0 to 1. `last_inbound_at` is when somebody there last came to us or answered,
    None for never; `engaged_people` counts who did so in 90 days, and is None where that cannot be
    known: then None is not never. `pulse` is the newest landed judgement of its manager, of
    `pulse_at`. The `dossier` comes with one account at a time, and is never shown unasked; so
    does the `practice`, which is filled where a batch is made and read part by part elsewhere.
    `judged` tells, where one account that is served was asked for, whether a pulse of it was ever
    written.
    """

    account_id: str
    status: Status
    risk: Probability | None = None
    risk_low: Probability | None = None
    risk_high: Probability | None = None
    risks: dict[int, Probability] = {}
    causes: dict[str, Probability] = {}
    method: str | None = None
    band: Band | None = None
    arr: float | None = None
    arr_at_risk: float | None = None
    name: str | None = None
    segment: str | None = None
    csm: str | None = None
    renewal_at: date | None = None
    notice_at: date | None = None
    previous_risk: Probability | None = None
    driver: str | None = None
    champions_left: int | None = None
    last_inbound_at: date | None = None
    engaged_people: int | None = None
    pulse: float | None = None
    pulse_at: date | None = None
    coverage: Probability
    summary: str = ""
    explanation: Explanation | None = None
    dossier_json: str | None = Field(default=None, exclude=True)
    practice: Practice = Field(default=Practice(), exclude=True)
    judged: bool = Field(default=False, exclude=True)
    told: tuple[str, ...] = Field(default=(), exclude=True)

    @property
    def drivers_told(self) -> tuple[str, ...]:
        """The three strongest reasons as sentences, known even where the explanation is not read.

        Without it they are in English, as published.
        """
        if self.explanation is None:
            return self.told
        return tuple(reason.sentence for reason in self.explanation.reasons(TOLD))

    @property
    def dossier(self) -> Dossier | None:
        """What is known beside the risk; None where it was not read, or never made."""
        known = self.dossier_json
        return None if known is None else Dossier.model_validate_json(known)

    @property
    def title(self) -> str:
        """The account's name, or its id where it has none."""
        return self.name or self.account_id


class Batch(_Record):
    """One scoring run: all accounts at one `as_of`, by one model, on one state of the data."""

    batch_id: str
    as_of: date
    model_version: str
    method: str
    spec_hash: str
    horizon_days: int
    n: int
    created_at: str = ""
    metadata: dict[str, Any] = {}

    @property
    def data_until(self) -> date | None:
        """Until when the data went that it was made from; None where it does not say."""
        try:
            return date.fromisoformat(str(self.metadata.get("data_until", ""))[:10])
        except ValueError:
            return None

    @property
    def of_silence(self) -> bool:
        """Whether it foretells silence rather than the end of a contract, as far as it says so."""
        rule = self.metadata.get("spec", {}).get("rule", {})
        return bool(rule.get("kind") == "silence")
