"""What is asked of scoring on demand: accounts as rows of the contract's tables, in one schema.

The models are made from `data.contract`, so that a column is declared once. They describe what may
be sent; an account is judged by `serving.ondemand.reading` when its turn comes, so that one that is
refused does not take the others with it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WrapValidator, create_model
from pydantic_core import PydanticCustomError

from data.column import MAX_ID_LENGTH, Column, Kind, Table
from data.contract import ACCOUNT
from data.errors import BadInputError
from serving.asked import Day
from serving.ondemand.reading import ACCOUNTS, CHILDREN, named
from serving.ondemand.values import RefusedValueError

MOST_ACCOUNTS = 200
# Without its terms nobody can say whether an account is a customer.
UNKNOWN = tuple(table.name for table in CHILDREN if table.name != "subscriptions")
_TYPES: dict[Kind, type] = {
    "text": str,
    "time": datetime,
    "number": float,
    "integer": int,
    "flag": bool,
}
_UNITS = ("UTC", "")


class OutOfReachError(BadInputError):
    """A moment was asked about that the data of the firm cannot speak about."""


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _column(column: Column, *, required: bool) -> tuple[Any, Any]:
    kind: Any = Literal[column.choices] if column.choices else _TYPES[column.kind]
    about = column.about[0].upper() + column.about[1:]
    unit = "" if column.unit in _UNITS else f", in {column.unit}"
    longest = MAX_ID_LENGTH if column.name.endswith("_id") else None
    limits: dict[str, Any] = {"ge": column.minimum, "le": column.maximum, "max_length": longest}
    field = Field(
        ... if required else None,
        description=f"{about}{unit}.",
        **{name: limit for name, limit in limits.items() if limit is not None},
    )
    return (kind if required else kind | None), field


def _rows(table: Table) -> type[BaseModel]:
    """What a row of a table beside the account may hold."""
    columns: dict[str, Any] = {
        column.name: _column(column, required=column.required and column.name != ACCOUNT.name)
        for column in table.columns
    }
    name = "".join(word.capitalize() for word in table.name.split("_"))
    model: type[BaseModel] = create_model(
        f"{name}Row", __base__=_Sent, __doc__=f"In {table.name}: {table.grain}.", **columns
    )
    return model


def _account() -> type[BaseModel]:
    own: dict[str, Any] = {c.name: _column(c, required=c.required) for c in ACCOUNTS.columns}
    lists: dict[str, Any] = {
        table.name: (list[_rows(table)], Field([], description=f"Rows: {table.grain}."))  # type: ignore[misc]
        for table in CHILDREN
    }
    model: type[BaseModel] = create_model(
        "AccountRows",
        __base__=_Sent,
        __doc__="An account: its own columns, and the rows of every table that speak of it.",
        **own,
        **lists,
    )
    return model


AccountRows = _account()


def _later(sent: Any, _check: Callable[[Any], Any]) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """What was sent for an account, as it is, if it can be told whose it is."""
    try:
        if isinstance(sent, dict) and named(sent):
            return sent
    except RefusedValueError:
        pass
    raise PydanticCustomError("account", "expected an object with an account_id")


class ScoreRequest(_Sent):
    """Accounts to score now, of the rows that are sent.

    What is not sent has not happened, but for `unknown_tables`: of these the caller cannot speak,
    and what rests on them is unknown.
    """

    accounts: list[Annotated[AccountRows, WrapValidator(_later)]] = Field(  # type: ignore[valid-type]
        min_length=1, max_length=MOST_ACCOUNTS
    )
    as_of: Day | None = None
    unknown_tables: list[Literal[UNKNOWN]] = Field([], max_length=len(UNKNOWN))  # type: ignore[valid-type]
