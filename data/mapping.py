"""A mapping file: how foreign tables become those of the contract, and what churn means there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from data.churn import ChurnRule, churn_rule
from data.column import Table
from data.contract import BY_NAME
from data.engine import identifier, literal, why_no_query
from data.errors import BadInputError, unknown

_KEYS = ("tables", "churn", "data_until", "timezone")
_TABLE_KEYS = ("from", "columns", "where", "query")
_WAYS = ("value", "sql")


@dataclass(frozen=True, kw_only=True)
class Field:
    """Where one contract column comes from: `sql` over the source table's columns.

    `column` is the source column when it is nothing but that, so that its name can be checked.
    """

    sql: str
    column: str | None = None


@dataclass(frozen=True, kw_only=True)
class TableMap:
    """One contract table: `fields` of the rows of `source` that satisfy `where`, or a `query`."""

    source: str | None = None
    fields: dict[str, Field] = field(default_factory=dict)
    where: str | None = None
    query: str | None = None


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """What a mapping file says; `timezone` is that of times written without an offset."""

    tables: dict[str, TableMap]
    churn: ChurnRule | None = None
    data_until: datetime | None = None
    timezone: str = "UTC"


def load_mapping(path: Path) -> Mapping:
    """The checked content of a mapping file.

    Names of source tables and source columns are checked later, against the source itself.

    Raises:
        BadInputError: no such file, not YAML, or an unknown key, table or column; the message names
            the nearest known one.
    """
    given = _yaml(path)
    _known(f"key in {path.name}", given, _KEYS)
    tables = _section(given.get("tables"), "tables", path)
    _known(f"table in {path.name}", tables, BY_NAME)
    if not tables:
        raise BadInputError(f"{path.name}: expected tables; got none; name at least accounts")
    return Mapping(
        tables={name: _table(BY_NAME[name], _section(t, name, path)) for name, t in tables.items()},
        churn=churn_rule(_section(given["churn"], "churn", path)) if "churn" in given else None,
        data_until=_moment(given["data_until"]) if "data_until" in given else None,
        timezone=str(given.get("timezone", "UTC")),
    )


def same_names(table: Table, columns: Iterable[str], *, source: str) -> TableMap:
    """The mapping of a source table that is already as the contract wants it.

    Columns match by name, whatever their order, capital letters and surrounding spaces.
    """
    spelled = {name.strip().lower(): name for name in columns}
    fields = {
        name: Field(sql=identifier(spelled[name]), column=spelled[name])
        for name in table.names
        if name in spelled
    }
    return TableMap(source=source, fields=fields)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"no mapping file {path}; check the path") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise BadInputError(f"{path}: expected a YAML mapping file; {reason}") from None
    return _section(content, "the file", path)


def _section(given: object, name: str, path: Path) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise BadInputError(f"{path.name}: expected {name} to be keys with values; got {given!r}")
    return {str(key): value for key, value in given.items()}


def _known(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    allowed = tuple(known)
    for name in given:
        if name not in allowed:
            raise unknown(what, name, allowed)


def _table(table: Table, given: dict[str, Any]) -> TableMap:
    _known(f"key of table {table.name}", given, _TABLE_KEYS)
    if "query" in given:
        return _derived(table, given)
    if not isinstance(given.get("from"), str) or not isinstance(given.get("columns"), dict):
        raise BadInputError(
            f"{table.name}: expected `from:` (a source table) with `columns:`, or `query:`; "
            f"got {sorted(given)}"
        )
    columns = {str(name): value for name, value in given["columns"].items()}
    _known(f"column of {table.name}", columns, table.names)
    return TableMap(
        source=given["from"],
        fields={name: _field(f"{table.name}.{name}", value) for name, value in columns.items()},
        where=_expression(f"{table.name}.where", given["where"]) if "where" in given else None,
    )


def _derived(table: Table, given: dict[str, Any]) -> TableMap:
    if len(given) > 1:
        raise BadInputError(
            f"{table.name}: expected `query:` alone; got also {sorted(set(given) - {'query'})}; "
            "say it inside the query"
        )
    query = str(given["query"]).strip().rstrip(";")
    if (reason := why_no_query(query)) is not None:
        raise BadInputError(f"{table.name}.query: expected one SELECT statement; got {reason}")
    return TableMap(query=query)


def _field(where: str, given: object) -> Field:
    if isinstance(given, str):
        return Field(sql=identifier(given), column=given)
    if not isinstance(given, dict) or len(given) != 1:
        raise BadInputError(
            f"{where}: expected a source column, {{value: ...}} or {{sql: ...}}; got {given!r}"
        )
    way, content = next(iter(given.items()))
    _known(f"way to fill {where}", (str(way),), _WAYS)
    if way == "sql":
        return Field(sql=_expression(where, content))
    return Field(sql="NULL::VARCHAR" if content is None else f"{literal(content)}::VARCHAR")


def _expression(where: str, given: object) -> str:
    # Parsed here so that a slip is reported by name, and so that nothing but an expression gets in.
    text = f"({str(given).strip()}\n)"
    if (reason := why_no_query(f"SELECT {text}")) is not None:
        raise BadInputError(f"{where}: expected a DuckDB expression; got {given!r}: {reason}")
    return text


def _moment(given: object) -> datetime:
    if isinstance(given, str):
        try:
            given = datetime.fromisoformat(given)
        except ValueError:
            raise BadInputError(f"data_until: expected a date; got {given!r}") from None
    if isinstance(given, datetime):
        return given.astimezone(UTC).replace(tzinfo=None) if given.tzinfo else given
    if isinstance(given, date):
        return datetime(given.year, given.month, given.day)  # noqa: DTZ001  # naive UTC throughout
    raise BadInputError(f"data_until: expected a date; got {given!r}")
