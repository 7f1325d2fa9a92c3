"""What no field of its kind may take: each value, and where below the field the refusal must say so."""

from typing import Any

from rest_framework import serializers

from lpg.api import inputs
from lpg.day_close.serializers import CarriedInput
from lpg.payments.serializers import MoneyInput
from lpg.sync.push_serializers import Anything
from lpg.sync.said import Clock
from lpg.sync.serializers import Uuid
from lpg.transactions.serializers import SaleItemInput

GARBAGE = [[], {}, [1], {"a": 1}, [[[]]], {"a": [{"b": [None]}]}]
HUGE = [2**63, 2**64, -(2**63) - 1, 10**4000]
NOT_TEXT = [5, 1.5, True, False, *HUGE, *GARBAGE]
NOT_FIT_TO_READ = ["a\x00b", "\x07", "a\x1bb", "a\u202eb", "a\u2066b", "\ud800", "a\udfffb", "a\x85b", "a\u2028b"]
NOT_A_NUMBER = ["5", "", "five", "0x10", 1.0, 1.5, True, False, *GARBAGE, *HUGE]
NOT_AN_AMOUNT = [
    "",
    " ",
    "five",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e5",
    "0x10",
    "1,5",
    "-1",
    "-0.01",
    -1,
    "1.123456",
    1.123456,
    "１２",
    "12_000",
    "9" * 30,
    "9" * 5000,
    1e300,
    1e-300,
    True,
    False,
    *HUGE,
    *GARBAGE,
]
NOT_A_DATE = [
    "",
    "0000-00-00",
    "0000-01-01",
    "2026-02-30",
    "2026-13-01",
    "10000-01-01",
    "20260101",
    "2026-W01-1",
    "2026-01-01T00:00:00",
    "２０２６-01-01",
    "today",
    "\ud800",
    5,
    1.5,
    True,
    None,
    *GARBAGE,
    *HUGE,
]
NOT_A_MOMENT = [
    "",
    "today",
    "0000-01-01T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-02-30T09:30:00+08:00",
    "2026-01-01T25:00:00Z",
    "2026-01-01T09:30:00+25:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00Z",
    "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:59Z",
    "10000-01-01T00:00:00Z",
    "２０２６-01-01T00:00:00Z",
    "\ud800",
    5,
    1.5,
    True,
    None,
    *GARBAGE,
    *HUGE,
]
NOT_AN_OBJECT = [None, 5, 1.5, "", "depot", True, [], [1], [[]], [{}]]
PLACE, LINE = {"type": "depot", "id": 10**15}, {"equipment": 10**15, "quantity": 1}

type Bad = tuple[Any, str]


def bad_values(field: serializers.Field) -> list[Bad]:
    """What this field must refuse, from its kind."""
    null = [] if field.allow_null or getattr(field, "allow_blank", False) else [None]
    match field:
        case inputs.Input():
            return [*plainly(*(value for value in NOT_AN_OBJECT if value is not None), *null), *inside(field)]
        case serializers.ListField(child=Anything()):
            return plainly(*null, 5, "1", True, {}, {"a": 1})
        case serializers.ListField(child=inputs.Input()):
            right = good(field.child)
            lists = plainly(
                *null, 5, "1", True, {}, {"a": 1}, [1] * 101, [right] * 101, *([[]] if field.min_length else [])
            )
            lists += [(value, ".0") for value in ([None], [[]], [[{}]])]
            within = [*plainly(*NOT_AN_OBJECT), *inside(field.child)]
            return [*lists, *(([value], f".0{where}") for value, where in within)]
        case serializers.ListField():
            wrong = ([True], ["1"], [[1]], [{}], [0], [2**63], [None], [1] * 101)
            return plainly(*null, 5, "1", True, {}, {"a": 1}, *wrong)
        case _:
            return plainly(*_plain(field), *null)


def _plain(field: serializers.Field) -> list[Any]:
    match field:
        case inputs.Text():
            return [*NOT_TEXT, *NOT_FIT_TO_READ, "x" * 10_000, "🔥" * 5_000]
        case inputs.Amount():
            return NOT_AN_AMOUNT
        case inputs.Whole():
            return [*NOT_A_NUMBER, field.min_value - 1, field.max_value + 1]
        case inputs.Flag():
            return ["true", "false", "", "yes", 0, 1, 1.0, None, *GARBAGE]
        case Uuid():
            return ["", "x", "5f0f3a7e9c3d4a518a0e2b6d1c9e7f10", None, *NOT_TEXT, *NOT_FIT_TO_READ]
        case Clock():  # whatever can be read is a time
            return ["", "today", "2026-13-01T00:00:00Z", None, *NOT_TEXT, *NOT_FIT_TO_READ]
        case serializers.ChoiceField():
            return ["", "NOPE", "cash", "CASH ", 5, True, "\ud800", "x" * 10_000, *GARBAGE, *HUGE]
        case serializers.DateField():
            return NOT_A_DATE
        case serializers.DateTimeField():
            return NOT_A_MOMENT
    raise AssertionError(f"nothing is known of {field!r}")


def plainly(*values: Any) -> list[Bad]:
    """Refused at the field itself."""
    return [(value, "") for value in values]


def good(nested: inputs.Input) -> dict[str, Any]:
    """One that is whole, and names nothing that exists."""
    match nested:
        case MoneyInput() | CarriedInput():
            return {"method": "CASH", "amount": "1.00"}
        case SaleItemInput():
            return {"item_type": "DELIVERY", **LINE}
    return LINE if "equipment" in nested.fields else PLACE


def inside(nested: inputs.Input) -> list[Bad]:
    """A right one, but with each of its fields wrong in every way or left out, or with one that does not exist."""
    right = good(nested)
    found: list[Bad] = [({**right, name: 1}, f".{name}") for name in ("no_such_field", "", *nested.renamed)]
    for name, field in nested.fields.items():
        found += [({**right, name: value}, f".{name}{where}") for value, where in bad_values(field)]
        if field.required:
            found.append(({other: value for other, value in right.items() if other != name}, f".{name}"))
    return found
