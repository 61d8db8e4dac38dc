"""Batches and risks as rows of their tables, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, case

from serving.moments import now, text
from serving.records import TOLD, AccountRisk, Batch, Explanation
from serving.tables import BATCH, RISK

# Kept as JSON; an empty one as nothing.
_MAPPINGS = ("risks", "causes")
_DRIVERS = tuple(f"driver_{place}" for place in range(1, TOLD + 1))
_HEAD = tuple(column.name for column in BATCH.c)
_LONG = ("explanation", "dossier")
_PLAIN = tuple(c.name for c in RISK.c if c.name not in ("batch_id", *_LONG, *_DRIVERS))

# All of a risk but the explanation; that is read only where nobody has written the drivers yet.
QUICK: tuple[ColumnElement[Any], ...] = (
    *(RISK.c[name] for name in (*_PLAIN, *_DRIVERS)),
    case((RISK.c.driver_1.is_(None), RISK.c.explanation)).label("explanation"),
)
# A risk with its explanation.
WHOLE: tuple[ColumnElement[Any], ...] = tuple(
    RISK.c[name] for name in (*_PLAIN, *_DRIVERS, "explanation")
)
# And with its dossier before that, for one account.
FULL: tuple[ColumnElement[Any], ...] = (RISK.c.dossier, *WHOLE)


def head_row(batch: Batch) -> dict[str, Any]:
    """The row of a batch that is published now."""
    head = batch.model_dump(mode="json", exclude={"metadata", "created_at"})
    metadata = json.dumps(batch.metadata, sort_keys=True, allow_nan=False)
    return {**head, "metadata": metadata, "created_at": text(now())}


def risk_row(batch: Batch, row: AccountRisk) -> dict[str, Any]:
    """The row of an account in a batch; under `practice` the values of what stands beside."""
    values = row.model_dump(mode="json", exclude={"explanation", *_MAPPINGS})
    why = row.explanation
    told = dict(zip(_DRIVERS, row.drivers_told, strict=False))
    return {
        **values,
        "batch_id": batch.batch_id,
        **{name: _text(getattr(row, name)) for name in _MAPPINGS},
        **dict.fromkeys(_DRIVERS),
        **({} if why is None else {_DRIVERS[0]: "", **told}),
        "explanation": None if why is None else why.model_dump_json(),
        "dossier": row.dossier_json,
        "practice": list(row.practice.model_dump(mode="json").values()),
    }


def head(row: Sequence[Any]) -> Batch:
    """The batch of a row that begins with the columns of its table."""
    return _head(*row[: len(_HEAD)])


def account(row: Sequence[Any], **beside: Any) -> AccountRisk:  # noqa: ANN401
    """The risk of a row that ends with the columns of QUICK or of WHOLE, with what stands beside.

    With an explanation that tells the drivers, else with the drivers as they were written.
    """
    *plain, first, second, third, why = row[-len(WHOLE) :]
    values = {**beside, **dict(zip(_PLAIN, plain, strict=True))}
    for name in _MAPPINGS:
        values[name] = json.loads(values[name]) if values[name] else {}
    if why is not None:
        values["explanation"] = Explanation.model_validate_json(why)
    else:
        values["told"] = tuple(sentence for sentence in (first, second, third) if sentence)
    return AccountRisk.model_validate(values)


def full_account(row: Sequence[Any]) -> AccountRisk:
    """The risk of a row of the columns of FULL, with its dossier if it was given one."""
    return account(row).model_copy(update={"dossier_json": row[0]})


# Heads are few, asked for with every question, and never change: what is read was seen before.
@lru_cache(maxsize=256)
def _head(*values: Any) -> Batch:  # noqa: ANN401
    row = dict(zip(_HEAD, values, strict=True))
    return Batch.model_validate({**row, "metadata": json.loads(row["metadata"])})


def _text(mapping: Mapping[Any, float]) -> str | None:
    return json.dumps(mapping) if mapping else None
