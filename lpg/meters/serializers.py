from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Day, Flag, Input, ListQuery, Moment, Ref, Whole
from lpg.meters.models import LEAST_DIGITS, MOST_DIGITS, Meter, MeterReading


def a_reading(**more: Any) -> Amount:
    return Amount(decimal_places=3, max_digits=MOST_DIGITS + 3, **more)


def shown_reading(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=3, **more)


class MeterRow(serializers.ModelSerializer[Meter]):
    example: ClassVar[dict[str, Any]] = {
        "id": 4,
        "customer": 1,
        "serial_no": "G4-2201934",
        "digits": 5,
        "equipment": None,
        "current_reading": "1532.400",
        "installed_on": "2026-03-02",
        "removed_on": None,
        "last_billed_reading": "1500.000",
        "unbilled_usage": "32.400",
    }

    current_reading = shown_reading()
    last_billed_reading = shown_reading(
        allow_null=True, help_text="With the meters it has replaced; before the first bill: at installation."
    )
    unbilled_usage = shown_reading(
        allow_null=True, help_text="Read since, and billed with the next sale. Both null: it was taken away."
    )

    class Meta:
        model = Meter
        fields = (
            "id",
            "customer",
            "serial_no",
            "digits",
            "equipment",
            "current_reading",
            "installed_on",
            "removed_on",
            "last_billed_reading",
            "unbilled_usage",
        )


class NewMeterInput(Input):
    """What a new meter is, at installation and at replacement."""

    renamed: ClassVar[dict[str, str]] = {
        "serial_number": "serial_no",
        "meter_no": "serial_no",
        "equipment_id": "equipment",
        "vehicle_id": "vehicle",
        "depot_id": "depot",
    }
    echoes = MeterRow

    serial_no = Code(max_length=40)
    initial_reading = a_reading()
    digits = Whole(min_value=LEAST_DIGITS, max_value=MOST_DIGITS, help_text="Before the point: 5 counts to 99,999.")
    installed_on = Day(required=False, help_text="Left out: today.")
    equipment = Ref(required=False, allow_null=True, help_text="To take the meter out of stock: its equipment, and")
    vehicle = Ref(required=False, allow_null=True, help_text="the vehicle it comes from, or")
    depot = Ref(required=False, allow_null=True, help_text="the depot.")


class InstallInput(NewMeterInput):
    example: ClassVar[dict[str, Any]] = {
        "serial_no": "G4-2201934",
        "initial_reading": "1200.000",
        "digits": 5,
        "installed_on": "2026-03-02",
    }


class ReplaceInput(NewMeterInput):
    example: ClassVar[dict[str, Any]] = {
        "final_reading": "1540.000",
        "serial_no": "G4-2207711",
        "initial_reading": "0.000",
        "digits": 5,
    }

    final_reading = a_reading(help_text="What the old meter shows.")
    is_rollover = Flag(required=False, default=False, help_text="The old meter has begun again at zero.")


class ReadingRow(serializers.ModelSerializer[MeterReading]):
    example: ClassVar[dict[str, Any]] = {
        "id": 31,
        "meter": 4,
        "kind": "PLAIN",
        "reading": "1532.400",
        "previous": "1500.000",
        "usage": "32.400",
        "is_rollover": False,
        "read_at": "2026-11-20T09:30:00+08:00",
        "user": 3,
        "transaction": None,
        "created_at": "2026-11-20T09:30:04+08:00",
        "voided_at": None,
        "void_reason": "",
    }

    reading = shown_reading()
    previous = shown_reading()
    usage = shown_reading()

    class Meta:
        model = MeterReading
        fields = (
            "id",
            "meter",
            "kind",
            "reading",
            "previous",
            "usage",
            "is_rollover",
            "read_at",
            "user",
            "transaction",
            "created_at",
            "voided_at",
            "void_reason",
        )


class ReadingInput(Input):
    renamed: ClassVar[dict[str, str]] = {"current_meter_reading": "reading", "current_meter": "reading"}
    echoes = ReadingRow
    example: ClassVar[dict[str, Any]] = {"reading": "1532.400", "read_at": "2026-11-20T09:30:00+08:00"}

    reading = a_reading()
    read_at = Moment(required=False, help_text="Left out: now.")
    is_rollover = Flag(required=False, default=False, help_text="The meter has begun again at zero.")


class MeterQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)


class ReadingQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    kind = Choice(MeterReading.Kind.choices, required=False)
