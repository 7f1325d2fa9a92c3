from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Day, Flag, Input, ListQuery, Ref, Text, Whole
from lpg.day_close.causes import Cause
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.inventory.models import Condition
from lpg.inventory.serializers import CONDITIONS, MOST, MOST_LINES, EmptyAsNull
from lpg.invoices.serializers import shown_money
from lpg.payments.models import Payment


class CountedRow(serializers.ModelSerializer[CountedStock]):
    equipment_name = serializers.CharField(source="equipment.name")
    difference = serializers.IntegerField()

    class Meta:
        model = CountedStock
        fields = ("equipment", "equipment_name", "condition", "quantity", "expected", "difference")


class CarriedRow(serializers.ModelSerializer[CountedMoney]):
    amount = shown_money()
    expected = shown_money()
    difference = shown_money()

    class Meta:
        model = CountedMoney
        fields = ("method", "amount", "expected", "difference")


class ThingRow(serializers.Serializer[Any]):
    equipment = serializers.IntegerField()
    condition = serializers.ChoiceField(CONDITIONS)


class VarianceRow(serializers.Serializer[Any]):
    likely_cause = serializers.ChoiceField(Cause.choices, source="code")
    words = serializers.CharField()
    counts = ThingRow(many=True, help_text="Which counts it explains.")
    methods = serializers.ListField(child=serializers.ChoiceField(Payment.Method.choices))


class DayCloseRow(serializers.ModelSerializer[DayClose]):
    """`quantity` and `amount` were counted; `expected` is what the books held at that moment."""

    example: ClassVar[dict[str, Any]] = {
        "id": 31,
        "date": "2026-11-20",
        "vehicle": 1,
        "vehicle_name": "SBA 1234 K",
        "depot": 1,
        "status": "PENDING",
        "counts": [
            {
                "equipment": 3,
                "equipment_name": "14 kg cylinder",
                "condition": "FULL",
                "quantity": 4,
                "expected": 6,
                "difference": -2,
            }
        ],
        "money": [{"method": "CASH", "amount": "240.00", "expected": "240.00", "difference": "0.00"}],
        "variances": [
            {
                "likely_cause": "delivery_not_recorded",
                "words": "2 full 14 kg cylinder fewer than the books hold: most likely a delivery was not recorded.",
                "counts": [{"equipment": 3, "condition": "FULL"}],
                "methods": [],
            }
        ],
        "user": 3,
        "client_temp_id": "5f0a1c8e-3f57-4a57-8a53-0b7f2f4b7d31",
        "counted_at": "2026-11-20T18:05:00+08:00",
        "created_at": "2026-11-20T18:05:02+08:00",
        "approved_by": None,
        "approved_at": None,
        "reason": "",
        "recorded_since": None,
    }

    vehicle_name = serializers.CharField(source="vehicle.plate_no")
    counts = CountedRow(many=True, source="stock")
    money = CarriedRow(many=True)
    variances = VarianceRow(many=True)
    client_temp_id = EmptyAsNull(allow_null=True)

    class Meta:
        model = DayClose
        fields = (
            "id",
            "date",
            "vehicle",
            "vehicle_name",
            "depot",
            "status",
            "counts",
            "money",
            "variances",
            "user",
            "client_temp_id",
            "counted_at",
            "created_at",
            "approved_by",
            "approved_at",
            "reason",
            "recorded_since",
        )


class CountedInput(Input):
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment"}

    equipment = Ref()
    condition = Choice(CONDITIONS, required=False, default=Condition.FULL)
    quantity = Whole(min_value=0, max_value=MOST)


class CarriedInput(Input):
    method = Choice(Payment.Method.choices)
    amount = Amount(decimal_places=2, max_digits=12)


class DayCloseInput(Input):
    renamed: ClassVar[dict[str, str]] = {"vehicle_id": "vehicle", "vehicle_no": "vehicle", "items": "counts"}
    echoes = DayCloseRow
    example: ClassVar[dict[str, Any]] = {
        "date": "2026-11-20",
        "vehicle": 1,
        "counts": [{"equipment": 3, "condition": "FULL", "quantity": 4}],
        "money": [{"method": "CASH", "amount": "240.00"}],
        "client_temp_id": "5f0a1c8e-3f57-4a57-8a53-0b7f2f4b7d31",
    }

    date = Day()
    vehicle = Ref(required=False, allow_null=True, help_text="Left out: your own truck.")
    counts = serializers.ListField(
        child=CountedInput(), max_length=MOST_LINES, help_text="All that is on the truck. Left out of it: not there."
    )
    money = serializers.ListField(
        child=CarriedInput(), max_length=len(Payment.Method), help_text="All that was taken. Left out of it: nothing."
    )
    client_temp_id = Code(max_length=64, required=False, allow_null=True, help_text="The same as an Idempotency-Key.")


class ApproveInput(Input):
    example: ClassVar[dict[str, Any]] = {"reason": "Two delivered to the shop next door, billed today"}

    reason = Text(
        max_length=200, allow_blank=True, required=False, default="", help_text="Needed where something differs."
    )
    recorded_since = Flag(
        required=False,
        default=False,
        help_text="What differs was entered after the count: what has moved the same way since is not posted again.",
    )


class DayCloseQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    status = Choice(DayClose.Status.choices, required=False)
    depot = Ref(required=False)
    vehicle = Ref(required=False)
    user = Ref(required=False)
    since = Day(required=False, help_text="Closed days from this one on.")
    until = Day(required=False, help_text="Closed days up to this one.")
