"""Which run an answer of the API comes from."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from serving.records import Batch


class Provenance(BaseModel):
    """Which run the figures come from: what moment, which model, data until when."""

    batch_id: str
    as_of: date
    horizon_days: int
    model_version: str
    method: str
    data_until: date

    @classmethod
    def of(cls, batch: Batch) -> Provenance:
        """That of a batch."""
        known = {name: getattr(batch, name) for name in cls.model_fields if name != "data_until"}
        return cls(**known, data_until=batch.metadata["data_until"])
