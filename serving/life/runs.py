"""The last run of `forewarn run`, for whoever asks how the service fares."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sqlalchemy import Engine, select

from data.errors import MissingError
from serving.database import reading, transaction
from serving.engines import Address
from serving.tables import RUN


class Runs:
    """The runs that a store knows of."""

    def __init__(self, store: Address) -> None:
        self._store = store

    @cached_property
    def _engine(self) -> Engine:
        return reading(self._store)

    def last(self) -> dict[str, Any] | None:
        """The run that began last, by column; None before the first, or without a store.

        Raises:
            ForewarnError: the store cannot be read just now.
        """
        query = select(RUN).order_by(RUN.c.started_at.desc()).limit(1)
        try:
            engine = self._engine
        except MissingError:
            return None
        with transaction(engine) as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else dict(found)
