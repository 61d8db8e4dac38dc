"""A value sent as JSON becomes what landing makes of it, or is refused where landing refuses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from data.contract import BY_NAME
from data.convert import PROBLEMS, converted
from data.engine import Engine, literal
from serving.ondemand.asked import AccountRows
from serving.ondemand.values import RefusedValueError, converter, converter_of_all

TEXTS = (
    *(
        "plain",
        " \tboth ends\n\xa0",
        "",
        "   ",
        "NaN",
        "0",
        "à",
        "x" * 128,
        "x" * 129,
        "a\0b",
        "\u2003em",
    ),
    *("High", "hi-gh", "URGENT ", "nor mal", "normal", "low\n", "-low"),
)
TIMES = (
    *("2025-01-31", "2025-01-31T09:00", "2025-01-31 09:00:01", "2025-01-31T09:00:01.5Z"),
    *("2025-01-31T09:00:01.123456Z", "2025-01-31T09:00:00+02:00", "2025-01-31T09:00:00.000+0000"),
    *("2025-01-31T09:00:00-0530", " 2025-01-31 ", "", "2025-02-29", "2025-13-01", "31.01.2025"),
    *(
        "2025-01-31T25:00:00Z",
        "1989-12-31T23:59:59Z",
        "1990-01-01",
        "2099-12-31",
        "2100-01-01 00:00",
    ),
    *("2025-01-31T09:00:01Z", "2025-02-29T09:00:00Z", "+025-01-31T09:00:00Z"),
    *("2025-01-31T09:00:\u0660\u0661Z", "2025-01-31T09:00:0xZ", "1989-12-31T00:00:00Z"),
    *("2024-02-29T23:59:59.999999Z", "0001-01-01T00:00:00Z", "2025-03-30T02:30:00", "yesterday"),
)
NUMBERS = (0, -1, 1, 5, 0.5, 4.999999, 5.000001, 1e300, -0.0, 12345678.9, 2**53, 0.1 + 0.2)
WHOLE = (0, 1, -1, 7.0, 7.5, 1e300, 2**40, 2.0**63)
SENT = [
    *(("tickets", "ticket_id", value) for value in TEXTS),
    *(("tickets", "category", value) for value in TEXTS),
    *(("tickets", "priority", value) for value in TEXTS),
    *(("tickets", "opened_at", value) for value in TIMES),
    *(("tickets", "resolved_at", value) for value in TIMES),
    *(("tickets", "csat", value) for value in NUMBERS),
    *(("pulses", "pulse", value) for value in NUMBERS),
    *(("invoices", "amount", value) for value in NUMBERS),
    *(("subscriptions", "seats", value) for value in WHOLE),
    *(("tickets", "reopened", value) for value in (True, False)),
]
SQL = {str: "VARCHAR", float: "DOUBLE", int: "DOUBLE", bool: "BOOLEAN"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[Engine]:
    with Engine([], spill=tmp_path_factory.mktemp("spill")) as duck:
        yield duck


def landed(engine: Engine, table: str, column: str, value: Any) -> tuple[bool, Any]:
    """Whether landing refuses the value, and what it makes of it."""
    kind, time = SQL[type(value)], BY_NAME[table].time
    given = literal(value).replace("\0", "' || chr(0) || '") if kind == "VARCHAR" else repr(value)
    rows = f"SELECT 1 AS line, CAST({given} AS {kind}) AS {column}"
    types = {column: kind}
    if column != time:
        rows, types = f"{rows}, '2025-01-01' AS {time}", {**types, time: "VARCHAR"}
    sql = converted(BY_NAME[table], rows, types=types, timezone="UTC", line="line")
    shown = f"epoch_us({column})" if BY_NAME[table].column(column).kind == "time" else column
    [(refused, found)] = engine.run(f"SELECT {PROBLEMS} IS NOT NULL, {shown} FROM ({sql})")
    return refused, found


@pytest.mark.parametrize(("table", "column", "value"), SENT)
def test_a_value_becomes_what_landing_makes_of_it(engine, table, column, value):
    convert = converter(BY_NAME[table].column(column))
    refused, wanted = landed(engine, table, column, value)
    if refused and not str(value).strip():
        assert convert(value) is None, "that it must not be missing is for its row to say"
    elif refused:
        with pytest.raises(RefusedValueError) as error:
            convert(value)
        assert str(value) not in str(error.value) or len(str(value)) < 2
    else:
        assert convert(value) == wanted
        assert type(convert(value)) is type(wanted)


ODD: tuple[object, ...] = (
    *(None, True, 5, [], {}, "x" * 20, "\ud800" * 20),
    *("2025-01-31T0930+0100", "\uff12025-01-31T09:30:00Z", " 2025-01-31T09:30:00"),
)
INFINITE = (float("nan"), float("inf"), -float("inf"), 10**400)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        *SENT,
        *(("tickets", "resolved_at", value) for value in ODD),
        *(("tickets", name, value) for name in ("csat", "category") for value in (*ODD, *INFINITE)),
        ("tickets", "csat", 1e308),
    ],
)
def test_among_many_a_value_becomes_what_it_becomes_alone(table, column, value):
    usual = {"time": "2025-01-31T09:00:01Z", "number": 1.5, "integer": 3, "flag": True}
    convert = converter(told := BY_NAME[table].column(column))
    some = [usual.get(told.kind, "high"), None]
    for values in ([*some * 20, value], [value, *some * 20, value], [value] * 20, [value]):
        try:
            wanted = [convert(one) for one in values]
        except RefusedValueError:
            with pytest.raises((RefusedValueError, TypeError)):
                converter_of_all(told)(values)
        else:
            found = list(converter_of_all(told)(values))
            assert [(type(one), one) for one in found] == [(type(one), one) for one in wanted]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("mrr", "5"),
        ("mrr", True),
        ("mrr", float("nan")),
        ("mrr", float("inf")),
        ("mrr", 10**400),
        ("seats", "5"),
        ("seats", False),
        ("auto_renew", "yes"),
        ("auto_renew", 1),
        ("plan", 5),
        ("plan", ["team"]),
        ("started_at", 20250131),
        ("started_at", "20250131"),
        ("started_at", "2025-W05-5"),
        ("started_at", {"day": 1}),
    ],
)
def test_what_is_of_another_type_is_refused_and_not_repeated(column, value):
    with pytest.raises(RefusedValueError, match=r"^expected ") as error:
        converter(BY_NAME["subscriptions"].column(column))(value)
    assert str(value) not in str(error.value)


def test_the_schema_knows_the_types_the_choices_and_the_bounds():
    schema = TypeAdapter(AccountRows)
    good = {"account_id": "a", "created_at": "2025-01-31T09:00:00Z"}
    schema.validate_python(good)
    for name, row in (
        ("tickets", {"ticket_id": "t", "opened_at": "2025-01-31T09:00:00Z", "priority": "dire"}),
        ("pulses", {"recorded_at": "2025-01-31T09:00:00Z", "pulse": 6}),
        ("pulses", {"recorded_at": "2025-01-31T09:00:00Z"}),
        ("contacts", {"contact_id": "c", "joined_at": "2025-01-31T09:00:00Z", "age": 5}),
    ):
        with pytest.raises(ValidationError):
            schema.validate_python({**good, name: [row]})
    assert len(json.dumps(schema.json_schema())) > 10_000
