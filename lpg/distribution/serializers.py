from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, Code, Input, ListQuery, Moment, Ref, Text
from lpg.distribution.models import SPELLINGS, Distribution, DistributionItem
from lpg.inventory.serializers import CONDITIONS, MOST_LINES, EmptyAsNull, a_quantity

ITEMS = [
    {"equipment": 3, "quantity": 20, "direction": "OUT", "condition": "FULL"},
    {"equipment": 3, "quantity": 12, "movement_type": "EMPTY_RETURN"},
]


class ItemRow(serializers.ModelSerializer[DistributionItem]):
    movement_type = serializers.ChoiceField(list(SPELLINGS), allow_null=True)

    class Meta:
        model = DistributionItem
        fields = ("id", "depot", "equipment", "quantity", "direction", "condition", "movement_type")


class DistributionRow(serializers.ModelSerializer[Distribution]):
    example: ClassVar[dict[str, Any]] = {
        "id": 45,
        "distribution_number": "DST-20261120-000045",
        "status": "PENDING",
        "depot": 1,
        "depot_name": "Singgas depot",
        "vehicle": 1,
        "to_depot": None,
        "customer": None,
        "user": 3,
        "remarks": "",
        "items": [
            {
                "id": 90,
                "depot": 1,
                "equipment": 3,
                "quantity": 20,
                "direction": "OUT",
                "condition": "FULL",
                "movement_type": "COLLECTION",
            }
        ],
        "client_temp_id": "7d8a1c1e-0f5b-4f0a-9a43-6f0f5a1f2b11",
        "created_at": "2026-11-20T07:30:00+08:00",
        "confirmed_at": None,
        "cancelled_at": None,
    }

    depot_name = serializers.CharField(source="depot.name")
    items = ItemRow(many=True)
    client_temp_id = EmptyAsNull(allow_null=True)

    class Meta:
        model = Distribution
        fields = (
            "id",
            "distribution_number",
            "status",
            "depot",
            "depot_name",
            "vehicle",
            "to_depot",
            "customer",
            "user",
            "remarks",
            "items",
            "client_temp_id",
            "created_at",
            "confirmed_at",
            "cancelled_at",
        )


class ItemInput(Input):
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment", "depot_id": "depot"}

    depot = Ref(required=False, allow_null=True, help_text="If it differs from that of the whole distribution.")
    equipment = Ref()
    quantity = a_quantity()
    direction = Choice(DistributionItem.Direction.choices, required=False)
    condition = Choice(CONDITIONS, required=False)
    movement_type = Choice(
        list(SPELLINGS), required=False, allow_null=True, help_text="COLLECTION is OUT + FULL, EMPTY_RETURN IN + EMPTY."
    )

    def validate(self, attrs: Any) -> Any:
        """Both spellings mean direction and condition; what is left out is OUT and FULL."""
        movement_type = attrs.pop("movement_type", None)
        direction, condition = SPELLINGS.get(movement_type, ("OUT", "FULL"))
        spelled = attrs.get("direction", direction), attrs.get("condition", condition)
        if movement_type and spelled != (direction, condition):
            words = f"{movement_type} means {direction} and {condition}. Leave one of the two spellings out."
            raise serializers.ValidationError({"movement_type": [words]})
        return {**attrs, "direction": spelled[0], "condition": spelled[1]}


class DistributionInput(Input):
    renamed: ClassVar[dict[str, str]] = {
        "depot_id": "depot",
        "vehicle_id": "vehicle",
        "vehicle_no": "vehicle",
        "customer_id": "customer",
        "to_depot_id": "to_depot",
    }
    echoes = DistributionRow
    example: ClassVar[dict[str, Any]] = {
        "depot": 1,
        "items": ITEMS,
        "remarks": "",
        "client_temp_id": "7d8a1c1e-0f5b-4f0a-9a43-6f0f5a1f2b11",
    }

    depot = Ref(required=False, allow_null=True)
    items = serializers.ListField(child=ItemInput(), min_length=1, max_length=MOST_LINES)
    vehicle = Ref(required=False, allow_null=True, help_text="Left out: your own truck.")
    to_depot = Ref(required=False, allow_null=True)
    customer = Ref(required=False, allow_null=True)
    remarks = Text(max_length=500, multiline=True, allow_blank=True, required=False, default="")
    client_temp_id = Code(max_length=64, required=False, allow_null=True, help_text="The same as an Idempotency-Key.")


class ConfirmInput(Input):
    example: ClassVar[dict[str, Any]] = {"items": ITEMS}

    items = serializers.ListField(
        child=ItemInput(),
        max_length=MOST_LINES,
        required=False,
        allow_null=True,
        help_text="What was seen moving, if that is known: it must be what the distribution says.",
    )


class DistributionQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a number.")
    status = Choice(Distribution.Status.choices, required=False)
    depot = Ref(required=False)
    vehicle = Ref(required=False)
    customer = Ref(required=False)
    user = Ref(required=False)
    since = Moment(required=False, help_text="Created from this time on.")
    until = Moment(required=False, help_text="Created before this time.")
