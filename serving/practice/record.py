"""What is published of an account beside its risk, part by part as it is stored."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from features.health.recipe import Band


class Practice(BaseModel):
    """One account in one batch: JSON texts that are read one at a time, None where never made.

    `health` holds the health score with all that it was made from, `indicators` the figures of the
    account, `words` what it said. `health_score` is the score itself, 0 to 100 and higher is
    better, None where too little is known; `health_coverage` is the known share of its weights,
    and `health_band` the band that it is in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    health_score: float | None = Field(default=None, ge=0, le=100)
    health_coverage: float | None = Field(default=None, ge=0, le=1)
    health: str | None = None
    indicators: str | None = None
    words: str | None = None
    health_band: Band | None = None


# The health score of an account, its coverage and its band.
Brief = tuple[float | None, float | None, Band | None]
UNKNOWN: Brief = (None, None, None)
