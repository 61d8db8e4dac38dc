"""What forewarn tells other systems: the types of events, and the one schema of each.

Messages are thin: ids, numbers and a link, no names and no notes. Who wants more asks the API with
a key, and that is audited.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from data.errors import BadInputError, unknown
from serving.moments import text
from serving.records import Band, Probability

BAND_CHANGED = "account.risk_band.changed"
RISK_INCREASED = "account.risk.increased"
CHAMPION_LEFT = "account.champion.left"
SILENCE_STARTED = "account.silence.started"
RUN_COMPLETED = "scoring_run.completed"
RUN_FAILED = "scoring_run.failed"
# Sent by `forewarn webhooks test` alone, whatever an endpoint asked for.
TEST = "webhook.test"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class AccountMoved(_Data):
    """An account in a new batch beside the batch that was served before it.

    `driver` is the family of the strongest reason, left out where there is none. `link` is the
    account's page on the service that tells it.
    """

    account_id: str
    batch_id: str
    as_of: date
    risk: Probability
    previous_risk: Probability
    band: Band
    previous_band: Band
    driver: str | None = None
    link: str


class ChampionLeft(_Data):
    """As `AccountMoved`, but the risks and bands are left out where the account has none.

    `champions_left` counts the champions and executives who left within half a year.
    """

    account_id: str
    batch_id: str
    as_of: date
    champions_left: Annotated[int, Field(ge=1)]
    risk: Probability | None = None
    previous_risk: Probability | None = None
    band: Band | None = None
    previous_band: Band | None = None
    driver: str | None = None
    link: str


class RunCompleted(_Data):
    """A batch that is now served; `previous_batch_id` was served until then, if any was."""

    batch_id: str
    previous_batch_id: str | None = None
    as_of: date
    accounts: int
    model_version: str


class RunFailed(_Data):
    """A run that did not come to its end: the step it ended in, and the command's exit code.

    `outcome` is refused where forewarn could have gone on but honestly should not. `batch_id` is
    the batch of the run, left out where it had not published one by then.
    """

    run_id: str
    step: str
    outcome: Literal["refused", "failed"]
    exit_code: int
    batch_id: str | None = None


class Test(_Data):
    """Nothing happened; somebody tries an endpoint out."""

    endpoint_id: str


SCHEMAS: dict[str, type[_Data]] = {
    BAND_CHANGED: AccountMoved,
    RISK_INCREASED: AccountMoved,
    CHAMPION_LEFT: ChampionLeft,
    SILENCE_STARTED: AccountMoved,
    RUN_COMPLETED: RunCompleted,
    RUN_FAILED: RunFailed,
    TEST: Test,
}
# What an endpoint may choose from.
TYPES = tuple(kind for kind in SCHEMAS if kind != TEST)


class _Message(BaseModel):
    """The body of every message, as Standard Webhooks has it."""

    type: str
    timestamp: str
    data: dict[str, Any]


def body(kind: str, data: Mapping[str, Any], *, at: datetime) -> str:
    """A message in JSON without a spare blank; what is unknown is left out.

    Raises:
        BadInputError: no such type, or the data are not those of the type.
    """
    if kind not in SCHEMAS:
        raise unknown("event", kind, TYPES)
    try:
        checked = SCHEMAS[kind].model_validate(data)
    except ValidationError as error:
        where = ", ".join(sorted({".".join(map(str, e["loc"])) for e in error.errors()}))
        raise BadInputError(f"event {kind}: data that do not fit its schema in {where}") from None
    known = checked.model_dump(mode="json", exclude_none=True)
    return _Message(type=kind, timestamp=text(at), data=known).model_dump_json()
