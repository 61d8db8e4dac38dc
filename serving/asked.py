"""What may be asked when published risk is read, and what is refused with 422."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from serving.records import Band
from serving.store import Order

MAX_LOOKUP = 200
LONGEST_ID = 500
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written_out(given: object) -> object:
    # 20251231 would otherwise pass for seconds since 1970.
    if given is None or (isinstance(given, str) and _DAY.fullmatch(given)):
        return given
    raise ValueError("expected a day such as 2025-12-31")


AccountId = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
AccountInPath = Annotated[str, Path(min_length=1, max_length=LONGEST_ID)]
Day = Annotated[date, BeforeValidator(_written_out)]


class _Question(BaseModel):
    # A parameter that is not known is a mistake: one that is left out would answer something else.
    model_config = ConfigDict(extra="forbid")


class Nothing(_Question):
    """No more than the path says."""


class Then(_Question):
    """Of which moment."""

    as_of: Day | None = None


class OfSegment(Then):
    """Of which moment, and of which segment; of all accounts where none is named."""

    segment: Annotated[str | None, Field(min_length=1, max_length=LONGEST_ID)] = None


class Told(Then):
    """Of which moment, and in which language."""

    lang: Literal["en", "el", "lv", "fa", "zh-Hans", "zh-Hant"] = "en"


class Past(_Question):
    """Of how many moments."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 104


class Spoken(_Question):
    """In which language."""

    lang: Literal["en", "el", "lv", "fa", "zh-Hans", "zh-Hant"] = "en"


class Plays(_Question):
    """Of whose accounts, or of which, and how many of each from where on."""

    csm: str | None = None
    account_id: AccountId | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Field(max_length=2000)] = None


class Written(_Question):
    """How much of what was written of an account, and from where on."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Field(max_length=60, pattern="^[A-Za-z0-9_]*$")] = None


class Asked(_Question):
    """Accounts to look up, by the firm's own ids."""

    account_ids: Annotated[list[AccountId], Field(min_length=1, max_length=MAX_LOOKUP)]
    as_of: Day | None = None


class Page(_Question):
    """Which accounts of the list are asked for, in which order, and from where on."""

    by: Order = "arr_at_risk"
    band: Band | None = None
    segment: str | None = None
    csm: str | None = None
    driver: str | None = None
    renewal_within_days: Annotated[int | None, Field(ge=0, le=3650)] = None
    movers: Literal["up", "down"] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Field(max_length=400)] = None
