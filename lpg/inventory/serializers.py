from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, Input, ListQuery, Moment, Ref, Text, Whole
from lpg.inventory.models import Balance, Condition, Count, CountLine, Movement, Place, Transfer

CONDITIONS = [(value, label) for value, label in Condition.choices if value]
PHYSICAL = [Place.Kind.DEPOT, Place.Kind.TRUCK, Place.Kind.CUSTOMER]
MOST = 100_000
MOST_LINES = 100

TRANSFER = {
    "origin": {"type": "supplier"},
    "destination": {"type": "depot", "id": 1},
    "items": [{"equipment": 3, "condition": "FULL", "quantity": 120}],
    "remarks": "Delivery note 88213",
}
COUNT = {
    "place": {"type": "depot", "id": 1},
    "lines": [{"equipment": 3, "condition": "FULL", "quantity": 118}],
    "remarks": "Month end",
}


def a_quantity(**more: Any) -> Whole:
    return Whole(min_value=1, max_value=MOST, **more)


class EmptyAsNull(serializers.CharField):
    """Text that the database keeps as empty and the contract shows as null: there is none."""

    def to_representation(self, value: Any) -> Any:
        return value or None


class InventoryRow(serializers.ModelSerializer[Balance]):
    example: ClassVar[dict[str, Any]] = {
        "id": 7,
        "type": "depot",
        "place": 1,
        "place_name": "Depot SINGGAS",
        "depot": 1,
        "vehicle": None,
        "customer": None,
        "equipment": 3,
        "equipment_name": "14 kg cylinder",
        "condition": "FULL",
        "quantity": 118,
    }

    type = serializers.ChoiceField([kind.value for kind in PHYSICAL], source="place.kind")
    place_name = serializers.CharField(source="place.name")
    depot = serializers.IntegerField(source="place.depot_id", allow_null=True)
    vehicle = serializers.IntegerField(source="place.vehicle_id", allow_null=True)
    customer = serializers.IntegerField(source="place.customer_id", allow_null=True)
    equipment_name = serializers.CharField(source="equipment.name")
    condition = EmptyAsNull(allow_null=True)
    quantity = serializers.IntegerField()

    class Meta:
        model = Balance
        fields = (
            "id",
            "type",
            "place",
            "place_name",
            "depot",
            "vehicle",
            "customer",
            "equipment",
            "equipment_name",
            "condition",
            "quantity",
        )


class InventoryQuery(ListQuery):
    type = Choice([kind.value for kind in PHYSICAL], required=False)
    depot = Ref(required=False)
    vehicle = Ref(required=False)
    customer = Ref(required=False)
    equipment = Ref(required=False)
    condition = Choice(CONDITIONS, required=False)
    at = Moment(required=False, help_text="What was held at this moment in the past.")
    ordering = Choice(["id", "-id"], required=False)


class UpdateInput(Input):
    renamed: ClassVar[dict[str, str]] = {
        "type": "entity",
        "equipment": "equipment_id",
        "place": "entity_id",
        "depot": "entity_id",
        "customer": "entity_id",
        "customer_id": "entity_id",
    }
    echoes = InventoryRow
    example: ClassVar[dict[str, Any]] = {
        "entity": "depot",
        "entity_id": 1,
        "equipment_id": 3,
        "condition": "FULL",
        "delta": -2,
        "reason": "two valves broken",
    }

    entity = Choice([kind.value for kind in PHYSICAL])
    entity_id = Ref()
    equipment_id = Ref()
    condition = Choice(CONDITIONS, required=False, allow_null=True)
    delta = Whole(min_value=-MOST, max_value=MOST, required=False, help_text="Add this (or, negative, take away).")
    quantity = Whole(min_value=0, max_value=MOST, required=False, help_text="Or set to this.")
    reason = Text(max_length=200, required=False, default="manual")

    def validate(self, attrs: Any) -> Any:
        if ("delta" in attrs) == ("quantity" in attrs):
            raise serializers.ValidationError({"delta": ["Send either delta or quantity, not both."]})
        if attrs.get("delta") == 0:
            raise serializers.ValidationError({"delta": ["0 changes nothing. Send another number."]})
        return attrs


class PlaceInput(Input):
    type = Choice([kind.value for kind in PHYSICAL])
    id = Ref()


class OriginInput(Input):
    type = Choice([*(kind.value for kind in PHYSICAL), "supplier"])
    id = Ref(required=False, allow_null=True, help_text="Not for the supplier.")


class DestinationInput(Input):
    type = Choice([*(kind.value for kind in PHYSICAL), "supplier", "scrap"])
    id = Ref(required=False, allow_null=True, help_text="Not for supplier and scrap.")


class TransferItem(Input):
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment"}

    equipment = Ref()
    condition = Choice(CONDITIONS, required=False, default=Condition.FULL)
    quantity = a_quantity()
    to_condition = Choice(CONDITIONS, required=False, allow_null=True, help_text="A re-label: damaged, repaired.")


class TransferInput(Input):
    example: ClassVar[dict[str, Any]] = TRANSFER

    origin = OriginInput()
    destination = DestinationInput()
    items = serializers.ListField(child=TransferItem(), min_length=1, max_length=MOST_LINES)
    remarks = Text(max_length=500, multiline=True, allow_blank=True, required=False, default="")


class PlaceRow(serializers.ModelSerializer[Place]):
    type = serializers.CharField(source="kind")
    id = serializers.IntegerField(source="owner_id", allow_null=True)

    class Meta:
        model = Place
        fields = ("type", "id", "name")


class TransferRow(serializers.ModelSerializer[Transfer]):
    example: ClassVar[dict[str, Any]] = {
        "id": 12,
        "origin": {"type": "supplier", "id": None, "name": "Supplier"},
        "destination": {"type": "depot", "id": 1, "name": "Depot SINGGAS"},
        "remarks": "Delivery note 88213",
        "user": 2,
        "created_at": "2026-11-20T09:30:00+08:00",
    }

    origin = PlaceRow()
    destination = PlaceRow()

    class Meta:
        model = Transfer
        fields = ("id", "origin", "destination", "remarks", "user", "created_at")


class MovementRow(serializers.ModelSerializer[Movement]):
    example: ClassVar[dict[str, Any]] = {
        "id": 401,
        "equipment": 3,
        "equipment_name": "14 kg cylinder",
        "quantity": 20,
        "origin": {"type": "depot", "id": 1, "name": "Depot SINGGAS"},
        "origin_condition": "FULL",
        "origin_after": 98,
        "destination": {"type": "truck", "id": 1, "name": "Truck SBA 1234 K"},
        "destination_condition": "FULL",
        "destination_after": 20,
        "cause": "DISTRIBUTION",
        "cause_id": 45,
        "cause_number": "DST-20261120-000045",
        "reason": "",
        "user": 3,
        "user_name": "driver",
        "created_at": "2026-11-20T09:30:00+08:00",
    }

    equipment_name = serializers.CharField(source="equipment.name")
    origin = PlaceRow()
    origin_condition = EmptyAsNull(allow_null=True)
    destination = PlaceRow()
    destination_condition = EmptyAsNull(allow_null=True)
    user_name = serializers.CharField(source="user.username")

    class Meta:
        model = Movement
        fields = (
            "id",
            "equipment",
            "equipment_name",
            "quantity",
            "origin",
            "origin_condition",
            "origin_after",
            "destination",
            "destination_condition",
            "destination_after",
            "cause",
            "cause_id",
            "cause_number",
            "reason",
            "user",
            "user_name",
            "created_at",
        )


class MovementQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    type = Choice(Place.Kind.values, required=False, help_text="With id: the ledger of one place.")
    id = Ref(required=False, help_text="The id of the depot, truck or customer.")
    equipment = Ref(required=False)
    cause = Choice(Movement.Cause.values, required=False)
    since = Moment(required=False, help_text="From this time on.")
    until = Moment(required=False, help_text="Before this time.")


class CountLineInput(Input):
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment"}

    equipment = Ref()
    condition = Choice(CONDITIONS, required=False, allow_null=True)
    quantity = Whole(min_value=0, max_value=MOST)


class CountInput(Input):
    example: ClassVar[dict[str, Any]] = COUNT

    place = PlaceInput()
    lines = serializers.ListField(child=CountLineInput(), min_length=1, max_length=MOST_LINES)
    remarks = Text(max_length=500, multiline=True, allow_blank=True, required=False, default="")


class CountLineRow(serializers.ModelSerializer[CountLine]):
    equipment_name = serializers.CharField(source="equipment.name")
    condition = EmptyAsNull(allow_null=True)
    expected = serializers.IntegerField(allow_null=True)
    difference = serializers.IntegerField(allow_null=True)

    class Meta:
        model = CountLine
        fields = ("equipment", "equipment_name", "condition", "quantity", "expected", "difference")


class CountRow(serializers.ModelSerializer[Count]):
    """`expected` and `difference` are null for whoever counted until it is decided: the count is blind."""

    example: ClassVar[dict[str, Any]] = {
        "id": 5,
        "place": {"type": "depot", "id": 1, "name": "Depot SINGGAS"},
        "status": "PENDING",
        "lines": [
            {
                "equipment": 3,
                "equipment_name": "14 kg cylinder",
                "condition": "FULL",
                "quantity": 118,
                "expected": None,
                "difference": None,
            }
        ],
        "remarks": "Month end",
        "user": 2,
        "created_at": "2026-11-20T18:30:00+08:00",
        "decided_by": None,
        "decided_at": None,
        "reason": "",
    }

    place = PlaceRow()
    lines = CountLineRow(many=True)

    class Meta:
        model = Count
        fields = (
            "id",
            "place",
            "status",
            "lines",
            "remarks",
            "user",
            "created_at",
            "decided_by",
            "decided_at",
            "reason",
        )

    def to_representation(self, instance: Any) -> Any:  # of counts_seen_by, which says what is blind
        shown = super().to_representation(instance)
        if instance.blind:
            for line in shown["lines"]:
                line["expected"] = line["difference"] = None
        return shown


class CountQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    status = Choice(Count.Status.choices, required=False)
